"""The places that ``make bench`` writes to are there, and filled."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.docs.pages import PAGES, ROOT
from tests.harness.bench.report import places

TABLES = {
    "docs/pacing.md": ["one process", "shared budget", "real Airflow", "simulation", "waits", "imports"],
    "README.md": ["real Airflow"],
}


def test_each_table_has_its_places() -> None:
    """All of them on one page, one of them in the README too; no other page has any."""
    assert {name: places(page.text) for name, page in PAGES.items() if places(page.text)} == TABLES
    for name, tables in TABLES.items():
        for table in tables:
            filled = PAGES[name].text.partition(f"<!-- bench: {table} -->")[2].partition("<!-- /bench")[0]
            assert "| ---: |" in filled, (name, table)


def test_both_places_of_a_table_say_the_same() -> None:
    """They are written together."""
    readme, pacing = (
        PAGES[name].text.partition("<!-- bench: real Airflow -->")[2].partition("<!-- /bench")[0] for name in TABLES
    )
    assert readme == pacing


def test_the_table_of_imports_names_modules_that_there_are() -> None:
    """One that was renamed or is gone has to be measured again."""
    for row in PAGES["docs/pacing.md"].rows("What a DAG file pays for imports"):
        path = row[0].strip("`").replace(".", "/")
        assert (ROOT / f"airflow_provider_frameio/{path}.py").is_file(), row[0]


def test_the_picture_stands_beside_them() -> None:
    """And is one."""
    assert "](docs/benchmark.svg)" in PAGES["README.md"].text
    assert "](benchmark.svg)" in PAGES["docs/pacing.md"].text
    assert ElementTree.parse(ROOT / "docs/benchmark.svg").getroot().tag.endswith("svg")
