"""Copies one stack after the other through the official SDK: task on standard input, outcome on standard output."""

from __future__ import annotations

import json
import sys
import time

import frameio
import httpx
from frameio.core.api_error import ApiError
from frameio.version_stacks import VersionStackCopyParamsData


def main() -> None:
    """Make the copies; a failed one is given up, as a task without retries would."""
    task = json.load(sys.stdin)
    target = VersionStackCopyParamsData(parent_id=task["target"])
    failed = 0
    with httpx.Client(trust_env=False, timeout=60) as transport:
        client = frameio.Frameio(base_url=task["base_url"], token=task["token"], httpx_client=transport)
        begin = time.monotonic()
        for stack in task["version_stacks"]:
            try:
                client.version_stacks.copy(task["account_id"], stack, data=target)
            except (ApiError, httpx.HTTPError):
                failed += 1
        print(json.dumps({"seconds": time.monotonic() - begin, "failed": failed}))


if __name__ == "__main__":
    main()
