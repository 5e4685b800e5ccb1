"""The benchmark counts right, and says what it counted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.harness.bench import __main__ as command
from tests.harness.bench import loads, sockets, waiting
from tests.harness.bench.figures import Call, Outcome, copy_calls, halfway, integral, jain, optimum
from tests.harness.bench.loads import Load
from tests.harness.bench.plot import WIDTH, Curve, Panel, draw, steps, ticks
from tests.harness.bench.race import BULK, GENERIC, OURS, ROOT, SDK, Contender, Race, run
from tests.harness.bench.report import Report, Table, insert, text, write

SVG = "{http://www.w3.org/2000/svg}"
PAGE = "# Title\n\n<!-- bench: a -->\nold\n<!-- /bench: a -->\n\nwords\n\n<!-- bench: b -->\n<!-- /bench: b -->\nend\n"


def outcome(
    name: str, made: int, *, asked: int = 100, failed: int = 0, refused: int = 0, last: float | None = None
) -> Outcome:
    """Copies made one after the other, as quickly as can be unless ``last`` tells otherwise, then refusals."""
    pace = (optimum(made) if last is None else last) / max(1, made - 1)
    calls = [Call(1000.0 + nth * pace, made=True, refused=False, target=f"{nth % 2}") for nth in range(made)]
    calls += [Call(1000.0 + nth, made=False, refused=True, target="0") for nth in range(refused)]
    return Outcome(name, asked, failed, sorted(calls, key=lambda call: call.at), [1.0] * made, 0.1)


@pytest.mark.parametrize(
    ("shares", "index"), [([3, 3, 3], 1.0), ([5, 0, 0, 0], 0.25), ([4, 2], 0.9), ([0, 0], 1.0)], ids=str
)
def test_jains_index_tells_equal_from_unequal(shares: Sequence[int], index: float) -> None:
    """1 for equal shares, 1/n where one has everything, (Σx)² / nΣx² between; nothing at all is equal, too."""
    assert jain(shares) == pytest.approx(index)


def test_fairness_looks_at_the_half_and_forgets_nobody() -> None:
    """In the end all have the same number, so what counts is who had how many when half of the copies were made."""
    assert halfway(["a", "a", "a", "b", "b", "b"], ["a", "b", "c"]) == [3, 0, 0]
    late = [Call(float(nth), made=True, refused=False, target="ab"[nth // 4]) for nth in range(8)]
    assert Outcome("x", 8, 0, late).fairness == 0.5


def test_worker_seconds_are_the_area_under_the_samples() -> None:
    """Each number of running tasks counts until the next look, whatever the time between two looks."""
    assert integral([(10.0, 2), (11.5, 4), (12.0, 0), (20.0, 1)]) == 2 * 1.5 + 4 * 0.5
    assert integral([(10.0, 3)]) == 0


def test_the_optimum_is_a_burst_and_then_one_copy_a_slot() -> None:
    """Ten copies cost no time, each further one six seconds."""
    assert [optimum(copies) for copies in (3, 10, 11, 100)] == [0, 0, 6, 540]


def test_the_log_tells_copies_from_refusals() -> None:
    """A copy counts if it was carried out, answered or not; other endpoints do not count; order is by arrival."""

    def entry(at: float, status: int | None, acted: bool, route: str = "copy_version_stack") -> dict[str, Any]:
        return {"at": at, "status": status, "acted": acted, "route": route, "body": {"data": {"parent_id": "folder"}}}

    log = [
        entry(4, None, True),
        entry(1, 200, True),
        entry(2, 429, False),
        entry(3, 500, False),
        entry(0, 200, True, "me"),
    ]
    assert copy_calls(log) == [
        Call(1, made=True, refused=False, target="folder"),
        Call(2, made=False, refused=True, target="folder"),
        Call(3, made=False, refused=False, target="folder"),
        Call(4, made=True, refused=False, target="folder"),
    ]


def test_an_outcome_in_figures() -> None:
    """Times count from the first call; waits and refusals are compared with what was made."""
    one = outcome("x", made=20, refused=5, last=90.0)
    assert one.made_at[0] == 0
    assert one.slowness == pytest.approx(90 / 60)
    assert (one.made, one.refusals_per_copy) == (20, 0.25)
    assert Outcome("x", 3, 0, [], waits=[1, 1, 4]).longest_wait == 2


def test_whoever_loses_copies_is_not_called_quick() -> None:
    """The optimum is that of the copies which were made, not of those which were wanted."""
    assert outcome("x", made=20, failed=80).slowness == pytest.approx(1)


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (outcome("ours", made=99, failed=1), "made 99 of 100"),
        (outcome("ours", made=101), "made 101 of 100"),
        (outcome("ours", made=100, failed=1), "gave 1 up"),
        (outcome("ours", made=100, last=540 * 1.021), "1.021 times the optimum"),
        (outcome("ours", made=100, refused=2), "0.020 429s per copy"),
    ],
    ids=["lost", "twice", "given up", "slow", "refused"],
)
def test_each_missed_bound_is_a_problem(ours: Outcome, said: str) -> None:
    """One copy lost or made twice, two per cent of time, one refusal in a hundred copies: said in words."""
    (problem,) = sockets.problems(ours)
    assert said in problem


def test_within_the_bounds_there_is_no_problem() -> None:
    """Exactly on them is within."""
    assert sockets.problems(outcome("ours", made=100, refused=1, last=540 * 1.02)) == []


SHARED = Load("both", speed=100, copies=3, files=True)


def waits(load: Load = SHARED, **measured: Any) -> loads.Row:
    """What was measured under a load that is borne well, but for some of it."""
    well = {"minutes": 1, "calls": 40, "refused": 0, "sockets": 8, "longest_block_ms": 50.0}
    latencies = measured.pop("latencies", [6.0] * load.kinds * load.copies)
    return loads.row(load, latencies, **{**well, **measured})


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({"latencies": [6.0] * 5}, "both: 1 copies were not found"),
        ({"refused": 1}, "both: 1 calls were refused"),
        ({"calls": 41}, "both: 41.0 calls a minute"),
        ({"latencies": [6.1] * 6}, "both: 6.1 s from a copy's end to its event"),
        ({"sockets": 9}, "both: 9 sockets"),
        ({"longest_block_ms": 51.0}, "both: the event loop was blocked for 51 ms"),
    ],
)
def test_each_bound_that_waits_miss_is_a_problem(measured: dict[str, Any], said: str) -> None:
    """Exactly on the bounds is within. Of waits for stacks alone only the first two are asked."""
    assert loads.problems(waits()) == []
    assert loads.problems(waits(**measured)) == [said]
    alone = waits(Load("both", speed=100, copies=6), **measured)
    assert loads.problems(alone) == ([said] if "copies were" in said or "refused" in said else [])


def test_a_few_waits_for_stacks_and_files_are_measured() -> None:
    """In triggers, over sockets; some end and some do not."""
    load = Load("both", speed=200, copies=2, idle=3, files=True)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:  # Airflow's home is its own
        measured = process.submit(waiting.measure, load).result()
    assert (measured.waits, measured.expected, measured.found, measured.refused) == (10, 4, 4, 0)
    assert 0 < measured.sockets <= loads.MOST_SOCKETS
    assert measured.longest_block_ms > 0
    (row,) = loads.table([measured]).rows
    assert len(row) == len(loads.table([measured]).columns)


def test_a_table_has_a_row_for_each_contender() -> None:
    """With as many cells as there are columns, and the name first."""
    found = [outcome("ours", made=30, asked=30), outcome("other", made=20, asked=30, failed=10, refused=60)]
    lines = sockets.alone_table(found, speed=10).markdown().splitlines()
    assert "10 times as fast" in lines[0]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [dict(zip(head, row, strict=True)) for row in rows] == [
        {
            "client": name,
            "asked": "30",
            "made": made,
            "failed": failed,
            "429s per copy": refused,
            "time ÷ optimum": slowness,
            "CPU ms per copy": "3.33",
        }
        for name, made, failed, refused, slowness in [
            ("ours", "30", "0", "0.00", "1.000"),
            ("other", "20", "10", "3.00", "1.000"),
        ]
    ]


@pytest.mark.parametrize(
    ("cell", "shown"), [(0.0, "0.00"), (1.0004, "1.000"), (2.345, "2.35"), (23.45, "23.4"), (234.5, "234"), (7, "7")]
)
def test_numbers_are_cut_to_what_a_reader_can_use(cell: float, shown: str) -> None:
    """Near 1, where ratios to the optimum lie, there are three decimals."""
    assert text(cell) == shown


def test_a_table_goes_into_its_place_and_touches_nothing_else(tmp_path: Path) -> None:
    """What stood there is replaced, so that a second run leaves no trace of the first; of several pages in each."""
    files = [tmp_path / "pacing.md", tmp_path / "README.md", tmp_path / "other.md"]
    for file, words in zip(files, [PAGE, PAGE, "no place"], strict=True):
        file.write_text(words)
    new = Table("a", "Words.", ["x", "y"], [["ours", 1.0]])
    write(files, [Table("a", "Words.", ["x", "y"], [["before", 2.0]]), new])
    changed = PAGE.replace("old\n", f"\n{new.markdown()}\n\n")
    assert [file.read_text() for file in files] == [changed, changed, "no place"]
    with pytest.raises(ValueError, match="no place for the table 'c'"):
        write(files, [Table("b", "", ["x"], []), Table("c", "", [], [])])
    assert files[0].read_text() == changed


@pytest.mark.parametrize(("problems", "status"), [([], 0), (["ours lost a copy"], 1)])
def test_the_exit_status_tells_of_problems(
    problems: list[str],
    status: int,
    bench_files: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0 where this provider kept its bounds, else 1 and the reason on standard error; what was found is kept."""
    table = Table("a", "Words.", ["x", "y"], [["ours", 1.0]])
    monkeypatch.setitem(command.PARTS, "sockets", lambda options: Report([table], problems, "<svg/>"))
    assert command.main(["--parts", "sockets"]) == status
    said = capsys.readouterr()
    assert table.markdown() in said.out
    assert said.err.splitlines() == problems
    assert (bench_files / "pacing.md").read_text() == insert(PAGE, table)
    assert (bench_files / "docs/benchmark.svg").read_text() == "<svg/>"


