"""Plays many runs and counts what became of them: ``python -m tests.model --runs 2000 --seed 1 --jobs 2``.

``python -m tests.model --seed 123 -v`` plays one and tells its story.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor

from tests.model.judge import VIOLATIONS, Verdict
from tests.model.process import border
from tests.model.run import run
from tests.model.schedules import LIMITS

_PART = 100


def play(begin: int, count: int, limit: str | None = None) -> list[tuple[int, Verdict]]:
    """Some runs, one after another."""
    with border():
        return [(seed, run(seed, limit=limit)) for seed in range(begin, begin + count)]


def table(found: list[tuple[int, Verdict]]) -> str:
    """What became of them, by kind of task; runs beyond a limit by that limit."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for _, verdict in found:
        groups[f"limit: {', '.join(verdict.limits)}" if verdict.limits else verdict.kind].append(verdict)
    head = ("", "runs", "success", "asked", *VIOLATIONS)
    lines = ["".join([f"{head[0]:30}", *(f"{word:>9}" for word in head[1:])])]
    order = sorted(groups, key=lambda name: (name.startswith("limit"), name))
    for name, verdicts in [*((name, groups[name]) for name in order), ("all within the limits", _within(found))]:
        kinds = Counter(kind for verdict in verdicts for kind in {kind for kind, _ in verdict.violations})
        counts = [
            len(verdicts),
            sum(verdict.state == "success" for verdict in verdicts),
            sum(verdict.asked for verdict in verdicts),
            *(kinds[kind] for kind in VIOLATIONS),
        ]
        lines.append("".join([f"{name[:29]:30}", *(f"{count or '':>9}" for count in counts)]))
    return "\n".join(lines)


def _within(found: list[tuple[int, Verdict]]) -> list[Verdict]:
    return [verdict for _, verdict in found if not verdict.limits]


def main() -> int:
    """Exit code 1 where anything was wrong within the limits."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", choices=("", *LIMITS), help="go beyond this limit of the guarantees, or none")
    parser.add_argument("--show", type=int, default=3, help="how many reproductions of each kind")
    parser.add_argument("-v", "--verbose", action="store_true", help="play the run of --seed alone, and tell its story")
    given = parser.parse_args()
    if given.verbose:
        with border(logs=True):
            verdict = run(given.seed, print, limit=given.limit)
        print(verdict.state, *verdict.limits, *verdict.violations, sep="\n")
        return bool(verdict.violations)
    began = time.monotonic()
    starts = range(given.seed, given.seed + given.runs, _PART)
    end = given.seed + given.runs
    sizes = [min(_PART, end - start) for start in starts]
    if given.jobs == 1:
        parts = [play(start, size, given.limit) for start, size in zip(starts, sizes, strict=True)]
    else:
        with ProcessPoolExecutor(given.jobs) as pool:
            parts = list(pool.map(play, starts, sizes, [given.limit] * len(sizes)))
    found = [one for part in parts for one in part]
    print(table(found))
    shown: Counter[str] = Counter()
    beyond = "" if given.limit is None else f" --limit '{given.limit}'"
    for seed, verdict in found:
        for kind, words in dict(verdict.violations).items():
            shown[kind] += not verdict.limits
            if not verdict.limits and shown[kind] <= given.show:
                print(f"python -m tests.model --seed {seed}{beyond} -v   # {verdict.kind}: {kind}: {words[:120]}")
    took = time.monotonic() - began
    print(f"{len(found)} runs in {took:.0f} s, {len(found) / took:.0f} a second")
    return bool(sum(shown.values()))


if __name__ == "__main__":
    sys.exit(main())
