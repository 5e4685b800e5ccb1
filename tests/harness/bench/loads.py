"""Loads of waits for copies, and what was measured under each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from tests.harness.bench.report import Cell, Table

START_INTERVAL = 6.0  # seconds: Frame.io starts ten copies a minute
# What is promised of stacks and files together: calls a minute, seconds, sockets, milliseconds.
MOST_CALLS, MOST_LATENCY, MOST_SOCKETS, LONGEST_BLOCK = 40.0, 6.0, 8, 50.0
DURATIONS = (3.0, 180.0)  # seconds from the start of a copy to its end, evenly spread


@dataclass(frozen=True)
class Load:
    """Waits in one triggerer.

    :ivar speed: how much faster than the machine's Frame.io's time runs.
    :ivar copies: that become complete; one begins every ``START_INTERVAL``.
    :ivar at_once: whether all of them begin, and become complete, together instead.
    :ivar idle: further waits that are open all the time, each a ``START_INTERVAL`` older than the one before.
    :ivar files: whether each of these waits for a stack goes with one for two copied files.
    """

    name: str
    speed: float
    copies: int
    at_once: bool = False
    idle: int = 0
    files: bool = False

    @property
    def kinds(self) -> int:
        """How many kinds of waits there are."""
        return 1 + self.files


@dataclass(frozen=True)
class Row:
    """What was measured.

    :ivar waits: in all.
    :ivar expected: copies that became complete.
    :ivar found: those that a trigger told of.
    :ivar shared: whether there were waits for stacks and for files.
    :ivar refused: calls answered with 429.
    :ivar calls_per_minute: all calls that the waits made.
    :ivar mean_latency: seconds from a copy's end to the trigger's event.
    :ivar longest_block_ms: longest time in which the event loop ran nothing else because this process computed, on the
        machine's clock, without Python's garbage collections; 0: not known.
    :ivar longest_collection_ms: longest garbage collection. Airflow's own imports alone make it about 60 ms.
    :ivar memory_mb: growth of the process, from before the first wait to its largest.
    :ivar sockets: most that were open at a time for the waits.
    """

    name: str
    waits: int
    expected: int
    found: int
    refused: int
    calls_per_minute: float
    mean_latency: float
    longest_block_ms: float = 0.0
    longest_collection_ms: float = 0.0
    memory_mb: float = 0.0
    sockets: int = 0
    shared: bool = False


def row(
    load: Load,
    latencies: Sequence[float],
    *,
    minutes: float,
    calls: int,
    refused: int,
    longest_block_ms: float = 0.0,
    longest_collection_ms: float = 0.0,
    memory_mb: float = 0.0,
    sockets: int = 0,
) -> Row:
    """A row from the counts of one run."""
    return Row(
        name=load.name,
        waits=load.kinds * (load.copies + load.idle),
        expected=load.kinds * load.copies,
        found=len(latencies),
        refused=refused,
        calls_per_minute=calls / minutes,
        mean_latency=fmean(latencies),
        longest_block_ms=longest_block_ms,
        longest_collection_ms=longest_collection_ms,
        memory_mb=memory_mb,
        sockets=sockets,
        shared=load.files,
    )


def table(rows: Sequence[Row]) -> Table:
    """The rows of the table."""
    caption = (
        "Waits in one triggerer, over real sockets. In *one by one*, which is computed, each wait looks for itself. "
        "Garbage collections, which stop a process the longer the more Airflow has imported, are counted apart."
    )
    columns = (
        "waits",
        "found",
        "calls a minute",
        "mean latency, s",
        "loop blocked, ms",
        "collected, ms",
        "memory, MB",
        "sockets",
    )
    return Table("waits", caption, columns, [_cells(one) for one in rows])


def _cells(one: Row) -> list[Cell]:
    measured = [one.longest_block_ms, one.longest_collection_ms, one.memory_mb, one.sockets]
    machine = measured if one.longest_block_ms else ["–"] * len(measured)
    return [one.name, f"{one.found} of {one.expected}", one.calls_per_minute, one.mean_latency, *machine]


def problems(one: Row) -> list[str]:
    """What is promised of any load: every copy is found, and no call refused. Of stacks and files together: more."""
    promises = [
        (f"{one.expected - one.found} copies were not found", one.found == one.expected),
        (f"{one.refused} calls were refused", not one.refused),
    ]
    if one.shared:
        promises += [
            (f"{one.calls_per_minute:.1f} calls a minute", one.calls_per_minute <= MOST_CALLS),
            (f"{one.mean_latency:.1f} s from a copy's end to its event", one.mean_latency <= MOST_LATENCY),
            (f"{one.sockets} sockets", one.sockets <= MOST_SOCKETS),
            (f"the event loop was blocked for {one.longest_block_ms:.0f} ms", one.longest_block_ms <= LONGEST_BLOCK),
        ]
    return [f"{one.name}: {what}" for what, holds in promises if not holds]
