"""Copiers that are careless, each in another way, which the model must find out; and one that knows all there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.client.clock import SYSTEM_CLOCK
from airflow_provider_frameio.hooks.frameio import FrameioHook
from tests.model.frameio import Thing
from tests.model.process import MACHINE, World
from tests.model.schedules import Maker, Row

Copier = Callable[[FrameioHook, Row, Any], str]


@dataclass
class Careless:
    """A task that copies row after row."""

    copy: Copier
    bulk: bool
    rows: Sequence[Row]
    retries: int
    wait_for_completion: bool = True

    def execute(self, context: Any) -> Any:
        """All rows."""
        hook = FrameioHook()
        ids = [self.copy(hook, row, context) for row in self.rows]
        return ids if self.bulk else ids[0]


def careless(copy: Copier) -> Maker:
    """Makes such a task for a schedule."""

    def make(bulk: bool, rows: Sequence[Row], options: Mapping[str, Any]) -> Careless:
        return Careless(copy, bulk, rows, options["retries"])

    return make


def sends_again(hook: FrameioHook, row: Row, context: Any) -> str:
    """Copies, and waits well; each try copies again."""
    copy = hook.copy_version_stack(row.source_id, parent_id=row.folder.id)
    SYSTEM_CLOCK.sleep(1000)
    return str(copy["id"])


def does_not_wait(hook: FrameioHook, row: Row, context: Any) -> str:
    """Is done as soon as Frame.io has taken the copy on."""
    return str(hook.copy_version_stack(row.source_id, parent_id=row.folder.id)["id"])


def goes_by_name(hook: FrameioHook, row: Row, context: Any) -> str:
    """Takes a stack that bears the name for the copy."""
    for stack in hook.list_version_stacks(row.folder.id):
        if stack["name"] == row.source.name:
            return str(stack["id"])
    return sends_again(hook, row, context)


def believes_its_record(hook: FrameioHook, row: Row, context: Any) -> str:
    """Returns what it made before, whatever was cleared."""
    store = context.get("task_state_store")
    known = store and store.get(row.source.id)
    copy = known or sends_again(hook, row, context)
    if store:
        store.set(row.source.id, copy)
    return str(copy)


def stacks_backwards(hook: FrameioHook, row: Row, context: Any) -> str:
    """Restacks, the newest first."""
    return str(hook.create_version_stack(row.folder.id, _copied(hook, row)[::-1])["id"])


def leaves_a_file(hook: FrameioHook, row: Row, context: Any) -> str:
    """Restacks all but one of the copied files."""
    *files, _ = [*_copied(hook, row), *_copied(hook, row)[:1]]
    return str(hook.create_version_stack(row.folder.id, files)["id"])


def fails_and_leaves(hook: FrameioHook, row: Row, context: Any) -> str:
    """Fails for good, and says nothing of the files that it copied."""
    _copied(hook, row)
    raise AirflowFailException("it went wrong")


def cleans_up(hook: FrameioHook, row: Row, context: Any) -> str:
    """Makes room: deletes what is in a stack of that name."""
    for stack in hook.list_version_stacks(row.folder.id):
        for version in hook.list_version_stack_children(stack["id"]):
            hook.delete_file(version["id"])
    return sends_again(hook, row, context)


def gives_up_on_a_list(hook: FrameioHook, row: Row, context: Any) -> str:
    """Stops with the first error."""
    try:
        return sends_again(hook, row, context)
    except Exception as error:
        raise AirflowFailException(str(error)) from error


def looks_anew(hook: FrameioHook, row: Row, context: Any) -> str:
    """Waits in each try longer than any may last."""
    SYSTEM_CLOCK.sleep(2000)
    return sends_again(hook, row, context)


def lets_errors_through(hook: FrameioHook, row: Row, context: Any) -> str:
    """Trips over what it does not expect."""
    found: dict[str, str] = {}
    return found[row.source.id]


def never_ends(hook: FrameioHook, row: Row, context: Any) -> str:
    """Looks for ever."""
    while True:
        hook.get_me()


class Omniscient:
    """Sees what no task can see, and waits for nothing by its own clock: the model must find no fault with it.

    It copies natively, whatever the strategy, and fails where Frame.io does not.
    """

    def __init__(self) -> None:
        self._succeeded: WeakKeyDictionary[World, int] = WeakKeyDictionary()

    def make(self, bulk: bool, rows: Sequence[Row], options: Mapping[str, Any]) -> Careless:
        """As the model asks for its task."""
        return _Each(self._copy, bulk, rows, options["retries"], done=self._done)

    def _copy(self, hook: FrameioHook, row: Row, context: Any) -> str:
        process, world = MACHINE.process, MACHINE.process.world
        while True:
            world.time.advance(400)  # by then everything that was sent has arrived
            copy = self._copy_of(row, world)
            if copy is not None and not any(
                world.time.now < one.uploaded < inf for one in world.service.world.in_(copy.id)
            ):
                return copy.id
            if copy is None:
                if process.replaced or process.killed:
                    raise AirflowFailException("another goes on")
                hook.copy_version_stack(row.source_id, parent_id=None if row.into_own else row.folder.id)

    def _copy_of(self, row: Row, world: World) -> Thing | None:
        since = self._succeeded.get(world, -1)
        made = [one for one in world.service.world.things.values() if one.source is row.source and one.gone is None]
        ours = [one for one in made if one.call and one.call.who == "task" and one.call.clears > since]
        return next((one for one in ours if row.into_own or one.home == row.folder.id), None)

    def _done(self) -> None:
        self._succeeded[MACHINE.process.world] = MACHINE.process.clears


@dataclass
class _Each(Careless):
    """Copies all rows, whatever becomes of one."""

    done: Callable[[], None] = lambda: None

    def execute(self, context: Any) -> Any:
        """All rows; the first error comes last."""
        failures: list[FrameioError] = []
        ids = []
        for row in self.rows:
            try:
                ids.append(self.copy(FrameioHook(), row, context))
            except FrameioError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        self.done()
        return ids if self.bulk else ids[0]


CARELESS: Mapping[str, Copier] = {
    "doubled": sends_again,
    "recopied": sends_again,
    "ignored": believes_its_record,
    "lost": does_not_wait,
    "taken": goes_by_name,
    "order": stacks_backwards,
    "loose": leaves_a_file,
    "untold": fails_and_leaves,
    "deleted": cleans_up,
    "starved": gives_up_on_a_list,
    "stuck": looks_anew,
    "raw": lets_errors_through,
    "hang": never_ends,
}
"""By the violation that each commits."""


def _copied(hook: FrameioHook, row: Row) -> list[str]:
    """Copies of the versions, oldest first."""
    newest_first = hook.list_version_stack_children(row.source_id)
    return [str(hook.copy_file(one["id"], parent_id=row.folder.id)["id"]) for one in newest_first[::-1]]
