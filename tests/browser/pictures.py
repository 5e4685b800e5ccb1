"""Pictures of the pages that the test comes by, small enough for a README."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

MAX_BYTES = 150_000
_MARGIN = 12


@dataclass(frozen=True)
class Pictures:
    """Takes the pictures of one Airflow.

    :ivar folder: where to.
    :ivar suffix: ends their names.
    """

    page: Page
    folder: Path
    suffix: str

    @contextmanager
    def window(self, height: int) -> Iterator[None]:
        """Make the browser's window so many pixels high for the block."""
        usual = self.page.viewport_size
        assert usual is not None
        self.page.set_viewport_size({"width": usual["width"], "height": height})
        yield
        self.page.set_viewport_size(usual)

    def take(self, name: str, *parts: Locator) -> None:
        """Picture what is in the window: all of it, or what these parts span, with a little of what surrounds them."""
        self.page.evaluate("document.activeElement?.blur()")
        self.page.wait_for_timeout(1000)  # what moves into its place has arrived
        window = self.page.viewport_size
        assert window is not None
        boxes = [box for part in parts if (box := part.bounding_box())]
        left, top, right, bottom = 0.0, 0.0, float(window["width"]), float(window["height"])
        if boxes:
            left = max(left, min(box["x"] for box in boxes) - _MARGIN)
            top = max(top, min(box["y"] for box in boxes) - _MARGIN)
            right = min(right, max(box["x"] + box["width"] for box in boxes) + _MARGIN)
            bottom = min(bottom, max(box["y"] + box["height"] for box in boxes) + _MARGIN)
        path = self.folder / f"{name}-{self.suffix}.png"
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        self.page.screenshot(path=path, clip=clip, animations="disabled", caret="hide")
        size = path.stat().st_size
        assert size <= MAX_BYTES, f"{path}: {size} bytes; at most {MAX_BYTES}"
