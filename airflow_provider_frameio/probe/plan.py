"""What the probe will do, before it does anything: what it costs, and every call of a dry run on the emulator.

The dry run asks the probe's own questions, in a time of its own: it waits for nothing and reaches nothing but itself.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from urllib.parse import unquote, urlencode

from airflow_provider_frameio.api.auth.settings import Settings
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.client.clock import Clock
from airflow_provider_frameio.client.credentials import TokenCache
from airflow_provider_frameio.client.pacer import Pacing
from airflow_provider_frameio.emulator.requests_log import LoggedRequest
from airflow_provider_frameio.emulator.server import Emulator
from airflow_provider_frameio.probe.probing import Probe
from airflow_provider_frameio.probe.scene import AFTERWARDS, COPIES, FIRST, POLLS, PREFIX, Options

_NOTHING = "00000000-1111-4222-8333-444455556666"
_ID = "[0-9a-f]{8}-[0-9a-f-]{27}"
_FIELDS = ("host", "login", "password", "extra")


class _OwnTime(Clock):
    """A time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def epoch(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


def summary(options: Options) -> str:
    """What it costs, in words."""
    likely = COPIES + bool(options.adobe_version_stack_id)
    burst = (
        f"It then spends the user's budget of copies on purpose, with at most {options.burst} calls at once and "
        f"{FIRST + POLLS + AFTERWARDS} more around them; they name a stack that is not there, or, if such calls are "
        f"free, make copies. Let nothing else copy as this user meanwhile.\n"
        if options.burst
        else ""
    )
    return (
        f"Makes a folder {PREFIX}-… in the folder {options.folder_id}, and in it {likely} copies of a version stack, "
        f"{options.most_copies} at most. Sets a text field of one copy. {burst}Takes two to five minutes, or longer "
        f"where something has to be waited for, {options.patience:g} s each time at most. Deletes at the end what it "
        f"made, and nothing else."
    )


def calls(options: Options) -> list[tuple[str, int]]:
    """The calls that a probe makes where everything is as assumed, in order: each in words, and how often.

    Ids that are not known yet stand in braces. Where something has to be waited for, its reads come more often.
    """
    clock = _OwnTime()
    with Emulator(clock=clock.monotonic) as frameio:
        project, adobe_project = frameio.seed_project("Project"), frameio.seed_project("Adobe", adobe=True)
        folder = frameio.seed_folder(project["root_folder_id"], "Folder")["id"]
        stack = frameio.seed_version_stack(folder, "Stack.mov", 2)["id"]
        adobe = frameio.seed_version_stack(adobe_project["root_folder_id"], "Stack.mov", 2)["id"]
        field = frameio.seed_metadata_field("Text")["id"]
        names = {
            field: "{a-text-field}",
            frameio.account_id: options.account_id,
            folder: options.folder_id,
            stack: options.version_stack_id or "{first-stack}",
            adobe: options.adobe_version_stack_id,
            project["id"]: "{project}",
            _NOTHING: "{no-such-id}",
        }
        emulated = replace(
            options,
            account_id=frameio.account_id,
            folder_id=folder,
            version_stack_id=stack if options.version_stack_id else "",
            adobe_version_stack_id=adobe if options.adobe_version_stack_id else "",
        )
        connection = frameio.description()["airflow_connection"]
        settings = Settings.from_connection("emulated", **{name: connection[name] for name in _FIELDS})
        client = Client(settings, pacing=Pacing(clock), tokens=TokenCache(clock.monotonic))
        probe = Probe.prepared(client, clock, emulated, lambda text: None, missing_id=_NOTHING)
        with redirect_stdout(io.StringIO()):
            probe.run("…", "")
        for answer in probe.driver.answers:
            made = "{probe-folder}" if answer.record.get("type") == "folder" else "{probe-copy}"
            if answer.made:
                names.setdefault(answer.made, made)
        requests = [request for request in frameio.requests if request.route != "ims_token"]
        return list(Counter(_line(request, names) for request in requests).items())


def _line(request: LoggedRequest, names: dict[str, str]) -> str:
    """A call as a person reads it."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    body = f" {request.body}" if request.body else ""
    line = unquote(f"{request.method} {request.path}{query}") + body
    known = "|".join(re.escape(one) for one in names)
    # In one pass: what whoever runs the probe named may look like an id of the emulator's.
    line = re.sub(f"{known}|{_ID}", lambda found: names.get(found[0], "{its-version}"), line)
    return re.sub(r"(after=)\w{20,}", r"\1{cursor}", line)


def whole(options: Options) -> str:
    """Everything, for a dry run."""
    lines = [f"  {times:>3} x  {call}" for call, times in calls(options)]
    changing = [line for line in lines if "x  GET " not in line]
    reading = [line for line in lines if "x  GET " in line]
    return "\n".join(
        [summary(options), "", "Calls that change something:", *changing, "", "Calls that do not:", *reading]
    )
