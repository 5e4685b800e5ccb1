"""Copies in folders of a Frame.io, and the scheduler of a triggerer that waits for them: both in one virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf
from random import Random
from typing import Any

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation, Pause
from airflow_provider_frameio.copying.completion.judge import Awaited, Expectation, FilesExpectation
from airflow_provider_frameio.copying.completion.poll_scheduler import Poll, PollScheduler
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, TrackedCopy
from airflow_provider_frameio.copying.completion.wait import FailedLooks


@dataclass(eq=False)
class Copy:
    """A copy of two versions, or of one file. All times are in seconds.

    :ivar head_at: when its newest version is uploaded.
    :ivar done_at: when the other one is, too; default: the same moment.
    :ivar hinted_at: when lists say that its newest version is uploaded; default: when it is.
    :ivar failed_at: when its newest version fails.
    :ivar listed_at: when lists begin to show it.
    :ivar gone_at: when it is deleted.
    """

    id: str
    folder_id: str = "f1"
    created_at: float = 0.0
    head_at: float = inf
    done_at: float = -inf
    hinted_at: float | None = None
    failed_at: float = inf
    listed_at: float = -inf
    gone_at: float = inf

    def children(self, now: float) -> Page:
        """Its versions, as a look finds them."""
        ready = (self.head_at, max(self.head_at, self.done_at))
        newest, other = (_status(at <= now) for at in ready)
        statuses = (self._or_failed(newest, now), other)
        return Page(tuple({"id": f"v{n}", "type": "file", "status": one} for n, one in enumerate(statuses)), None)

    def record(self, now: float) -> dict[str, Any]:
        """It in a list, or by itself."""
        hinted_at = self.head_at if self.hinted_at is None else self.hinted_at
        status = {"status": self._or_failed(_status(hinted_at <= now), now)}
        return {"id": self.id, "parent_id": self.folder_id, "head_version": status, **status}

    def _or_failed(self, status: str, now: float) -> str:
        return "upload_failed" if self.failed_at <= now else status


@dataclass(eq=False)
class Watched:
    """Waits at a scheduler whose calls are answered at once, one after the other.

    :ivar now: seconds.
    :ivar latency: seconds that a call takes.
    :ivar fault: may raise an error for a call, given its kind and the id asked for. Kinds are "list", "show" and "look"
        for stacks, "list files" and "show file" for files.
    :ivar calls: kind, id and time of each call.
    :ivar ended: how each wait ended, and when.
    """

    now: float = 0.0
    latency: float = 0.1
    fault: Callable[[str, str], None] = lambda kind, asked_id: None
    copies: dict[str, Copy] = field(default_factory=dict)
    files: dict[str, Copy] = field(default_factory=dict)
    calls: list[tuple[str, str, float]] = field(default_factory=list)
    ended: dict[str, tuple[Outcome, float]] = field(default_factory=dict)
    scheduler: PollScheduler = field(default_factory=lambda: PollScheduler("a1"))
    random: Random = field(default_factory=lambda: Random(7))

    def watch(self, copy: Copy, *, folder_id: str = "f1", allowed: float = 1e6, **changes: Any) -> TrackedCopy:
        """Begin to wait for a copy; ``folder_id`` is what the waiter believes, "" for nothing."""
        self.copies[copy.id] = copy
        return self._track(Expectation(copy.id, 2), copy, folder_id, allowed, changes)

    def watch_files(self, *files: Copy, allowed: float = 1e6, **changes: Any) -> TrackedCopy:
        """Begin to wait for copied files in the first folder; the outcome is that of the first file."""
        self.files |= {file.id: file for file in files}
        expected = FilesExpectation("f1", tuple(file.id for file in files))
        return self._track(expected, files[0], "f1", allowed, changes)

    def _track(
        self, expected: Awaited, copy: Copy, folder_id: str, allowed: float, changes: dict[str, Any]
    ) -> TrackedCopy:
        tracked = TrackedCopy(
            expected,
            since=copy.created_at,
            end=self.now + allowed,
            added=self.now,
            poll_interval=changes.get("poll_interval", inf),
            failures=FailedLooks(changes.get("tolerated", 10)),
            settle=partial(self._settle, copy.id),
            jitter=self.random.random,
            folder_id=folder_id,
        )
        self.scheduler.add(tracked)
        return tracked

    def until(self, end: float) -> None:
        """Let time pass up to a moment, with all calls that fall into it."""
        while self.now < end:
            poll = self.scheduler.next_poll(self.now)
            if isinstance(poll, Poll):
                self._run(poll)
            else:
                assert poll > self.now, "a scheduler that wants nothing now must not be asked again now"
                self.now = min(poll, end)

    def made(self, kind: str, asked_id: str | None = None) -> list[float]:
        """When the calls of a kind were made."""
        return [at for made, asked, at in self.calls if made == kind and asked_id in (None, asked)]

    def outcome(self, copy_id: str) -> Outcome | None:
        """How the wait for a copy ended, None while it has not."""
        return self.ended[copy_id][0] if copy_id in self.ended else None

    def _settle(self, copy_id: str, outcome: Outcome) -> None:
        assert copy_id not in self.ended, "told twice"
        self.ended[copy_id] = (outcome, self.now)

    def _run(self, poll: Poll) -> None:
        resume: Callable[[], Any] = partial(next, poll.flow)
        try:
            while True:
                asked = resume()
                try:
                    resume = partial(poll.flow.send, self.now if isinstance(asked, Pause) else self._answer(asked))
                except errors.FrameioError as error:
                    resume = partial(poll.flow.throw, error)
        except StopIteration:
            return
        except errors.FrameioError as error:
            self.scheduler.fail_all(error)

    def _answer(self, operation: Operation[Any]) -> Any:
        *_, asked, last = operation.request.path.split("/")
        kinds = {"version_stacks": "list", "files": "list files", "children": "look"}
        kind, asked_id = (kinds[last], asked) if last in kinds else ("show file" if asked == "files" else "show", last)
        self.calls.append((kind, asked_id, self.now))
        self.now += self.latency
        self.fault(kind, asked_id)
        copies = self.files if "file" in kind else self.copies
        if kind.startswith("list"):
            params = operation.request.params
            return self._page(copies, asked_id, int(params.get("after", "0")), int(params["page_size"]))
        copy = copies.get(asked_id)
        if copy is None or copy.gone_at <= self.now:
            raise errors.NotFound(operation.asked, 404)
        return copy.children(self.now) if kind == "look" else copy.record(self.now)

    def _page(self, copies: dict[str, Copy], folder_id: str, start: int, size: int) -> Page:
        there = [copy for copy in copies.values() if copy.folder_id == folder_id and self._is_listed(copy)]
        there.sort(key=lambda copy: -copy.created_at)
        items = tuple(copy.record(self.now) for copy in there[start : start + size])
        return Page(items, str(start + size) if start + size < len(there) else None)

    def _is_listed(self, copy: Copy) -> bool:
        return max(copy.created_at, copy.listed_at) <= self.now < copy.gone_at


def _status(ready: bool) -> str:
    return "uploaded" if ready else "created"
