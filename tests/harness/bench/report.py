"""The benchmark's tables as Markdown, and their places in pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """A table of the report.

    :ivar name: of its places in pages, between ``<!-- bench: name -->`` and ``<!-- /bench: name -->``.
    :ivar caption: a sentence above it that says what was measured.
    """

    name: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def markdown(self) -> str:
        """The caption and the table; what comes after the first column is aligned to the right."""
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        cells = [[text(cell) for cell in line] for line in lines]
        return "\n".join([self.caption, "", *(f"| {' | '.join(line)} |" for line in cells)])


@dataclass(frozen=True)
class Report:
    """What a part of the benchmark found.

    :ivar problems: bounds that this provider missed, in words.
    :ivar picture: SVG.
    """

    tables: Sequence[Table]
    problems: Sequence[str] = ()
    picture: str | None = None


def text(cell: Cell) -> str:
    """A number with as many digits as a reader can use: three that count, whole ones from 100 on."""
    if not isinstance(cell, float):
        return str(cell)
    if abs(cell) >= 100:
        return f"{cell:.0f}"
    return f"{cell:.{1 if abs(cell) >= 10 else 3 if 0.9 < abs(cell) < 1.1 else 2}f}"


def places(document: str) -> list[str]:
    """The names of the places that a document has for tables."""
    return re.findall(r"<!-- bench: (.+?) -->\n(?:.*?\n)?<!-- /bench: \1 -->", document, re.DOTALL)


def insert(document: str, table: Table) -> str:
    """The document with the table in its place, if it has one, instead of what stood there."""
    begin, end = f"<!-- bench: {table.name} -->\n", f"<!-- /bench: {table.name} -->"
    if table.name not in places(document):
        return document
    before, _, rest = document.partition(begin)
    return f"{before}{begin}\n{table.markdown()}\n\n{end}{rest.partition(end)[2]}"


def write(files: Sequence[Path], tables: Sequence[Table]) -> None:
    """Put the tables into their places in these files.

    :raises ValueError: a table has no place in any of them; nothing was written.
    """
    documents = {file: file.read_text() for file in files}
    for table in tables:
        if not any(table.name in places(document) for document in documents.values()):
            raise ValueError(f"there is no place for the table {table.name!r}")
        documents = {file: insert(document, table) for file, document in documents.items()}
    for file, document in documents.items():
        file.write_text(document)
