"""Random schedules: what there is to copy, how, and what goes wrong meanwhile. All of it follows from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from airflow_provider_frameio.operators.version_stacks import (
    FrameioBulkCopyVersionStacksOperator,
    FrameioCopyVersionStackOperator,
)
from tests.model.airflow import Rules, delay
from tests.model.faults import LATEST, Faults
from tests.model.frameio import PERSON, ROBOT, Call, Frameio, Thing, Traits

LIMITS = ("late", "twin", "store", "garbled", "frozen", "not-durable", "touched", "clear", "changed", "timeout")
"""What a schedule may do on purpose that ``docs/guarantees.md`` excludes.

``clear``, ``changed`` (the source, between two tries) and ``timeout`` are limits only where there is no store.
"""

_KINDS = ("lost", "5xx", "409", "html", "429", "401", "403", "unsent", "death")


@dataclass(frozen=True)
class Row:
    """One copy that the task is to make."""

    source: Thing
    folder: Thing
    into_own: bool
    source_id: str


@dataclass
class Schedule:
    """One run, before it begins.

    :ivar rows: for each number of clears: the copies that the task is to make; the last holds on.
    :ivar acts: what people do, and when, in seconds after the start.
    :ivar limits: the limits of the guarantees that it goes beyond.
    """

    kind: str
    rules: Rules
    rows: list[list[Row]]
    faults: Faults
    spent: float
    store: Mapping[str, float] | None
    acts: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)
    limits: set[str] = field(default_factory=set)

    def rows_after(self, clears: int) -> list[Row]:
        """What is to be copied after so many clears."""
        return self.rows[min(clears, len(self.rows) - 1)]


Maker = Callable[[bool, Sequence[Row], Mapping[str, Any]], Any]


def operator_of(bulk: bool, rows: Sequence[Row], options: Mapping[str, Any]) -> Any:
    """The package's own operator for these rows."""
    if bulk:
        stacks = [
            {"version_stack_id": row.source_id} | ({} if row.into_own else {"parent_id": row.folder.id}) for row in rows
        ]
        return FrameioBulkCopyVersionStacksOperator(task_id="copy", version_stacks=stacks, **options)
    (row,) = rows
    target: dict[str, Any] = {} if row.into_own else {"parent_id": row.folder.id}
    return FrameioCopyVersionStackOperator(task_id="copy", version_stack_id=row.source_id, **target, **options)


def traits_of(random: Random) -> Traits:
    """A Frame.io with manners of its own."""
    return Traits(
        skew=random.choice((0.0, 0.0, 200.0, -200.0)),
        list_lag=random.choice((0.0, 0.0, 20.0, 90.0)),
        appear=random.choice((0.0, 0.0, 10.0, 60.0)),
        upload=random.choice((0.0, 0.0, 30.0, 200.0)),
        sizes=random.choice(("there", "there", "there", "late", "late", "never")),
        naming=random.choice(("same", "clash", "clash", "always")),
        taken=random.choice((403, 409, 422)),
        refusal=random.choice((400, 403, 409, 422)),
        bulk_files=random.random() < 0.8,
        oldest_first=random.random() < 0.2,
    )


def schedule_of(random: Random, world: Frameio, make: Maker = operator_of, limit: str | None = None) -> Schedule:
    """A schedule in a world that is empty so far; see ``run``."""
    drawn = random.choice(LIMITS) if random.random() < 0.2 else ""
    return _Draw(random, world, make, drawn if limit is None else limit).schedule()


def likely_faults(random: Random) -> tuple[dict[str, float], dict[str, float]]:
    """How likely each fault is, for reads and for changes: none, one kind often, or all kinds now and then."""
    kind = random.random()
    if kind < 0.25:
        return {}, {}
    if kind < 0.65:
        return {}, {
            random.choice(("lost", "lost", "5xx", "409", "html", "death", "429")): random.choice((0.1, 0.3, 0.6))
        }
    likely = {one: random.random() * 0.05 for one in _KINDS}
    likely |= {one: likely[one] * 0.4 for one in ("401", "403")}
    return {one: share * 0.3 for one, share in likely.items()}, likely


