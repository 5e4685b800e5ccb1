"""The moments at which the end-to-end tests kill the making of a stack anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.kills import SPEED

SLOW = {"copy_upload_seconds": 20.0 * SPEED}  # on the wall clock 20 seconds: long enough to be killed in them


@dataclass(frozen=True)
class Case:
    """A stack of so many versions, and when its task is killed: when ``route`` was called this often.

    :ivar fault: what holds the task at that call.
    """

    versions: int
    route: str
    calls: int
    fault: dict[str, Any] | None = None
    slow: bool = False


def held(versions: int, route: str, nth: int = 1, when: str = "before") -> Case:
    """Killed at a call, the nth of its route, that was carried out (``after``) or not."""
    return Case(versions, route, nth, {"kind": "hang", "route": route, "when": when, "skip": nth - 1})


CASES = {
    "waiting": Case(10, "list_files", 4, slow=True),
    "deferred": Case(10, "list_files", 4, slow=True),
    "planning": held(3, "list_files"),
    "copying": held(3, "copy_files", when="after"),
    "copying_in_vain": held(3, "copy_files"),
    "copying_the_rest": held(120, "copy_files", nth=2, when="after"),
    "stacking": held(11, "create_version_stack", when="after"),
    "stacking_in_vain": held(11, "create_version_stack"),
    "moving": held(11, "move_file", when="after"),
    "moving_in_vain": held(120, "move_file", nth=51),
    "verifying": held(10, "list_version_stack_children", nth=2),
}
