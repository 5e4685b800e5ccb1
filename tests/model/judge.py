"""Judges a run by what Frame.io then holds, knowing from which call each thing came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRuntimeError, AirflowTaskTimeout

from airflow_provider_frameio.api.errors import FrameioError
from tests.model.airflow import Airflow, Ended
from tests.model.frameio import Frameio, Thing
from tests.model.schedules import Row, Schedule

VIOLATIONS = (
    "doubled",
    "recopied",
    "ignored",
    "lost",
    "taken",
    "order",
    "loose",
    "untold",
    "deleted",
    "starved",
    "stuck",
    "raw",
    "hang",
)
"""What must not be.

``doubled``: two copies with no clear between them. ``recopied``: a clear of a task that had not succeeded copied again
what was made. ``ignored``: a clear of a task that had succeeded made no new copy, though the record was kept. ``lost``:
the task succeeded and the copy is not complete, or gone. ``taken``: the result is another's. ``order``: a restacked
copy has its versions in another order. ``loose``: the task succeeded and left copied files beside its copies, of which
it never told. ``untold``: the task failed for good, neither asks nor names the files that it left. ``deleted``:
something was deleted that the task had not made for this. ``starved``: one source that cannot be copied kept another
from being copied. ``stuck``: try after try does nothing until ``execution_timeout``. ``raw``: an error that is neither
Airflow's nor the package's. ``hang``: no end.
"""

SETTLE = 700.0
"""Seconds after the last try after which a run is judged: by then everything that was under way has arrived."""

_AT_ONCE = 10  # files that a new stack is made of; the others are moved into it one by one
_MOST_TIMEOUTS = 7  # tries in a row: by then it goes round in circles
_UNSEEN = 10.0  # seconds in which a change of the source cannot be noticed before a copy is sent
_KNOWN = (AirflowException, AirflowRuntimeError, AirflowTaskTimeout, FrameioError)


@dataclass
class Verdict:
    """What one run was.

    :ivar violations: kind and words.
    """

    kind: str
    state: str = ""
    made: int = 0
    asked: bool = False
    limits: tuple[str, ...] = ()
    violations: list[tuple[str, str]] = field(default_factory=list)
    steps: int = 0


class Judge:
    """Watches one run."""

    def __init__(self, world: Frameio, schedule: Schedule) -> None:
        self.world, self.schedule = world, schedule
        self.verdict = Verdict(schedule.kind)
        self._results: dict[str, Row] = {}
        self._succeeded: dict[int, list[str]] = {}
        self._last: Ended | None = None
        self._timeouts = 0
        self._told = ""
        self._shown: set[str] = set()

    def ended(self, airflow: Airflow, ended: Ended) -> None:
        """A process ended the try."""
        self._last = ended
        idle = isinstance(ended.error, AirflowTaskTimeout) and not airflow.processes[-1].calls
        self._timeouts = self._timeouts + 1 if idle else 0
        calm = not self.schedule.acts and not self.schedule.faults.cursed
        must_end = _remembers(airflow) or "timeout" in self.schedule.limits
        if self._timeouts == _MOST_TIMEOUTS and calm and must_end:
            self._found("stuck", f"{_MOST_TIMEOUTS} tries in a row looked until execution_timeout")
        if ended.state == "failed" and not isinstance(ended.error, _KNOWN):
            self._found("raw", f"{type(ended.error).__name__}: {ended.error}")
        self._told += " ".join(map(str, _causes(ended.error)))
        self._shown |= {row["copy_id"] for row in ended.xcoms.get("results", ())}
        if ended.state == "success":
            rows = self.schedule.rows_after(airflow.clears)
            ids = [ended.result] if isinstance(ended.result, str) else list(ended.result or ())
            if len(ids) != len(rows):
                self._found("lost", f"{len(ids)} results for {len(rows)} rows")
            for row, copy_id in zip(rows, ids, strict=False):
                self._judge_result(airflow, row, copy_id, ended.began)
            self._succeeded[airflow.clears] = ids

    def all_complete(self, airflow: Airflow) -> bool:
        """Whether each row had a copy, with all its versions where the task waits for them: it may have finished.

        One that somebody deleted since may have been complete.
        """
        waits = self.schedule.rules.make(airflow.clears).wait_for_completion
        ours = {thing.id for thing, call in self.world.deletions if call.who == "task"}

        def done(copy: Thing) -> bool:
            gone = copy.gone is not None and copy.id not in ours
            return gone or self._is_complete(copy) or (copy.gone is None and not waits)

        return all(any(map(done, self._made_of(row))) for row in self.schedule.rows_after(airflow.clears))

    def finish(self, airflow: Airflow) -> Verdict:
        """Everything has happened."""
        verdict, world = self.verdict, self.world
        verdict.state = airflow.state
        verdict.asked = any(process.asked for process in airflow.processes)
        for row in _every_row(self.schedule):
            copies = self._copies(row)
            verdict.made += len(copies)
            self._judge_number(airflow, row, copies)
        self._judge_order()
        self._judge_starved(airflow)
        self._judge_loose(airflow)
        for thing, call in world.deletions:
            ours = thing.call is not None and thing.call.who == "task"
            kept = (
                thing.parent in self._results or thing.id in self._results or world.things[thing.home].kind == "stack"
            )
            if call.who == "task" and (not ours or kept):
                self._found("deleted", f"{thing.name} {thing.id} by process {call.process}")
        limits = set(self.schedule.limits)
        long = any(len(self.world.versions(row.source)) > _AT_ONCE for row in _every_row(self.schedule))
        half_stacked = airflow.rules.discards and long and "native" not in self.schedule.kind
        if airflow.cleared_while_unfinished and (airflow.store is None or half_stacked):
            limits.add("clear")
        changed = any(row.source.touched for row in _every_row(self.schedule))
        if not _remembers(airflow) and changed and airflow.try_number > 1:
            limits.add("changed")
        verdict.limits = tuple(sorted(limits))
        return verdict

    def _found(self, kind: str, words: str) -> None:
        self.verdict.violations.append((kind, words))

    def _judge_result(self, airflow: Airflow, row: Row, copy_id: str, began: float) -> None:
        copy = self.world.things.get(copy_id)
        if copy is None or not self._is_of(copy, row):
            self._found("taken", f"{copy_id} is no copy of {row.source.name} {row.source.id} made by this task")
            others = copy is not None and (copy.call is None or copy.call.who != "task" or not _remembers(airflow))
            if copy is not None and others and self._equals(copy, row):
                self.schedule.limits.add("twin")
            return
        before = self._succeeded.get(airflow.clears - 1, [])
        if airflow.store and not airflow.rules.discards and copy_id in before:
            self._found("ignored", f"{copy_id} again")
        self._results[copy_id] = row
        if copy.gone is not None:
            if copy.gone < began:
                self._found("lost", f"{copy_id} was deleted before the process began")
        elif self.schedule.rules.make(airflow.clears).wait_for_completion and not copy.touched:
            expected, there = {one.id for one in self._expected(airflow, copy)}, self._there(copy)
            missing = expected - there
            if missing and not (len(there) >= len(expected) and self._upload_counts(copy, there)):
                self._found("lost", f"{copy_id} lacks {len(missing)} of its versions when the task succeeds")

    def _upload_counts(self, copy: Thing, there: Collection[str]) -> bool:
        """Whether one of them is an upload that ended after the copy was sent: for versions are counted."""
        sent = copy.call.at - _UNSEEN if copy.call else 0.0
        return any(one.id in there and one.uploaded > sent for one in copy.held or ())

    def _there(self, copy: Thing) -> set[str]:
        """Ids of the source's versions that are there in a copy."""
        files = self.world.versions(copy) if copy.kind == "stack" else [copy]
        return {one.source.id for one in files if one.source and one.uploaded <= self.world.time.now}

    def _is_complete(self, copy: Thing) -> bool:
        if copy.held and copy.call:
            wanted = {one.id for one in self._uploaded(copy.held, copy.call.at)}
        else:
            wanted = {one.source.id for one in self._ever_in(copy) if one.source}
        return copy.gone is None and self._there(copy) >= wanted

    def _is_whole_copy(self, file: Thing) -> bool:
        """Whether a file by itself is all there is of a copy: its source had no other version to be copied."""
        if file.source is None:
            return False
        versions = self.world.versions_at(self.world.things[file.source.home], file.created)
        return len(self._uploaded(versions, file.created)) < 2

    def _expected(self, airflow: Airflow, copy: Thing) -> list[Thing]:
        """The source's versions that a copy must have.

        Those it held from just before the copy was sent to its effect, and had uploaded.
        """
        if copy.held:
            assert copy.call
            assert copy.source
            source, sent, effect = copy.source, copy.call.at, copy.created
        else:
            files = list(self.world.in_(copy.id)) if copy.kind == "stack" else [copy]
            ours = [one for one in files if one.source]
            if not ours:
                return []
            sent = airflow.generation_began  # a copy that was planned once may go on as planned
            effect = max(one.created for one in ours)
            first = ours[0].source
            assert first
            source = self.world.things[first.home]
        later = {one.id for one in self.world.versions_at(source, effect)}
        held = self.world.versions_at(source, sent - _UNSEEN)
        return [one for one in self._uploaded(held, sent - _UNSEEN) if one.id in later]

    def _is_of(self, copy: Thing, row: Row) -> bool:
        if copy.call is None or copy.call.who != "task" or not (row.into_own or copy.home == row.folder.id):
            return False
        if copy.kind == "stack" and copy.source is None:
            made = [one for one in self._ever_in(copy) if one.call and one.call.who == "task"]
            return bool(made) and all(one.source and one.source.home == row.source.id for one in made)
        return copy.source is row.source or (copy.source is not None and copy.source.home == row.source.id)

    def _equals(self, copy: Thing, row: Row) -> bool:
        """Whether somebody else's copy, or another row's, holds what the row's source holds, as far as can be seen."""
        held = [*self._ever_in(copy), *self.world.versions(copy)] if copy.kind == "stack" else [copy]
        known = {one.size for one in [*self._ever_in(row.source), *self.world.versions(row.source)]}
        return any(one.size in known for one in held)

    def _uploaded(self, versions: Iterable[Thing], moment: float) -> list[Thing]:
        return [one for one in versions if one.uploaded <= moment]

    def _ever_in(self, stack: Thing) -> list[Thing]:
        return [thing for _, thing, way, where in self.world.history if way == "in" and where == stack.id]

    def _copies(self, row: Row) -> list[Thing]:
        """All copies that the task made of this row, oldest first."""
        stacks = [one for one in self._made_of(row) if one.kind == "stack"]
        files = [
            self.world.things[one]
            for one, of in self._results.items()
            if of is row and self.world.things[one].kind == "file"
        ]
        return sorted([*stacks, *files], key=lambda one: one.call.at if one.call else 0.0)

    def _made_of(self, row: Row) -> list[Thing]:
        """Stacks, and files that were copied by themselves, that the task made of this row."""
        made = [one for one in self.world.things.values() if self._is_of(one, row)]
        return [one for one in made if one.kind == "stack" or self.world.things[one.home].kind == "folder"]

    def _judge_number(self, airflow: Airflow, row: Row, copies: Sequence[Thing]) -> None:
        for one, other in pairwise(copies):
            first, second = one.call, other.call
            assert first is not None
            assert second is not None
            if (one.gone is not None and one.gone <= second.at) or first is second:
                continue
            if self._taken_back(one, first.at, second.at):
                continue
            words = f"{row.source.name} {row.source.id}: {one.id} and {other.id}"
            renamed_twice = row.source.name.startswith("renamed renamed")  # the copy may bear the name in between
            if one.touched or renamed_twice:
                self.schedule.limits.add("touched")
            if first.clears == second.clears:
                self._found("doubled", words)
            elif not any(airflow.finished[first.clears : second.clears]):
                self._found("recopied", words)

    def _taken_back(self, copy: Thing, made: float, until: float) -> bool:
        """Whether the task began to delete it; what Frame.io refuses to delete stays there.

        The newest files go first, which may not be in the stack yet.
        """
        ours = self._ever_in(copy)
        homes = {one.source.home for one in ours if one.source}
        return any(
            call.who == "task"
            and (thing in ours or (thing.source and thing.source.home in homes and made <= call.at <= until))
            for thing, call in self.world.deletions
        )

    def _judge_order(self) -> None:
        for copy_id in self._results:
            copy = self.world.things[copy_id]
            ranks = [
                one.source.rank
                for one in sorted(self.world.in_(copy.id), key=lambda one: one.rank)
                if one.source and one.call and one.call.who == "task"
            ]
            if ranks != sorted(ranks):
                self._found("order", f"{copy_id}: {ranks}")

    def _judge_starved(self, airflow: Airflow) -> None:
        """Where nothing else goes wrong, all rows but the cursed one are copied."""
        schedule, cursed = self.schedule, self.schedule.faults.cursed
        calm = not (schedule.limits or schedule.acts or airflow.clears or schedule.store or schedule.faults.locked[1])
        rules = schedule.rules
        if not cursed or not calm or rules.deaths or rules.frozen or rules.execution_timeout:
            return
        for row in schedule.rows[0]:
            versions = len(self._uploaded(self.world.versions(row.source), 0.0))
            made = self._made_of(row) if versions == 1 else self._copies(row)
            if row.source_id != cursed and versions and not made:
                self._found("starved", f"{row.source.id} was not copied")

    def _judge_loose(self, airflow: Airflow) -> None:
        rows = self.schedule.rows_after(airflow.clears)
        wanted = {(row.source.id, None if row.into_own else row.folder.id) for row in rows}
        loose = [
            one
            for one in self.world.things.values()
            if one.kind == "file"
            and one.gone is None
            and one.call is not None
            and one.call.who == "task"
            and self.world.things[one.parent].kind == "folder"
            and one.source is not None
            and not wanted.isdisjoint({(one.source.home, None), (one.source.home, one.parent)})
            and one.id not in self._results
            and one.id not in self._shown
            and not one.touched
        ]
        # A message names some of many, and how many more there are.
        told = {
            one.source.home
            for one in self.world.things.values()
            if one.source and (one.id in self._told or f"more in the folder {one.parent}" in self._told)
        }
        loose = [one for one in loose if one.source and one.source.home not in told]
        if airflow.state == "success":
            for one in loose:
                if not self._is_whole_copy(one):
                    self._found("loose", f"{one.name} {one.id}")
        elif not _remembers(airflow):
            return  # what an earlier try made is not known any more
        elif self._last and isinstance(self._last.error, AirflowFailException) and not airflow.processes[-1].asked:
            for one in loose:
                assert one.call
                if one.call.known and not self._is_whole_copy(one):
                    self._found("untold", f"{one.name} {one.id}")


def _remembers(airflow: Airflow) -> bool:
    """Whether the task's records outlive its tries and clears."""
    return airflow.store is not None and not airflow.rules.discards


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _every_row(schedule: Schedule) -> Iterator[Row]:
    seen: Counter[int] = Counter()
    for rows in schedule.rows:
        for row in rows:
            seen[id(row)] += 1
            if seen[id(row)] == 1:
                yield row
