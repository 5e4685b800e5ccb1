"""The moments at which the end-to-end tests kill a copy, and what each death must lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

COPY, LIST, CHILDREN = "copy_version_stack", "list_version_stacks", "list_version_stack_children"
SPEED = 20
SLOW = {"copy_upload_seconds": 30.0 * SPEED}  # on the wall clock 30 seconds: long enough to be killed in them


@dataclass(frozen=True)
class Case:
    """How a task is disturbed, and what that must lead to.

    :ivar faults: what holds the task at the moments in question.
    :ivar moments: each has come when this route was called this often.
    :ivar settings: of its Frame.io.
    :ivar copies: for each copy that was sent in the end, whether the server carried it out.
    :ivar tries: of the task, in all; Airflow may add some of its own on a busy machine.
    :ivar looks: whether a retry must look for the copy where a record of it is kept; elsewhere every retry must.
    """

    faults: tuple[dict[str, Any], ...] = ()
    moments: tuple[tuple[str, int], ...] = ((COPY, 1),)
    settings: dict[str, Any] = field(default_factory=dict)
    copies: tuple[bool, ...] = (True,)
    tries: int = 2
    looks: bool = True


COPIED_BUT_SILENT = {"kind": "hang", "route": COPY, "when": "after"}
REFUSED_FOR_LONG = {"kind": "status", "status": 429, "route": COPY, "headers": {"Retry-After": "25"}}
# In the order in which they are disturbed: those first that do not stand still until then.
CASES = {
    "after_the_answer": Case(({"kind": "slow_body", "route": COPY, "seconds": 4.0 * SPEED},), settings=SLOW),
    "while_waiting": Case(moments=((CHILDREN, 3),), settings=SLOW, looks=False),
    "while_deferred": Case(moments=((CHILDREN, 3),), settings=SLOW, tries=1, looks=False),
    # Its triggerer is killed together with the one before.
    "in_the_gate": Case((REFUSED_FOR_LONG,), (), copies=(False, True), tries=1, looks=False),
    "before_sent": Case(({"kind": "hang", "route": LIST},), moments=((LIST, 1),), looks=False),
    "before_the_server_acts": Case(({"kind": "hang", "route": COPY},), copies=(False, True)),
    "after_the_server_acted": Case((COPIED_BUT_SILENT,)),
    "during_the_answer": Case(({"kind": "slow_body", "route": COPY, "seconds": 120.0 * SPEED},)),
    "after_the_server_acted_and_while_looking": Case(
        (COPIED_BUT_SILENT, {"kind": "hang", "route": LIST, "skip": 1}), moments=((COPY, 1), (LIST, 2)), tries=3
    ),
    # Not killed. Eleven looks in a row fail, each with four attempts; before them the source's versions are listed.
    "failing_while_waiting": Case(({"kind": "drop", "route": CHILDREN, "skip": 1, "times": 44},), (), looks=False),
}
BRIEF = ("while_deferred", "before_the_server_acts", "after_the_server_acted")
"""Without ``--whole``: a triggerer and two workers die, one whose copy was never made and one whose copy was."""
