"""What every contender's process does: it is told its work, says that it is ready, and times each copy from "go" on.

The seconds that a client chooses to wait are meant for the real service. On an emulator whose time runs faster each
contender shortens them by that factor, as the windows in the answers are shortened already.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Copy = Callable[[str], object]


def run(prepare: Callable[[dict[str, Any]], Copy], failures: tuple[type[Exception], ...]) -> None:
    """Copy one stack after the other; a failed one is given up, as a task without retries would.

    Reads from standard input a line of JSON (the emulator's description, with ``target``, the folder to copy into,
    ``version_stacks`` and ``speed``), then "go". Writes "ready", then a line of JSON: ``waits`` (seconds for each
    copy), ``failed`` and ``cpu_seconds``.

    :param prepare: makes the function that copies a stack, and everything that can be made before the first copy.
    :param failures: what that function raises when it gives up.
    """
    task = json.loads(sys.stdin.readline())
    copy = prepare(task)
    print("ready", flush=True)
    sys.stdin.readline()
    waits, failed = [], 0
    processor = time.process_time()
    for stack in task["version_stacks"]:
        asked = time.monotonic()
        try:
            copy(stack)
        except failures:
            failed += 1
        waits.append(time.monotonic() - asked)
    print(json.dumps({"waits": waits, "failed": failed, "cpu_seconds": time.process_time() - processor}))
