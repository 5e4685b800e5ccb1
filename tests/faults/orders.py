"""Orders for the emulator: how an answer to a copy gets lost, and when the copy is made all the same."""

from __future__ import annotations

from typing import Any

SILENCE = "no answer in time"
"""The only one that truly takes time, so it is not combined with everything else."""
LOST: dict[str, dict[str, Any]] = {
    **{str(status): {"kind": "status", "status": status} for status in (500, 502, 503, 408, 409)},
    "dropped": {"kind": "drop"},
    SILENCE: {"kind": "hang"},
    "truncated": {"kind": "truncated_body"},
}
EDGES = ("500", SILENCE)
"""One that is answered and one that is not."""
MOMENTS = ("before", "after", "late")
"""``before``: never made; ``after``: made, then the answer is lost; ``late``: made 20 s after it was lost."""


def lost(how: str, when: str, **more: Any) -> dict[str, Any]:
    """The order for a copy whose answer is lost."""
    return {"route": "copy_version_stack", "when": when, **LOST[how], **more}
