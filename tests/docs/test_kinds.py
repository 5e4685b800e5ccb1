"""No block of code in any page is left untried."""

from __future__ import annotations

import pytest

from tests.docs import test_commands, test_python, test_stored
from tests.docs.kinds import kind_of
from tests.docs.pages import BLOCKS, PAGES, Block

TRIED = {*test_python.KINDS, *test_commands.KINDS, *test_stored.KINDS}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_of_a_kind_that_is_tried(block: Block) -> None:
    """Each kind has its tests in this package."""
    assert kind_of(block) in TRIED


def test_every_fence_is_a_block() -> None:
    """An indented fence, or one that is never closed, would be no block and go untried."""
    for page in PAGES.values():
        assert page.text.count("```") == 2 * len(page.blocks), page.name
        assert "~~~" not in page.text


@pytest.mark.parametrize(
    ("language", "text"), [("", "x"), ("yaml", "x: 1"), ("shell", "rm -rf /\n"), ("shell", "make a\nmake b\n")]
)
def test_an_unknown_block_is_told(language: str, text: str) -> None:
    """By its place."""
    with pytest.raises(LookupError, match=r"x\.md:7"):
        kind_of(Block("x.md", 7, language, text))


def test_what_is_only_shown_is_little() -> None:
    """Indented code, which no test sees, is not used: a fence says what it is."""
    for page in PAGES.values():
        assert not [line for line in page.prose.splitlines() if line.startswith("    ") and "|" not in line], page.name
