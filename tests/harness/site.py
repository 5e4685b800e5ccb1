"""``make docs``: lays out the repository's pages, and one for each public module, for Sphinx to make a site of."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.docs.pages import PAGES, ROOT, Page

HOME = "README.md"
OVERVIEW = "docs/README.md"
PACKAGE = "airflow_provider_frameio"
# What others may import; whatever the pages import is among it.
PUBLIC = (
    "operators.version_stacks",
    "operators.refresh_token",
    "sensors.version_stacks",
    "hooks.frameio",
    "triggers.version_stacks",
    "assets",
    "links.frameio",
    "api.errors",
    "emulator.server",
)


def lay_out(folder: Path) -> None:
    """Write everything that the site is made of into a folder, which must not exist."""
    for page in PAGES.values():
        _write(folder / _place(page.path), _text(page))
        for file in _linked(page):
            if file.is_dir():
                _write(folder / _place(file), _listing(file))
            elif file.suffix != ".md":
                _write(folder / file.relative_to(ROOT), file)
    for module in PUBLIC:
        _write(folder / f"api/{module}.rst", _reference(module))


def _place(path: Path) -> Path:
    """Where a page, or a folder that a page links to, is on the site."""
    if path.is_dir():
        return path.relative_to(ROOT) / "index.md"
    return Path("index.md") if path == ROOT / HOME else path.relative_to(ROOT)


def _text(page: Page) -> str:
    """The page as it is, but for links to what has another place on the site; the first page has the contents, too."""
    text = page.text
    for link in page.links:
        path, sign, anchor = link.partition("#")
        target = (page.path.parent / path).resolve()
        if path and target.is_dir():
            text = text.replace(f"]({link})", f"]({path}/index.md)")
        elif path and target == ROOT / HOME:
            text = text.replace(f"]({link})", f"]({path.replace(HOME, 'index.md')}{sign}{anchor})")
    return f"{text}\n{_contents()}" if page.name == HOME else text


def _linked(page: Page) -> Iterator[Path]:
    for link in page.links:
        path = link.partition("#")[0]
        if path and "://" not in link:
            yield (page.path.parent / path).resolve()


def _contents() -> str:
    """The navigation: the pages in the order of the overview, then the rest, then the reference."""
    overview = [file.relative_to(ROOT).as_posix() for file in _linked(PAGES[OVERVIEW])]
    listings = {_place(file).as_posix() for page in PAGES.values() for file in _linked(page) if file.is_dir()}
    ordered = dict.fromkeys([OVERVIEW, *overview, *listings, *PAGES])
    pages = [name.removesuffix(".md") for name in ordered if name != HOME]
    return f"{_toctree('Pages', pages)}\n{_toctree('Reference', [f'api/{module}' for module in PUBLIC])}"


def _toctree(caption: str, documents: Sequence[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", *documents, "```", ""])


def _reference(module: str) -> str:
    options = ["   :members:", "   :imported-members:" if module == "operators.version_stacks" else ""]
    return "\n".join([module, "=" * len(module), "", f".. automodule:: {PACKAGE}.{module}", *options, ""])


def _listing(folder: Path) -> str:
    files = sorted(folder.glob("*.py"))
    blocks = [f"## {file.name}\n\n```python\n{file.read_text()}```\n" for file in files]
    return "\n".join([f"# {folder.name}\n", *blocks])


def _write(target: Path, content: str | Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copy(content, target)
    else:
        target.write_text(content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay out the pages."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.site", description=__doc__)
    parser.add_argument("folder", type=Path, help="what is written into; what it held is gone")
    folder = parser.parse_args(arguments).folder
    shutil.rmtree(folder, ignore_errors=True)
    lay_out(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
