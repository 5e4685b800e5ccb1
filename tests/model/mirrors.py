"""Random runs of mirrors: a tree of folders, faults, deaths and clears; and after them a run that nothing disturbs.

A mirror is judged by what the target holds, not by who made what: every folder, stack and file of the source once, and
nothing harmed. The last run knows no record of those before, so it also shows that a mirror goes on from lists alone.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError, AirflowTaskTimeout

from airflow_provider_frameio.api.errors import FrameioError
from airflow_provider_frameio.copying.record import bare_name
from airflow_provider_frameio.operators.version_stacks import FrameioMirrorFolderOperator
from tests.model.airflow import Airflow, Ended, Rules, delay
from tests.model.answers import Service
from tests.model.faults import LATEST, Faults
from tests.model.frameio import PERSON, ROBOT, Frameio, Thing
from tests.model.judge import SETTLE, Verdict
from tests.model.process import MACHINE, World, border
from tests.model.schedules import likely_faults, traits_of
from tests.model.store import Store
from tests.model.timeline import Hang, Timeline

VIOLATIONS = ("doubled", "lost", "order", "deleted", "changed", "raw", "hang")
"""What must not be.

``doubled``: the target holds something more often than the source. ``lost``: a run succeeded, and something is missing.
``order``: a stack's versions are others than the source's, or in another order. ``deleted``, ``changed``: something was
deleted, moved or renamed that no mirror had copied. ``raw``, ``hang``: see ``judge``.
"""

_KNOWN = (AirflowException, AirflowRuntimeError, AirflowTaskTimeout, FrameioError)
Content = tuple[Any, ...]
_NEW = 30.0 * 86400


@dataclass
class Tree:
    """The folders of a run.

    :ivar source: whose contents are mirrored into ``target``.
    :ivar before: what the target held: with parents and names.
    """

    source: Thing
    target: Thing
    before: dict[str, tuple[str, str]]


def run(seed: int, tell: Callable[[str], None] = lambda line: None) -> Verdict:
    """Play a schedule within ``border()``."""
    random = Random(seed)
    time = Timeline()
    frameio = Frameio(time, random, traits_of(random))
    strategy = random.choices(("native", "restack", "auto"), (5, 3, 2))[0]
    draw = _Draw(random, frameio, strategy)
    tree = draw.tree()
    faults = Faults(time, random, *likely_faults(random), LATEST - frameio.traits.list_lag)
    world = World(time, random, Service(frameio, random.choice((0.0, 0.5, 1.0))), faults, tell)
    MACHINE.world = world
    judge = Judge(frameio, tree, Verdict(f"mirror {strategy}"))
    tell(f"mirror {strategy}, {frameio.traits}")
    for line in judge.shown(tree.source):
        tell(f"  {line}")
    has_store = random.random() < 0.7
    rules = _rules(random, tree, strategy, has_store)
    airflow = Airflow(world, rules, Store(_store(random)) if has_store else None, judge)
    try:
        airflow.play()
        judge.verdict.state = airflow.state
        judge.verdict.asked = any(process.asked for process in airflow.processes)
        faults.off = True
        time.advance(SETTLE)
        if not has_store and (airflow.cleared_while_unfinished or airflow.clears):
            judge.verdict.limits = ("clear",)
        judge.look("after the faults", complete=airflow.state == "success")
        draw.grow(tree.source)
        later = Airflow(world, Rules(_maker(tree, strategy, {}), retries=lambda clears: 0), Store({}), judge)
        later.play()
        time.advance(SETTLE)
        judge.look(f"in the end, {later.state}", complete=later.state == "success")
        if later.state != "success" and judge.calm and not draw.alike:
            judge.found("lost", "a run without faults failed")
    except Hang as hang:
        judge.found("hang", str(hang))
    judge.verdict.steps = world.steps
    return judge.verdict


class _Draw:
    """Draws a tree, and what it gets later."""

    def __init__(self, random: Random, world: Frameio, strategy: str) -> None:
        self.random, self.world, self.strategy = random, world, strategy
        self.alike = random.random() < 0.2
        self.number = int(world.time.now)

    def tree(self) -> Tree:
        """A source, and a target that may hold a part of it, and something else."""
        random, world = self.random, self.world
        if self.strategy != "native" and random.random() < 0.3:
            world.adobe_projects.add("project-a")
        root = world.add("folder", "root", "", project="project-a")
        there = world.add("folder", "there", "", project=random.choice(("project-a", "project-b")))
        source = world.add("folder", "finished", root.id, **self._past())
        target = world.add("folder", "mirror", there.id, **self._past())
        folders = [source]
        for number in range(random.choice((0, 1, 2, 4))):
            parent = random.choice(folders)
            name = f"reel {0 if random.random() < 0.05 else number}"
            folders.append(world.add("folder", name, parent.id, **self._past()))
        for folder in folders:
            self._fill(folder, random.choice((0, 1, 2)), random.choice((0, 1, 3)))
        if random.random() < 0.4:
            self._mirror_a_part(source, target)
        before = {one.id: (one.parent, one.name) for one in world.things.values()}
        return Tree(source, target, before)

    def grow(self, folder: Thing) -> None:
        """Somebody adds versions, stacks, files and folders."""
        random, world = self.random, self.world
        for one in [*world.in_(folder.id)]:
            if one.kind == "folder":
                self.grow(one)
            elif one.kind == "stack" and random.random() < 0.4 and any(world.in_(one.id)):
                for _ in range(random.choice((1, 2))):
                    self.number += 1
                    world.add("file", f"later {self.number}.mov", one.id, size=7000 + self.number, **self._sized())
        if random.random() < 0.3:
            self._fill(folder, random.choice((0, 1)), random.choice((0, 2)))

    def _fill(self, folder: Thing, stacks: int, files: int) -> None:
        random, world = self.random, self.world
        for _ in range(stacks):
            self.number += 1
            name = "spot" if self.alike else f"spot {self.number}"
            stack = world.add("stack", f"{name}.mov", folder.id, **self._past())
            for version in range(random.choice((1, 2, 3, 12))):
                size = 1000 + version + (0 if self.alike else 50 * self.number)
                world.add("file", f"{name} v{version}.mov", stack.id, size=size, **self._sized())
        for _ in range(files):
            self.number += 1
            name, size = ("still.png", 400) if self.alike else (f"still {self.number}.png", 400 + self.number)
            world.add("file", name, folder.id, size=size, **self._sized())

    def _mirror_a_part(self, source: Thing, target: Thing) -> None:
        """As an earlier mirror left it; some stacks lack versions."""
        random, world = self.random, self.world
        for one in [*world.in_(source.id)]:
            if random.random() < 0.5:
                copy = world.add(one.kind, one.name, target.id, size=one.size, **self._past())
                if one.kind == "folder":
                    self._mirror_a_part(one, copy)
                versions = world.versions(one) if one.kind == "stack" else []
                for version in versions[: random.randint(1, max(1, len(versions)))]:
                    world.add("file", version.name, copy.id, size=version.size, **self._past())
        if random.random() < 0.5:
            self.number += 1
            world.add("file", f"a note {self.number}.txt", target.id, size=9, **self._past())

    def _past(self) -> dict[str, Any]:
        then = self.world.time.now - _NEW
        past = dict.fromkeys(("created", "since", "listed", "uploaded", "sized"), then)
        return {**past, "creator": self.random.choice((PERSON, ROBOT))}

    def _sized(self) -> dict[str, Any]:
        past = self._past()
        return {**past, "sized": float("inf")} if self.world.traits.sizes == "never" else past


def _rules(random: Random, tree: Tree, strategy: str, has_store: bool) -> Rules:
    timeout = random.choice((400.0, 1500.0)) if random.random() < 0.1 and has_store else None
    retries = random.choice((0, 1, 2, 3)) if timeout is None else 8
    options: dict[str, Any] = {
        "deferrable": random.random() < 0.45,
        "execution_timeout": delay(timeout),
        "wait_for_completion": random.random() < 0.9,
        "copy_comments": "all" if strategy != "native" and random.random() < 0.3 else "none",
    }

    return Rules(
        make=_maker(tree, strategy, {"retries": retries, **options}),
        retries=lambda clears: retries,
        execution_timeout=timeout,
        retry_delay=random.choice((1.0, 60.0, 300.0)),
        deaths=tuple(random.randint(1, 80) for _ in range(random.randint(1, 3))) if random.random() < 0.5 else (),
        clears=(random.uniform(0, 600),) if random.random() < 0.15 else (),
        final_clears=random.choice((0, 0, 1)),
        skew=random.choice((0.0, 5.0, 120.0)),
        run_age=random.choice((0.0, 60.0, 1800.0)),
        restarts=random.choice((0.0, 0.0, 0.02)),
    )


def _maker(tree: Tree, strategy: str, options: dict[str, Any]) -> Callable[[int], Any]:
    def make(clears: int) -> Any:
        return FrameioMirrorFolderOperator(
            task_id="copy", folder_id=tree.source.id, parent_id=tree.target.id, strategy=strategy, **options
        )

    return make


def _store(random: Random) -> dict[str, float]:
    return {kind: random.random() * 0.05 for kind in ("before", "after", "death")} if random.random() < 0.3 else {}


class Judge:
    """Watches one run."""

    def __init__(self, world: Frameio, tree: Tree, verdict: Verdict) -> None:
        self.world, self.tree, self.verdict = world, tree, verdict
        self.calm = True
        self._strays = Counter[Content]()
        self._singles = Counter[Content]()

    def ended(self, airflow: Airflow, ended: Ended) -> None:
        """A process ended the try."""
        if ended.state == "failed" and not isinstance(ended.error, _KNOWN):
            self.found("raw", f"{type(ended.error).__name__}: {ended.error}")

    def all_complete(self, airflow: Airflow) -> bool:
        """A mirror goes on after every clear."""
        return False

    def found(self, kind: str, words: str) -> None:
        """A violation."""
        self.verdict.violations.append((kind, words))

    def look(self, when: str, *, complete: bool) -> None:
        """Compare what is there."""
        self._strays.clear()
        self._singles.clear()
        wanted, there = Counter(self._contents(self.tree.source, ())), Counter(self._contents(self.tree.target, ()))
        twins = {content[1] for content, count in wanted.items() if content[0] == "folder" and count > 1}
        self.calm = not twins
        for content in [one for one in there if any(one[1][: len(path)] == path for path in twins)]:
            del there[content]
        for content, count in (wanted - there).items():
            if complete:
                self.found("lost", f"{when}: {count} of {content}")
        for content, count in there.items():
            longer = [one for one in wanted if one[0] == "stack" and one != content and self._is_part(content, one)]
            parts = sum(max(0, wanted[one] - there[one]) for one in longer)  # stacks that lack versions
            if content[0] == "file":
                parts = min(parts, self._singles[content])
            if 0 < wanted[content] < count - self._strays[content] - parts:
                self.found("doubled", f"{when}: {count} instead of {wanted[content]} of {content}")
            if content[0] == "stack" and not any(self._is_part(content, one) for one in wanted):
                self.found("order", f"{when}: {content}")
        self._judge_harm(when)

    def shown(self, folder: Thing) -> Iterator[str]:
        """What a folder holds."""
        return (str(content) for content in self._contents(folder, ()))

    def _contents(self, folder: Thing, path: tuple[str, ...]) -> Iterator[Content]:
        """Every folder, stack and file below, by its path; a stack of one version as the file that it may become.

        What is in folders of one name is left out: no mirror can tell them.
        """
        names = Counter(one.name for one in self.world.in_(folder.id) if one.kind == "folder")
        for one in self.world.in_(folder.id):
            if one.kind == "folder":
                yield ("folder", (*path, one.name))
                if names[one.name] == 1:
                    yield from self._contents(one, (*path, one.name))
                continue
            versions = self.world.versions(one) if one.kind == "stack" else [one]
            told = tuple((bare_name(version.name), version.size) for version in versions)
            if one.kind == "stack" and len(told) > 1:
                yield ("stack", path, told)
            else:
                self._strays[("file", path, told)] += self._is_version(one)
                self._singles[("file", path, told)] += one.kind == "stack"
                yield ("file", path, told)

    def _is_version(self, file: Thing) -> bool:
        """Whether it is the copy of a version that is not stacked, or is not to be."""
        return file.kind == "file" and file.source is not None and self.world.things[file.source.home].kind == "stack"

    def _is_part(self, content: Content, whole: Content) -> bool:
        if content[0] == "folder" or whole[0] == "folder" or content[1] != whole[1]:
            return False
        return bool(content[2] == whole[2][: len(content[2])])

    def _judge_harm(self, when: str) -> None:
        things, before = self.world.things, self.tree.before
        for thing, call in self.world.deletions:
            if call.who == "task" and (thing.id in before or thing.call is None):
                self.found("deleted", f"{when}: {thing.name} {thing.id}")
        for thing_id, (parent, name) in before.items():
            thing = things[thing_id]
            stacked = thing.kind == "file" and things[thing.parent].kind == "stack"  # the copy of a single version
            if thing.name != name or (thing.parent != parent and not stacked):
                self.found("changed", f"{when}: {name} {thing_id}")


def main() -> int:
    """Play many runs; exit code 1 where anything was wrong within the limits."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.mirrors", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    parser.add_argument("-v", "--verbose", action="store_true", help="play the run of --seed alone, and tell its story")
    given = parser.parse_args()
    if given.verbose:
        with border(logs=True):
            verdict = run(given.seed, print)
        print(verdict.state, *verdict.limits, *verdict.violations, sep="\n")
        return bool(verdict.violations)
    found: Counter[str] = Counter()
    with border():
        for seed in range(given.seed, given.seed + given.runs):
            verdict = run(seed)
            found[verdict.state] += 1
            found["beyond a limit"] += bool(verdict.limits)
            for kind, words in dict(verdict.violations).items() if not verdict.limits else ():
                found[kind] += 1
                print(f"python -m tests.model.mirrors --seed {seed} -v   # {verdict.kind}: {kind}: {words[:120]}")
            if (seed + 1 - given.seed) % 500 == 0:
                print(seed + 1 - given.seed, "runs:", dict(found), flush=True)
    return any(found[kind] for kind in VIOLATIONS)


if __name__ == "__main__":
    sys.exit(main())