class _Draw:
    """Draws one schedule, part after part."""

    def __init__(self, random: Random, world: Frameio, make: Maker, limit: str) -> None:
        self.random, self.world, self.make, self.limit = random, world, make, limit
        self.bulk = random.random() < 0.35
        self.strategy = random.choices(("native", "restack", "auto"), (5, 3, 2))[0]
        self.adobe = self.strategy != "native" and random.random() < 0.4
        self.has_store = self.limit in ("store", "garbled") or (
            self.limit not in ("clear", "changed", "timeout") and random.random() < 0.65
        )
        self.run_age = random.choice((0.0, 60.0, 1800.0))

    def schedule(self) -> Schedule:
        """All of it."""
        random = self.random
        rows = self._rows()
        lists = [rows] if self.bulk else [rows[:1], rows[-1:]]
        if self.bulk and random.random() < 0.3:
            lists.append(random.sample(rows, max(1, len(rows) - random.randint(0, 1))))
        rules = self._rules(lists)
        cursed = random.choice(rows).source_id if self.bulk and random.random() < 0.1 else ""
        schedule = Schedule(
            kind=f"{'bulk' if self.bulk else 'single'} {self.strategy}{' adobe' if self.adobe else ''}",
            rules=rules,
            rows=lists,
            faults=self._faults(cursed),
            spent=random.choice((0.0, 0.0, 0.5, 1.0)),
            store=self._store(),
        )
        self._people(schedule)
        if self.limit not in ("", "clear", "changed"):  # these two come about, or they do not
            schedule.limits.add(self.limit)
        if any(rules.frozen) and not self.has_store:
            schedule.limits.add("frozen")
        return schedule

    def _rows(self) -> list[Row]:
        random, world = self.random, self.world
        project, other = "project-a", "project-b"
        if self.adobe:
            world.adobe_projects.add(random.choice((project, other)))
        root = world.add("folder", "root", "", project=project)
        there = world.add("folder", "there", "", project=other)
        sources = [world.add("folder", f"from {number}", root.id) for number in range(2)]
        targets = [world.add("folder", f"into {number}", random.choice((root, there)).id) for number in range(2)]
        count = (
            random.choices((1, 2, 3, 4, 6, 12), (2, 4, 4, 3, 2, 1))[0] if self.bulk else random.choice((1,) * 7 + (2,))
        )
        one_name, one_content, alike = random.random() < 0.4, random.random() < 0.35, random.random() < 0.25
        into_own, one_target = random.random() < 0.35, random.random() < 0.8
        rows = []
        for number in range(count):
            source = self._stack(
                sources[number % 2 if random.random() < 0.3 else 0], number, one_name, one_content, alike
            )
            folder = world.things[source.parent] if into_own else targets[0 if one_target else number % 2]
            shown = source.id
            if random.random() < 0.08:
                shown = f"adobe:{number}|1"
                world.aliases[shown] = source.id
            rows.append(Row(source, folder, into_own, shown))
        if self.bulk and not into_own and random.random() < 0.15:
            rows.append(replace(rows[0], folder=next(one for one in targets if one is not rows[0].folder)))
        for _ in range(random.choice((0, 0, 1, 3))):
            self._bystander(random.choice(rows))
        return rows

    def _stack(self, folder: Thing, number: int, one_name: bool, one_content: bool, alike: bool) -> Thing:
        random, now = self.random, self.world.time.now
        long_ago = now - random.choice((20.0, 600.0, 86400.0 * 3))
        name = "spot.mov" if one_name else f"spot {number}.mov"
        past = {"created": long_ago, "since": long_ago, "listed": long_ago, "uploaded": long_ago, "sized": long_ago}
        creator = random.choice((PERSON, ROBOT))
        stack = self.world.add("stack", name, folder.id, creator=creator, **past)
        sized = {**past, "sized": float("inf")} if self.world.traits.sizes == "never" else past
        many = 11 if self.strategy == "native" else 13
        count = random.choices((1, 2, 3, many, 200, 0), (4, 8, 6, 3, 0.05, 0.3))[0]
        same_size = alike and random.random() < 0.5
        unfinished = random.choice((0.0,) * 9 + (0.4,))
        for version in range(count):
            own = "spot" if one_content else f"spot {number}"
            title = f"{own}.mov" if alike else f"{own} v{version}.mov"
            size = 1000 if same_size else 1000 + version + (0 if one_content else 100 * number)
            late = (
                {"uploaded": random.choice((now + 50.0, now + 400.0, float("inf")))}
                if random.random() < unfinished
                else {}
            )
            self.world.add("file", title, stack.id, creator=creator, size=size, **{**sized, **late})
        return stack

    def _bystander(self, row: Row) -> None:
        """A stack of the same name, of before the task, in the folder into which is copied."""
        random, now = self.random, self.world.time.now
        then = now - random.choice((3600.0, 86400.0))
        past = {"created": then, "since": then, "listed": then, "uploaded": then, "sized": then}
        creator = random.choice((PERSON, ROBOT))
        stack = self.world.add("stack", row.source.name, row.folder.id, creator=creator, **past)
        for version in self.world.versions(row.source)[: random.choice((1, 3))]:
            size = version.size if random.random() < 0.5 else 7
            self.world.add("file", version.name, stack.id, creator=creator, size=size, **past)

    def _rules(self, lists: list[list[Row]]) -> Rules:
        random = self.random
        timeout = random.choice((100.0, 170.0, 400.0, 1500.0)) if random.random() < 0.12 else None
        if self.limit == "timeout":
            timeout = 100.0
        retries = random.choice((0, 1, 2, 2, 3, 5)) if timeout is None else random.choice((2, 8))
        later = random.choice((retries, retries, retries, max(0, retries - 2)))
        options: dict[str, Any] = {
            "strategy": self.strategy,
            "deferrable": random.random() < 0.45,
            "execution_timeout": delay(timeout),
            "durable": self.limit != "not-durable",
            "wait_for_completion": random.random() < 0.9,
        }
        frozen: tuple[int, ...] = ()
        if self.limit == "frozen" or random.random() < 0.08:
            frozen = (random.randint(1, 30),)

        deaths: tuple[int, ...] = ()
        if self.limit == "changed" or random.random() < 0.4:
            deaths = tuple(random.randint(1, 40) for _ in range(random.randint(1, 3)))
        clears: tuple[float, ...] = ()
        if random.random() < (0.9 if self.limit == "clear" else 0.15):
            clears = tuple(random.uniform(0, 900) for _ in range(random.randint(1, 2)))

        def make(clears: int) -> Any:
            rows = lists[min(clears, len(lists) - 1)]
            return self.make(self.bulk, rows, {**options, "retries": retries if not clears else later})

        return Rules(
            make=make,
            retries=lambda clears: later if clears else retries,
            map_index=random.choice((-1, -1, 0, 3, 12)),
            execution_timeout=timeout,
            retry_delay=random.choice((1.0, 60.0, 300.0)),
            deaths=deaths,
            frozen=frozen,
            freezes_in_send=self.limit == "frozen",
            clears=clears,
            final_clears=random.choice((0, 0, 0, 1, 2)),
            discards=random.random() < 0.3,
            skew=random.choice((0.0, 0.0, 5.0, 120.0)),
            run_age=self.run_age,
            restarts=random.choice((0.0, 0.0, 0.02)),
        )

    def _faults(self, cursed: str) -> Faults:
        random, now = self.random, self.world.time.now
        reads, changes = ({}, {}) if cursed else likely_faults(random)
        faults = Faults(self.world.time, random, reads, changes, LATEST - self.world.traits.list_lag, cursed=cursed)
        if self.limit == "late":
            faults.changes, faults.earliest, faults.latest = {**changes, "lost": 0.4}, 200.0, 600.0
        if self.limit == "timeout":
            faults.changes = {"lost": 0.9}
        if random.random() < 0.05:
            begin = now + random.uniform(0, 300)
            faults.locked = (begin, begin + random.uniform(10, 900))
        return faults

    def _store(self) -> dict[str, float] | None:
        random = self.random
        if not self.has_store:
            return None
        if self.limit == "store":
            return {"lost": 0.3, "stale": 0.3}
        if self.limit == "garbled":
            return {"garbled": 0.3}
        if random.random() < 0.7:
            return {}
        return {kind: random.random() * 0.1 for kind in ("before", "after", "death")}

    def _people(self, schedule: Schedule) -> None:
        random = self.random
        acts: list[tuple[str, Callable[[Row], None]]] = [
            ("adds a version to the source", self._add_version),
            ("deletes a version of the source", self._delete_version),
            ("renames the source", lambda row: self._rename(row.source)),
            ("moves the source", lambda row: self._move(row.source)),
            ("makes the same copy", lambda row: self._copy(row, PERSON)),
            ("makes a stack of that name with other content, as the same user", self._namesake),
            ("deletes the copy", self._delete_copy),
            ("adds a version to the copy", self._add_to_copy),
            (
                "deletes a copied file",
                lambda row: self._to_file(row, lambda file: self.world.delete(self._call(), file)),
            ),
            ("moves a copied file", lambda row: self._to_file(row, self._move)),
        ]
        if self.limit == "touched":
            acts = [
                ("renames the copy", lambda row: self._to_copy(row, self._rename)),
                ("moves the copy", lambda row: self._to_copy(row, self._move)),
            ]
        if self.limit == "changed":
            acts = acts[:4]
        if self.limit == "twin":
            acts = [("makes the same copy as the same user", lambda row: self._copy(row, "twin"))]
        count = random.randint(1, 3) if self.limit in ("touched", "twin", "changed") or random.random() < 0.3 else 0
        for _ in range(count):
            words, act = random.choice(acts)
            row = random.choice(schedule.rows[0])
            moment = random.uniform(0, random.choice((20.0, 200.0, 900.0)))
            schedule.acts.append((moment, f"somebody {words}", lambda act=act, row=row: act(row)))  # type: ignore[misc]

    def _call(self, who: str = PERSON) -> Call:
        return Call(who, "by hand", self.world.time.now, known=True)

    def _add_version(self, row: Row) -> None:
        if row.source.gone is None:
            versions = self.world.versions(row.source)
            name = f"later {len(versions)}.mov"
            self.world.add("file", name, row.source.id, size=5000 + len(versions), call=self._call())
            row.source.touched = True

    def _delete_version(self, row: Row) -> None:
        versions = self.world.versions(row.source)
        if len(versions) > 1:
            self.world.delete(self._call(), self.random.choice(versions))

    def _rename(self, asset: Thing) -> None:
        self.world.rename(self._call(), asset, f"renamed {asset.name}")

    def _move(self, asset: Thing) -> None:
        folder = self.world.add("folder", "elsewhere", next(one.id for one in self.world.things.values()))
        self.world.move(self._call(), asset, folder.id)

    def _copy(self, row: Row, who: str) -> None:
        if row.source.gone is None and not {row.source.project, row.folder.project} & self.world.adobe_projects:
            self.world.copy_stack(self._call(who), row.source.id, row.folder.id)

    def _namesake(self, row: Row) -> None:
        """What another DAG does with the same connection: not the same copy."""
        call, now = self._call("other"), self.world.time.now
        more: dict[str, Any] = {"call": call, "creator": ROBOT}
        stack = self.world.add("stack", row.source.name, row.folder.id, **more)
        sizes = {"there": now, "late": now + 100.0, "never": float("inf")}[self.world.traits.sizes]
        for version in self.world.versions(row.source):
            self.world.add("file", version.name, stack.id, size=77, sized=sizes, **more)

    def _to_copy(self, row: Row, act: Callable[[Thing], None]) -> None:
        ours = [one for one in self._made() if one.kind == "stack"]
        copies = (one for one in ours if row.source in (one.source, *map(self._stack_of, self.world.in_(one.id))))
        copy = next(copies, None)
        if copy is not None:
            act(copy)

    def _to_file(self, row: Row, act: Callable[[Thing], None]) -> None:
        loose = [one for one in self._made() if one.kind == "file" and self.world.things[one.parent].kind == "folder"]
        file = next((one for one in loose if self._stack_of(one) is row.source), None)
        if file is not None:
            act(file)

    def _made(self) -> list[Thing]:
        """What the task made, and is there."""
        things = [one for one in self.world.things.values() if one.gone is None]
        return [one for one in things if one.call and one.call.who == "task"]

    def _stack_of(self, file: Thing) -> Thing | None:
        """The stack in which the source of a copied file was made."""
        return self.world.things[file.source.home] if file.source else None

    def _delete_copy(self, row: Row) -> None:
        def delete(copy: Thing) -> None:
            for version in list(self.world.in_(copy.id)):
                self.world.delete(self._call(), version)

        self._to_copy(row, delete)

    def _add_to_copy(self, row: Row) -> None:
        def add(copy: Thing) -> None:
            self.world.add("file", "note.mov", copy.id, size=99, call=self._call())
            copy.touched = True

        self._to_copy(row, add)
