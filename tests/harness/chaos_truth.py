"""What a campaign asked for beside what the emulated Frame.io holds in the end; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
"""Source and target of a copy."""


@dataclass(frozen=True)
class Task:
    """One copy that is asked for; two tasks of the same pair are twins."""

    index: int
    source: str
    target: str

    @property
    def pair(self) -> Pair:
        """What tells one copy from another."""
        return self.source, self.target


@dataclass(frozen=True)
class Result:
    """How a task ended.

    :ivar outcome: ``made`` or ``adopted``, with the id of the copy; ``help`` or ``failed`` without.
    :ivar told: whether it told of a copy too many.
    :ivar words: the error's, if any.
    """

    outcome: str
    copy: str = ""
    told: bool = False
    words: str = ""


@dataclass(frozen=True)
class Tally:
    """A campaign in numbers.

    :ivar made: copies that Frame.io holds.
    :ivar helped: tasks that asked somebody to look, instead of guessing.
    :ivar duplicates: copies too many of which no task told.
    :ivar lost: copies that are missing though no task asked for help.
    :ivar wrong: tasks that took another task's copy for theirs, twins not counted.
    :ivar shared: tasks that took the copy of their twin.
    """

    asked: int
    made: int
    adopted: int
    helped: int
    failed: int
    duplicates: int
    lost: int
    wrong: int
    shared: int

    @property
    def clean(self) -> bool:
        """Whether every copy was made once, or asked about."""
        return not (self.duplicates or self.lost or self.wrong or self.failed)


def tally(tasks: Sequence[Task], results: Mapping[int, Result], held: Mapping[str, Pair]) -> Tally:
    """Count.

    :param results: by the task's index.
    :param held: every stack in the target folders, with what it is a copy of and where.
    """
    outcomes = Counter(result.outcome for result in results.values())
    made = Counter(held.values())
    asked = Counter(task.pair for task in tasks)
    told = {task.pair for task in tasks if results[task.index].told or results[task.index].outcome == "help"}
    unhelped = Counter(task.pair for task in tasks if results[task.index].outcome != "help")
    shared = _shared(tasks, results)
    return Tally(
        asked=len(tasks),
        made=len(held),
        adopted=outcomes["adopted"],
        helped=outcomes["help"],
        failed=outcomes["failed"],
        duplicates=sum(number for pair, number in (made - asked).items() if pair not in told),
        lost=(unhelped - made - shared).total(),
        wrong=sum(held.get(result.copy) != task.pair for task in tasks if (result := results[task.index]).copy),
        shared=shared.total(),
    )


def _shared(tasks: Sequence[Task], results: Mapping[int, Result]) -> Counter[Pair]:
    """How many tasks of each pair took a copy that another task of the same pair took as well."""
    taken = Counter((task.pair, results[task.index].copy) for task in tasks if results[task.index].copy)
    shared: Counter[Pair] = Counter()
    for (pair, _), number in taken.items():
        shared[pair] += number - 1
    return shared
