"""``python -m airflow_provider_frameio.probe``: asks a real Frame.io what this package assumes about it.

Works in a folder of its own below the one that is named, takes back what it made, and prints a report on stdout. All
else is said on stderr.
"""

from __future__ import annotations

import argparse
import logging
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.api.errors import CallError, FrameioError, InvalidParameter
from airflow_provider_frameio.api.models import text
from airflow_provider_frameio.api.parameters import identifier, seconds
from airflow_provider_frameio.api.rate_limit.retry import Backoff
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.airflow_database import Unreachable, stored_settings, stored_variable
from airflow_provider_frameio.probe import plan
from airflow_provider_frameio.probe.probing import Probe
from airflow_provider_frameio.probe.redacted import failure
from airflow_provider_frameio.probe.scene import Options

_FOREVER = 3600
_LONGEST_BURST = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Probe.

    :return: exit status: 0 all as assumed, 1 something differs, 2 nothing was done, 3 ended early, or left something.
    """
    with _unlogged():
        return _probe(parser().parse_args(arguments))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="python -m airflow_provider_frameio.probe",
        description="Ask Frame.io what this provider assumes about it, in a folder for experiments.",
        epilog="Exit status: 0 all as assumed; 1 something differs; 2 nothing was done; 3 ended early, or something "
        "is left. The report is on stdout; of what Frame.io says it shows known words, small numbers and lengths only.",
    )
    command.add_argument("--conn-id", default="frameio_default", help="the connection (default frameio_default)")
    command.add_argument("--account-id", default="", help="default: the connection's")
    command.add_argument("--folder", required=True, help="id of a folder; the probe makes one of its own in it")
    command.add_argument(
        "--version-stack", default="", help="id of a stack of 2 to 10 versions to copy; default: one in the folder"
    )
    command.add_argument("--adobe-version-stack", default="", help="id of a stack on Adobe storage to try to copy")
    command.add_argument("--patience", type=float, default=180.0, help="seconds that one wait may take (default 180)")
    command.add_argument(
        "--burst", type=int, default=25, help="calls of the copy endpoint at once (default 25); 0 spares the rate limit"
    )
    command.add_argument("--dry-run", action="store_true", help="make no call at all: show every call instead")
    command.add_argument("--yes", action="store_true", help="do not ask before anything is written")
    return command


def say(text: str) -> None:
    """On stderr, so that stdout holds the report and nothing else."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the client's log away: it quotes the server, and Airflow writes it to stdout, between the report's lines."""
    log = logging.getLogger("airflow_provider_frameio")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _probe(given: argparse.Namespace) -> int:
    try:
        settings = stored_settings(given.conn_id, "make it first, as docs/connection.md says.")
        options = _options(given, settings)
        if given.dry_run:
            sys.stdout.write(f"{plan.whole(options)}\n")
            return 0
        backoff = Backoff(refusal_timeout=options.patience, scale=settings.time_scale)
        client = Client(settings, backoff=backoff, stored=stored_variable)
        probe = Probe.prepared(client, SYSTEM_CLOCK, options, say, missing_id=str(uuid.uuid4()))
        if not _agreed(options, probe, yes=given.yes):
            return 2
    except CallError as error:
        say(f"{error.asked}: {failure(error)}. {error.remedy}".rstrip())
        return 2
    except (FrameioError, Unreachable) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("Nothing was written.")
        return 2
    now = datetime.fromtimestamp(SYSTEM_CLOCK.epoch(), timezone.utc)
    return probe.run(f"{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}", f"{now:%Y-%m-%d}")


def _options(given: argparse.Namespace, settings: Settings) -> Options:
    account = given.account_id or settings.account_id
    if not account:
        remedy = "give it, or set the extra 'account_id' of the connection."
        raise InvalidParameter("--account-id", given.account_id, remedy)
    if given.version_stack:
        identifier("--version-stack", given.version_stack)
    if given.adobe_version_stack:
        identifier("--adobe-version-stack", given.adobe_version_stack)
    if not 0 <= given.burst <= _LONGEST_BURST:
        raise InvalidParameter("--burst", given.burst, f"give 0 to {_LONGEST_BURST}.")
    patience = seconds("--patience", given.patience)
    if patience > _FOREVER:
        raise InvalidParameter("--patience", given.patience, f"give {_FOREVER} seconds at most.")
    return Options(
        account_id=identifier("--account-id", account),
        folder_id=identifier("--folder", given.folder),
        version_stack_id=given.version_stack,
        adobe_version_stack_id=given.adobe_version_stack,
        patience=patience,
        burst=given.burst,
    )


def _agreed(options: Options, probe: Probe, *, yes: bool) -> bool:
    say(plan.summary(options))
    folder, source = probe.scene.folder, probe.scene.source
    copied = f"{text(source.record, 'name')}, {len(source.versions)} versions"
    say(f"Folder: {text(folder, 'name')}. To be copied: {copied}.")
    if yes:
        return True
    if not sys.stdin.isatty():
        say("Nobody can be asked here: give --yes, or --dry-run to see every call. Nothing was written.")
        return False
    say("Go on? Type yes:")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    say("Nothing was written.")
    return False


if __name__ == "__main__":
    raise SystemExit(main())
