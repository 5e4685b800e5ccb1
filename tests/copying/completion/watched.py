"""Copies in folders of a Frame.io, and the board of a triggerer that waits for them: both in one virtual time."""

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
from airflow_provider_frameio.copying.completion.judge import Expectation
from airflow_provider_frameio.copying.completion.poll_scheduler import Board, Step
from airflow_provider_frameio.copying.completion.tracked_copy import Outcome, Wait
from airflow_provider_frameio.copying.completion.wait import FailedLooks


@dataclass(eq=False)
class Copy:
    """A copy of two versions. All times are in seconds.

    :ivar head_at: when its newest version is uploaded.
    :ivar done_at: when the other one is, too; default: the same moment.
    :ivar hinted_at: when lists say that its newest version is uploaded; default: when it is.
    :ivar listed_at: when lists begin to show it.
    :ivar gone_at: when it is deleted.
    """

    id: str
    folder_id: str = "f1"
    created_at: float = 0.0
    head_at: float = inf
    done_at: float = -inf
    hinted_at: float | None = None
    listed_at: float = -inf
    gone_at: float = inf

    def children(self, now: float) -> Page:
        """Its versions, as a look finds them."""
        ready = (self.head_at, max(self.head_at, self.done_at))
        versions = [{"id": f"v{n}", "type": "file", "status": _status(at <= now)} for n, at in enumerate(ready)]
        return Page(tuple(versions), None)

    def record(self, now: float) -> dict[str, Any]:
        """It in a list, or by itself."""
        hinted_at = self.head_at if self.hinted_at is None else self.hinted_at
        return {"id": self.id, "parent_id": self.folder_id, "head_version": {"status": _status(hinted_at <= now)}}


@dataclass(eq=False)
class Watched:
    """Waits on a board whose calls are answered at once, one after the other.

    :ivar now: seconds.
    :ivar latency: seconds that a call takes.
    :ivar fault: may raise an error for a call, given its kind ("list", "show" or "look") and the id asked for.
    :ivar calls: kind, id and time of each call.
    :ivar ended: how each wait ended, and when.
    """

    now: float = 0.0
    latency: float = 0.1
    fault: Callable[[str, str], None] = lambda kind, asked_id: None
    copies: dict[str, Copy] = field(default_factory=dict)
    calls: list[tuple[str, str, float]] = field(default_factory=list)
    ended: dict[str, tuple[Outcome, float]] = field(default_factory=dict)
    board: Board = field(default_factory=lambda: Board("a1"))
    random: Random = field(default_factory=lambda: Random(7))

    def watch(self, copy: Copy, *, folder_id: str = "f1", allowed: float = 1e6, **changes: Any) -> Wait:
        """Begin to wait for a copy; ``folder_id`` is what the waiter believes, "" for nothing."""
        self.copies[copy.id] = copy
        wait = Wait(
            Expectation(copy.id, 2, "uploaded"),
            since=copy.created_at,
            end=self.now + allowed,
            added=self.now,
            poll_interval=changes.get("poll_interval", inf),
            failures=FailedLooks(changes.get("tolerated", 10)),
            settle=partial(self._settle, copy.id),
            jitter=self.random.random,
            folder_id=folder_id,
        )
        self.board.add(wait)
        return wait

    def until(self, end: float) -> None:
        """Let time pass up to a moment, with all calls that fall into it."""
        while self.now < end:
            step = self.board.next_step(self.now)
            if isinstance(step, Step):
                self._run(step)
            else:
                assert step > self.now, "a board that wants nothing now must not be asked again now"
                self.now = min(step, end)

    def made(self, kind: str, asked_id: str | None = None) -> list[float]:
        """When the calls of a kind were made."""
        return [at for made, asked, at in self.calls if made == kind and asked_id in (None, asked)]

    def outcome(self, copy_id: str) -> Outcome | None:
        """How the wait for a copy ended, None while it has not."""
        return self.ended[copy_id][0] if copy_id in self.ended else None

    def _settle(self, copy_id: str, outcome: Outcome) -> None:
        assert copy_id not in self.ended, "told twice"
        self.ended[copy_id] = (outcome, self.now)

    def _run(self, step: Step) -> None:
        resume: Callable[[], Any] = partial(next, step.flow)
        try:
            while True:
                asked = resume()
                try:
                    resume = partial(step.flow.send, self.now if isinstance(asked, Pause) else self._answer(asked))
                except errors.FrameioError as error:
                    resume = partial(step.flow.throw, error)
        except StopIteration:
            return
        except errors.FrameioError as error:
            self.board.fail_all(error)

    def _answer(self, operation: Operation[Any]) -> Any:
        *_, parent, asked, last = operation.request.path.split("/")
        kind, asked_id = (
            ("list", asked) if parent == "folders" else ("look", asked) if last == "children" else ("show", last)
        )
        self.calls.append((kind, asked_id, self.now))
        self.now += self.latency
        self.fault(kind, asked_id)
        if kind == "list":
            params = operation.request.params
            return self._page(asked_id, int(params.get("after", "0")), int(params["page_size"]))
        copy = self.copies.get(asked_id)
        if copy is None or copy.gone_at <= self.now:
            raise errors.NotFound(operation.asked, 404)
        return copy.children(self.now) if kind == "look" else copy.record(self.now)

    def _page(self, folder_id: str, start: int, size: int) -> Page:
        there = [copy for copy in self.copies.values() if copy.folder_id == folder_id and self._is_listed(copy)]
        there.sort(key=lambda copy: -copy.created_at)
        items = tuple(copy.record(self.now) for copy in there[start : start + size])
        return Page(items, str(start + size) if start + size < len(there) else None)

    def _is_listed(self, copy: Copy) -> bool:
        return max(copy.created_at, copy.listed_at) <= self.now < copy.gone_at


def _status(ready: bool) -> str:
    return "uploaded" if ready else "created"
