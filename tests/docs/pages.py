"""The project's Markdown as data: pages, their blocks of code, headings, tables and links."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    :ivar page: the file's path within the repository.
    :ivar line: where it begins.
    :ivar language: the word after the fence, or "".
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A Markdown file.

    :ivar name: its path within the repository.
    """

    name: str
    text: str

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / self.name

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks."""
        return [
            Block(self.name, self.text.count("\n", 0, found.start()) + 1, found[1], found[2])
            for found in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """Everything but the blocks."""
        return _FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        """Where its links and pictures lead to, those in HTML too."""
        bare = re.sub(r"`[^`\n]*`", "", self.prose)
        return re.findall(r"\]\(([^)\s]+)\)", bare) + re.findall(r"(?:href|src)=\"([^\"]+)\"", bare)

    @property
    def anchors(self) -> set[str]:
        """What may stand behind ``#`` in a link to it: its headings, as GitHub writes them."""
        seen: Counter[str] = Counter()
        found = set()
        for heading in re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE):
            slug = slug_of(heading)
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return found

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of the first table below a heading, without its head.

        :raises LookupError: there is no such heading, or no table below it.
        """
        _, found, rest = self.text.partition(f"# {heading}\n")
        section = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
        lines = [line for line in section.splitlines() if line.startswith("|")]
        if not found or len(lines) < 3:
            raise LookupError(f"{self.name} has no table below {heading!r}")
        return [cells(line) for line in lines[2:]]


def slug_of(heading: str) -> str:
    """The anchor that GitHub gives to a heading: links read as their words, signs are left out, blanks are hyphens."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip())
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def cells(line: str) -> list[str]:
    """The cells of a table's line; a bar that is part of a cell is written ``\\|``."""
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _pages() -> dict[str, Page]:
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("airflow_provider_frameio/**/*.md")]
    names = sorted(file.relative_to(ROOT).as_posix() for file in files)
    return {name: Page(name, (ROOT / name).read_text()) for name in names}


PAGES = _pages()
BLOCKS = [block for page in PAGES.values() for block in page.blocks]
