"""What ``make docs`` lays out for Sphinx are the repository's pages and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import BLOCKS, PAGES, ROOT, Page
from tests.harness.site import PACKAGE, PUBLIC, lay_out


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "pages"
    lay_out(folder)
    return folder


def test_every_page_is_laid_out_as_it_is(laid_out: Path) -> None:
    """But for links to what has another place there; the README is the first page and ends with the contents."""
    placed = {name: laid_out / ("index.md" if name == "README.md" else name) for name in PAGES}
    for name, path in placed.items():
        there = re.sub(r"\]\([^)]*\)", "", path.read_text().partition("\n```{toctree}")[0]).rstrip()
        assert there == re.sub(r"\]\([^)]*\)", "", PAGES[name].text).rstrip(), name
    others = {path for path in laid_out.rglob("*.*") if path.suffix in (".md", ".rst")} - set(placed.values())
    expected = {laid_out / "example_dags/index.md", *(laid_out / f"api/{module}.rst" for module in PUBLIC)}
    assert others == expected


def test_the_pages_still_lead_to_each_other(laid_out: Path) -> None:
    """Also where a page, or a folder that became one, has another place."""
    for path in laid_out.rglob("*.md"):
        page = Page(path.name, path.read_text())
        for link in page.links:
            target = link.partition("#")[0]
            assert "://" in link or not target or (path.parent / target).is_file(), f"{path}: {link}"


def test_each_page_stands_in_the_contents_once(laid_out: Path) -> None:
    """The overview first."""
    contents = (laid_out / "index.md").read_text().partition("```{toctree}")[2]
    names = re.findall(r"^\w[\w./-]*$", contents, re.MULTILINE)
    assert names[0] == "docs/README"
    files = {path.relative_to(laid_out).with_suffix("").as_posix() for path in laid_out.rglob("*.md")}
    assert sorted(names) == sorted(files - {"index"} | {f"api/{module}" for module in PUBLIC})


def test_what_the_pages_import_has_a_reference() -> None:
    """Every module of this package that a block of code imports from; each of them exists."""
    imported = {name for block in BLOCKS for name in re.findall(rf"from {PACKAGE}\.(\S+) import", block.text)}
    assert imported <= set(PUBLIC)
    assert all((ROOT / PACKAGE / f"{module.replace('.', '/')}.py").exists() for module in PUBLIC)
