"""Copies over real sockets: one process, then several that do not know of each other, every contender side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.harness.bench.figures import LIMIT, SLOT, WINDOW, Outcome, optimum
from tests.harness.bench.plot import Curve, Panel, draw, steps
from tests.harness.bench.race import BULK, GENERIC, OURS, SDK, Race, run
from tests.harness.bench.report import Cell, Report, Table

SLOWEST, MOST_REFUSALS = 1.02, 0.01
SHARED_BY = (4, 16)
_KINDS = {OURS.name: "ours", SDK.name: "sdk", GENERIC.name: "generic"}


def measure(copies: int, shared_copies: int, speed: float) -> Report:
    """Run the races and report them.

    :param shared_copies: of all processes together, where several share one user's budget.
    :param speed: emulated seconds per second.
    """
    alone = run([Race(contender, copies, 1, speed) for contender in (OURS, BULK, SDK, GENERIC)])
    crowds = [(contender, processes) for processes in SHARED_BY for contender in (OURS, GENERIC)]
    outcomes = run([Race(contender, shared_copies, processes, speed) for contender, processes in crowds])
    shared: dict[int, list[Outcome]] = {processes: [] for processes in SHARED_BY}
    for (_, processes), outcome in zip(crowds, outcomes, strict=True):
        shared[processes].append(outcome)
    return Report(
        tables=[alone_table(alone, speed), shared_table(shared, speed)],
        problems=[
            *problems(alone[0]),
            *problems(alone[1]),
            *(line for crowd in shared.values() for line in losses(crowd[0])),
        ],
        picture=picture([one for one in alone if one.name != BULK.name], shared),
    )


def alone_table(outcomes: Sequence[Outcome], speed: float) -> Table:
    """One process each."""
    copies = outcomes[0].asked
    rows: list[list[Cell]] = [
        [
            one.name,
            one.asked,
            one.made,
            one.failed,
            one.refusals_per_copy,
            one.slowness,
            1000 * one.cpu_seconds / one.asked,
        ]
        for one in outcomes
    ]
    caption = (
        f"One process, {copies} copies. The optimum is {LIMIT} copies at once, then one every {SLOT:g} s."
        f"{_quickly(speed)}"
    )
    columns = ["client", "asked", "made", "failed", "429s per copy", "time ÷ optimum", "CPU ms per copy"]
    return Table("one process", caption, columns, rows)


def shared_table(shared: Mapping[int, Sequence[Outcome]], speed: float) -> Table:
    """Several processes of one user."""
    rows: list[list[Cell]] = [
        [
            one.name,
            processes,
            one.asked,
            one.failed,
            one.refusals_per_copy,
            one.slowness,
            one.longest_wait,
            f"{one.fairness:.2f}",
        ]
        for processes, outcomes in shared.items()
        for one in outcomes
    ]
    caption = f"Several processes of one user that do not know of each other.{_quickly(speed)}"
    columns = ["client", "processes", "asked", "failed", "429s per copy", "time ÷ optimum"]
    return Table("shared budget", caption, [*columns, "longest wait ÷ mean", "Jain's fairness"], rows)


def picture(alone: Sequence[Outcome], shared: Mapping[int, Sequence[Outcome]]) -> str:
    """Copies made and calls refused over time: for one process, and for the largest crowd."""
    crowd = max(shared)
    return draw(
        f"Copies made and calls refused over time, at Frame.io's limit of {LIMIT} copies in {WINDOW:.0f} seconds",
        [_row("One process", alone), _row(f"{crowd} processes of one user", shared[crowd])],
    )


def problems(ours: Outcome) -> list[str]:
    """The bounds that this provider misses when it is alone."""
    found = losses(ours)
    if ours.slowness > SLOWEST:
        found.append(f"{ours.name} took {ours.slowness:.3f} times the optimum; at most {SLOWEST}")
    if ours.refusals_per_copy > MOST_REFUSALS:
        found.append(f"{ours.name} met {ours.refusals_per_copy:.3f} 429s per copy; at most {MOST_REFUSALS}")
    return found


def losses(ours: Outcome) -> list[str]:
    """Copies that are not there."""
    if ours.made == ours.asked and not ours.failed:
        return []
    return [f"{ours.name} made {ours.made} of {ours.asked} copies and gave {ours.failed} up"]


def _quickly(speed: float) -> str:
    return "" if speed == 1 else f" Time ran {speed:g} times as fast, and with it the waits of every client."


def _row(title: str, outcomes: Sequence[Outcome]) -> list[Panel]:
    copies = outcomes[0].asked
    burst = float(min(LIMIT, copies))
    best = Curve("optimum", "optimum", [(0.0, 0.0), (0.0, burst), (optimum(copies), float(copies))])
    made = [Curve(one.name, _KINDS[one.name], steps(one.made_at, _end(one)), _loss(one)) for one in outcomes]
    refused = [Curve(one.name, _KINDS[one.name], steps(one.refused_at, _end(one))) for one in outcomes]
    return [Panel(f"{title}: copies made", "copies", [best, *made]), Panel(f"{title}: calls refused", "429s", refused)]


def _loss(outcome: Outcome) -> str:
    return f"{outcome.failed} of {outcome.asked} lost" if outcome.failed else ""


def _end(outcome: Outcome) -> float:
    return max([*outcome.made_at, *outcome.refused_at], default=0.0)
