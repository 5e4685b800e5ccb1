"""Serves an emulator until told to stop; the first line on stdout is a JSON object that tells how to reach it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence

from airflow_provider_frameio.emulator.server import Emulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until SIGTERM or SIGINT.

    :return: exit status: 0, or 2 for a setting that cannot be or a port that is taken.
    """
    options = parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        emulator = Emulator(options.port, options.speed, seed=options.seed, random_seed=options.random_seed, epoch=None)
        emulator.configure(**{"limit_mode": options.limit_mode, **dict(options.set)})
    except (ValueError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    with emulator:
        sys.stdout.write(json.dumps(emulator.description()) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m airflow_provider_frameio.emulator", description="A Frame.io V4 of your own on 127.0.0.1."
    )
    command.add_argument("--port", type=int, default=0, help="0, the default, picks a free one")
    command.add_argument("--speed", type=float, default=1.0, help="emulated seconds per second (default 1)")
    command.add_argument("--seed", choices=["demo"], help="what it holds; default: one empty project")
    command.add_argument("--random-seed", type=int, default=0, help="of ids and of faults by chance")
    command.add_argument("--limit-mode", choices=["leaky", "fixed", "sliding"], default="leaky")
    command.add_argument(
        "--set", metavar="NAME=JSON", action="append", type=_setting, default=[], help="any other setting"
    )
    return command


def _setting(text: str) -> tuple[str, object]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError as exc:
        raise argparse.ArgumentTypeError("not a setting: give NAME=JSON") from exc


if __name__ == "__main__":
    raise SystemExit(main())
