"""Every link in the project's Markdown leads somewhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import PAGES, ROOT, Page, cells, slug_of

# Links to elsewhere are not followed, since tests never leave this machine; a new host here is a decision.
HOSTS = {
    "airflow.apache.org",
    "cloud.google.com",
    "developer.adobe.com",
    "docs.aws.amazon.com",
    "frame.io",
    "keepachangelog.com",
    "semver.org",
    "www.astronomer.io",
}


def problems(page: Page) -> list[str]:
    """What is wrong with a page's links, in words."""
    found = []
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if parts.scheme != "https" or parts.netloc not in HOSTS:
                found.append(f"{link}: not https, or not one of HOSTS")
            continue
        target = (page.path.parent / parts.path).resolve() if parts.path else page.path
        if not target.is_relative_to(ROOT) or not target.exists():
            found.append(f"{link}: no such file")
        elif parts.fragment and target.suffix == ".md":
            other = page if target == page.path else PAGES[target.relative_to(ROOT).as_posix()]
            if parts.fragment not in other.anchors:
                found.append(f"{link}: no such heading")
        elif parts.fragment:
            found.append(f"{link}: only headings of Markdown files can be linked to")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """Files exist, headings exist, hosts are known."""
    assert problems(PAGES[name]) == []


@pytest.mark.parametrize(
    "link", ["missing.md", "#missing", "README.md#missing", "http://frame.io/", "https://example.com/", "../etc"]
)
def test_links_that_lead_nowhere_are_told(link: str) -> None:
    """Of the text and of pictures alike; what is code is no link."""
    page = Page("README.md", f"# Title\n`[not](one)` [a](#title) [b]({link}) ![c]({link})\n```text\n[no](no)\n```\n")
    assert [problem.partition(": ")[0] for problem in problems(page)] == [link, link]


def test_every_page_is_reached_from_the_readme() -> None:
    """By links, in any number of steps: nobody finds a page otherwise."""
    reached, new = set(), {"README.md"}
    while new:
        reached |= new
        leads = {
            (PAGES[name].path.parent / link.partition("#")[0]).resolve() for name in new for link in PAGES[name].links
        }
        new = {page.name for page in PAGES.values() if page.path in leads} - reached
    assert set(PAGES) - reached == set()


def test_the_readme_stays_short() -> None:
    """What does not fit belongs into docs/."""
    assert PAGES["README.md"].text.count("\n") <= 190


def test_paths_in_the_text_exist() -> None:
    """What stands in backticks and looks like a file of this repository is one."""
    for page in PAGES.values():
        for path in re.findall(r"`((?:example_dags|docs|tests|airflow_provider_frameio)/[\w./-]*)`", page.prose):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("At the limit", "at-the-limit"),
        ("`auth_type` *user*, and others", "auth_type-user-and-others"),
        ("With [a link](x.md)", "with-a-link"),
        ("HTTP & V2: what now?", "http--v2-what-now"),
    ],
)
def test_anchors_are_those_of_github(heading: str, slug: str) -> None:
    """Lower case, blanks as hyphens, signs left out; the second of two equal ones gets a number."""
    assert slug_of(heading) == slug
    assert Page("x.md", f"# {heading}\n## {heading}\n").anchors == {slug, f"{slug}-1"}


def test_a_bar_in_a_cell_is_part_of_it() -> None:
    """As Markdown has it: ``\\|``."""
    assert cells(r"| a \| b | c |") == ["a | b", "c"]
