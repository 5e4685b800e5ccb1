"""Somebody reads the site that ``make docs`` builds, without a network."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("playwright", reason="`make browser` has an environment of its own")

from playwright.sync_api import expect

from tests.browser.chromium import chromium, talked_to
from tests.docs.pages import PAGES, ROOT
from tests.harness.site import PUBLIC

if TYPE_CHECKING:
    from playwright.sync_api import Page

SITE = ROOT / "build/site"
OPERATOR = "FrameioCopyVersionStackOperator"
# Sphinx makes these by itself.
INDEXES = {"genindex.html", "py-modindex.html", "search.html"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Links(HTMLParser):
    """What a page loads, where its links lead, and what in it can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.links: set[str] = set()
        self.anchors = {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if "src" in given:
            self.loaded.add(given["src"])
        if "href" in given:
            (self.links if tag == "a" else self.loaded).add(given["href"])


@cache
def read(path: Path) -> Links:
    return Links(path)


def html_files() -> list[Path]:
    found = sorted(SITE.rglob("*.html"))
    assert found, "build/site is not there: run this by `make browser`, which builds it first"
    return found


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The site over a server on this machine."""
    html_files()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def net_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site") / "net-log.json"


@pytest.fixture(scope="module")
def page(net_log: Path) -> Iterator[Page]:
    """One tab, for all of these tests."""
    with chromium(net_log) as browser:
        size = {"width": 1280, "height": 900}
        yield browser.new_context(viewport=size, color_scheme="light", locale="en-US").new_page()  # type: ignore[arg-type]


def test_the_site_has_the_pages_of_the_repository_and_no_others() -> None:
    """Beside them a reference of each public module, the listing of a folder, and Sphinx's indexes."""
    pages = {"index.html" if name == "README.md" else f"{name.removesuffix('.md')}.html" for name in PAGES}
    reference = {f"api/{module}.html" for module in PUBLIC}
    there = {path.relative_to(SITE).as_posix() for path in html_files()}
    assert there == pages | reference | INDEXES | {"example_dags/index.html"}


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No font, script, style or picture: neither by a page nor by a style."""
    styles = "".join(path.read_text() for path in SITE.rglob("*.css"))
    loaded = {address for path in html_files() for address in read(path).loaded}
    loaded |= set(re.findall(r"(?:url\(|@import) *[\"']?([^\"')]+)", styles))
    assert [address for address in loaded if urlsplit(address).scheme in ("http", "https")] == []
    assert [address for address in loaded if address.startswith("//")] == []


def test_every_link_leads_to_a_page_and_a_heading() -> None:
    """Within the site; where others lead is checked in the pages."""
    for path in html_files():
        for link in read(path).links | read(path).loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), f"{path}: {link}"
            if target.suffix == ".html":
                assert unquote(parts.fragment) in read(target).anchors, f"{path}: {link}"


def test_a_search_finds_the_page(page: Page, url: str) -> None:
    """Typed into the field beside any page."""
    page.goto(f"{url}/index.html")
    page.get_by_role("textbox", name="Search").fill("retry")
    page.keyboard.press("Enter")
    expect(page.get_by_text("matching the search query")).to_be_visible()
    page.locator("#search-results").get_by_role("link", name="Guarantees and their limits").click()
    expect(page.get_by_role("heading", name="Retries and clears")).to_be_visible()


def test_the_reference_of_an_operator_describes_its_parameters(page: Page, url: str) -> None:
    """All that the operator guide lists, by a click from the first page."""
    page.goto(f"{url}/index.html")
    page.get_by_role("link", name="operators.version_stacks").click()
    entry = page.locator("dl.class").filter(has=page.locator(f"dt[id$='.{OPERATOR}']"))
    parameters = entry.locator("dl.field-list").first.locator("li > p > strong")
    expect(parameters.first).to_be_visible()
    described = set(parameters.all_text_contents())
    assert described == {row[0].strip("`") for row in PAGES["docs/operators.md"].rows(OPERATOR)}


@pytest.mark.parametrize("name", ["index", "docs/connection", "docs/pacing", "docs/architecture"])
def test_the_pictures_of_a_page_show(page: Page, url: str, name: str) -> None:
    """Each of them has a size."""
    page.goto(f"{url}/{name}.html")
    images = page.locator("article img")
    assert images.count() > 0
    for image in images.all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth") > 0


def test_the_browser_never_left_this_machine(page: Page, net_log: Path) -> None:
    """Runs last: its log is complete when it has ended."""
    assert page.context.browser is not None
    page.context.browser.close()
    assert talked_to(net_log) == {"127.0.0.1"}