def test_unless_told_otherwise_only_the_quick_parts_run(bench_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real Airflow takes ten minutes: it has a target of its own in the Makefile."""
    ran: list[str] = []

    def noting(name: str) -> command.Part:
        def part(options: object) -> Report:
            ran.append(name)
            return Report([])

        return part

    for name in command.PARTS:
        monkeypatch.setitem(command.PARTS, name, noting(name))
    assert command.main([]) == 0
    assert ran == ["sockets", "simulation", "waits", "imports"]
    assert "tests.harness.bench --parts airflow" in (ROOT / "Makefile").read_text()


def test_print_only_keeps_nothing(bench_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stays as it was, and no picture is drawn."""
    monkeypatch.setitem(command.PARTS, "sockets", lambda options: Report([Table("a", "", ["x"], [])], [], "<svg/>"))
    assert command.main(["--parts", "sockets", "--print-only"]) == 0
    assert (bench_files / "pacing.md").read_text() == PAGE
    assert not (bench_files / "docs").exists()


@pytest.fixture
def bench_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a page of its own, which the command takes for the repository's."""
    (tmp_path / "pacing.md").write_text(PAGE)
    monkeypatch.setattr(command, "PAGES", (tmp_path / "pacing.md",))
    monkeypatch.setattr(command, "PICTURE", tmp_path / "docs/benchmark.svg")
    return tmp_path


def curves(svg: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Each drawn curve's name and points."""
    found = []
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        title = path.find(f"{SVG}title")
        if title is not None:
            numbers = [float(word.lstrip("ML")) for word in path.attrib["d"].split()]
            found.append((str(title.text), list(zip(numbers[::2], numbers[1::2], strict=True))))
    return found


def test_the_picture_shows_every_contender_and_the_optimum() -> None:
    """Alone and in the largest crowd, copies and refusals; whoever made fewer copies ends lower."""
    alone = [outcome(OURS.name, 100), outcome(SDK.name, 20, failed=80, refused=9), outcome(GENERIC.name, 100)]
    shared = {4: alone[:1], 16: [outcome(OURS.name, 100), outcome(GENERIC.name, 30, failed=70)]}
    svg = sockets.picture(alone, shared)
    drawn = curves(svg)
    three, two = [OURS.name, SDK.name, GENERIC.name], [OURS.name, GENERIC.name]
    assert [name for name, _ in drawn] == ["optimum", *three, *three, "optimum", *two, *two]
    heights = [points[-1][1] for _, points in drawn]
    optimum_, ours, sdk, generic = heights[:4]
    assert optimum_ == ours == generic < sdk
    written = [text_.text for text_ in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert {
        "minutes",
        "copies",
        "429s",
        "80 of 100 lost",
        "70 of 100 lost",
        "16 processes of one user: copies made",
        *three,
    } <= set(written)


def test_a_curve_is_drawn_to_scale() -> None:
    """Points stand where the axes' labels say; a row's last moment and a panel's highest value reach the rim."""
    panel = Panel("t", "u", [Curve("a & b", "ours", [(0, 0), (60, 50), (120, 100)])])
    svg = draw("title", [[panel, Panel("other", "u", [Curve("c", "sdk", [(240, 7)])])]])
    (name, points), (_, (last,)) = curves(svg)
    assert name == "a & b"
    (left, bottom), (middle, half), (end, top) = points
    written = reversed(list(ElementTree.fromstring(svg).iter(f"{SVG}text")))  # so that the first panel's count
    labels = {label.text: label.attrib for label in written}
    assert float(labels["1"]["x"]) == middle == pytest.approx((left + end) / 2)
    assert float(labels["2"]["x"]) == end
    assert float(labels["100"]["y"]) - top == pytest.approx(4)
    assert half == pytest.approx((bottom + top) / 2)
    assert bottom - top > 150
    assert WIDTH * 0.96 < last[0] < WIDTH


def test_a_staircase_counts_moments() -> None:
    """It rises by one at each, and goes on level until the end."""
    assert steps([1.0, 3.0], until=5.0) == [(0, 0), (1, 0), (1, 1), (3, 1), (3, 2), (5, 2)]
    assert steps([], until=5.0) == [(0, 0), (5, 0)]


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(100, [0, 20, 40, 60, 80, 100]), (7, [0, 2, 4, 6]), (160, [0, 50, 100, 150]), (0.3, [0, 0.1, 0.2, 0.3])],
)
def test_ticks_are_round(highest: float, expected: list[float]) -> None:
    """As many as fit below the highest value."""
    assert ticks(highest) == pytest.approx(expected)


@pytest.mark.parametrize(
    "contender",
    [OURS, pytest.param(BULK, marks=pytest.mark.whole), GENERIC, SDK],
    ids=lambda contender: contender.name,
)
def test_every_contender_runs(contender: Contender) -> None:
    """Two processes each make their share, in folders of their own, and tell how long each copy took."""
    if contender is SDK and not (ROOT / ".venv/sdk").exists():
        pytest.skip("the SDK has an environment of its own, which is not there")
    (found,) = run([Race(contender, copies=5, processes=2, speed=100)])
    assert (found.name, found.asked, found.made, found.failed) == (contender.name, 5, 5, 0)
    assert len(found.waits) == (2 if contender is BULK else 5)  # a bulk task's copies are waited for together
    assert len({call.target for call in found.calls}) == 2
    assert found.cpu_seconds > 0


def test_a_contender_that_breaks_ends_the_run() -> None:
    """Its traceback is what one needs to see, not a table without it."""
    with pytest.raises(RuntimeError, match=r"did not start: .*no_such_module"):
        run([Race(Contender("broken", "tests.harness.bench.contenders.no_such_module"), 1, 1, 100)])
