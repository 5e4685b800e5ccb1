"""A copy that loses its answer: the request, the tries that a task would make, and what Frame.io holds in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from airflow_provider_frameio.api.protocol import Recorded, RecordedFlow, Step
from airflow_provider_frameio.api.replies import JsonObject
from airflow_provider_frameio.client.client import Client
from airflow_provider_frameio.copying.exactly_once import Rules, assume_sent, copy_once
from airflow_provider_frameio.copying.record import CopyRecord, CopyRequest
from tests.client.conftest import Studio, _no_proxy_of_this_machine, clock, studio  # noqa: F401 - fixtures

COPY = "copy_version_stack"
LIST = "list_version_stacks"


class Killed(Exception):
    """The process ended here: nothing of it but its store is left."""


@dataclass
class Task:
    """One task that copies; a new process for each try.

    :ivar stored: what it left in its store, oldest first.
    """

    studio: Studio
    rules: Rules = field(default_factory=Rules)
    stored: list[JsonObject] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.request = CopyRequest(self.studio.settings.account_id, self.studio.stack, self.studio.target)
        self.began = self.studio.clock.epoch()

    def flow(self) -> RecordedFlow[CopyRecord]:
        """What the first try does."""
        return copy_once(self.request, None, self.rules)

    def first_try(self) -> CopyRecord:
        """A try that lives to its end."""
        return self.client().run(self.flow(), self.stored.append)

    def first_try_dies(self) -> None:
        """A try that is killed when it waits for the answer to its copy, or as soon as it learns that it is lost."""
        with pytest.raises(Killed):
            self.client().run(until_sent(self.flow()), self.stored.append)

    def retry_with_record(self, rules: Rules | None = None) -> CopyRecord:
        """The next try finds what the last one stored."""
        record = CopyRecord.from_json(self.stored[-1])
        return self.client().run(copy_once(self.request, record, rules or self.rules), self.stored.append)

    def retry_without_record(self) -> CopyRecord:
        """The next try finds nothing, and knows only when the first one began."""
        client = self.client()
        record = client.run(assume_sent(self.request, self.began, None, self.rules))
        return client.run(copy_once(self.request, record, self.rules))

    def client(self) -> Client:
        """A client of a process of its own."""
        return self.studio.meeting_faults()

    def copies(self) -> list[str]:
        """The stacks in the target folder long after, oldest first: whatever was late has come."""
        self.studio.clock.sleep(1000.0)
        return [line["id"] for line in self.studio.emulator.tree(self.studio.target) if line["type"] == "version_stack"]

    def sent(self) -> int:
        """How many copies Frame.io was asked for."""
        return len(self.studio.calls(COPY))


def until_sent(flow: RecordedFlow[CopyRecord]) -> RecordedFlow[CopyRecord]:
    """A flow up to the end of its first copy, however that ends."""
    step: Step = next(flow)
    while not isinstance(step, Recorded):
        step = flow.send((yield step))
    try:
        yield step
    finally:
        raise Killed


@pytest.fixture
def task(studio: Studio) -> Task:  # noqa: F811
    """A task that copies the demo's first stack into its empty target folder."""
    return Task(studio)


Try = Callable[[Task], CopyRecord]


def lives_on(task: Task) -> CopyRecord:
    """The process that lost the answer goes on."""
    return task.first_try()


def dies_with_a_record(task: Task) -> CopyRecord:
    """It is killed, and the next try reads its store."""
    task.first_try_dies()
    return task.retry_with_record()


def dies_without_a_record(task: Task) -> CopyRecord:
    """It is killed, and there is no store."""
    task.first_try_dies()
    return task.retry_without_record()
