"""One run from its seed to its verdict."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.model.airflow import Airflow
from tests.model.answers import Service
from tests.model.frameio import Frameio
from tests.model.judge import SETTLE, Judge, Verdict
from tests.model.process import MACHINE, World
from tests.model.schedules import Maker, operator_of, schedule_of, traits_of
from tests.model.store import Store
from tests.model.timeline import Hang, Timeline


def run(
    seed: int,
    tell: Callable[[str], None] = lambda line: None,
    make: Maker = operator_of,
    limit: str | None = None,
) -> Verdict:
    """Play a schedule within ``border()``.

    :param tell: takes the story, line by line.
    :param make: makes what copies; default: the package's operators.
    :param limit: the limit of the guarantees to go beyond, "" for none; default: drawn from the seed.
    """
    random = Random(seed)
    time = Timeline()
    frameio = Frameio(time, random, traits_of(random))
    schedule = schedule_of(random, frameio, make, limit)
    faults = schedule.faults
    world = World(time, random, Service(frameio, schedule.spent), faults, tell)
    MACHINE.world = world
    for moment, words, act in schedule.acts:
        time.at(moment, _told(world, words, act))
    tell(f"{schedule.kind}, limits {sorted(schedule.limits)}, {frameio.traits}")
    for row in schedule.rows[0]:
        versions = [(one.id, one.name, one.size) for one in frameio.versions(row.source)]
        tell(f"  row {row.source.id} {row.source.name!r} into {row.folder.id}: {versions[:12]}")
    judge = Judge(frameio, schedule)
    store = None if schedule.store is None else Store(schedule.store)
    airflow = Airflow(world, schedule.rules, store, judge)
    try:
        airflow.play()
    except Hang as hang:
        judge.verdict.violations.append(("hang", str(hang)))
    faults.off = True
    time.advance(SETTLE)
    verdict = judge.finish(airflow)
    verdict.steps = world.steps
    return verdict


def _told(world: World, words: str, act: Callable[[], None]) -> Callable[[], None]:
    def happen() -> None:
        world.tell(f"{world.time.now:.0f} {words}")
        act()

    return happen
