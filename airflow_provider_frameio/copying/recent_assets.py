"""The newest assets of a folder, and the server's time: how what was made of late is found again. Performs no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from airflow_provider_frameio.api.errors import UnreadableAnswer
from airflow_provider_frameio.api.models import timestamp
from airflow_provider_frameio.api.pages import Page, all_pages
from airflow_provider_frameio.api.protocol import Flow, Operation
from airflow_provider_frameio.api.replies import JsonObject

CLOCK_TOLERANCE = 5.0
"""Seconds: the server's Date is cut to the second, and its machines' clocks may differ a little."""


def newest(first: Operation[Page], since: float | None = None) -> Flow[tuple[list[JsonObject], float]]:
    """A folder's assets, newest first, and the server's time of the look.

    :param first: the first page, sorted by ``created_at_desc``.
    :param since: in the server's time; at least all assets made from then on are there. None: from the look on.
    :raises FrameioError: any page failed: a part of a list proves nothing.
    :raises UnreadableAnswer: the server does not say its time.
    """
    dates: list[float] = []

    def enough(page: Page, items: Sequence[JsonObject]) -> bool:
        """Whether no later page can hold a newer one."""
        dates.append(page.date or 0.0)
        oldest_wanted = (dates[0] if since is None else since) - CLOCK_TOLERANCE
        times = [created_at(item) for item in items]
        in_order = all(a is not None and b is not None and a >= b for a, b in pairwise(times))
        return in_order and bool(times) and (times[-1] or oldest_wanted) < oldest_wanted

    assets = yield from all_pages(first, enough)
    if not dates[0]:
        raise UnreadableAnswer(first.asked, "the answer has no Date", "Check that no proxy removes it.")
    return assets, dates[0]


def created_at(asset: JsonObject) -> float | None:
    """When it was made, in seconds since the epoch of the server; None where it does not say."""
    return timestamp(asset, "created_at")


def is_new(asset: JsonObject, since: float) -> bool:
    """Whether it may have been made since a moment of the server's."""
    made = created_at(asset)
    return made is None or made >= since - CLOCK_TOLERANCE


def identity(user: JsonObject) -> tuple[str, str]:
    """Who somebody is, as far as it is remembered: the id, and a hash of the e-mail address; "" for what is unknown."""
    email = str(user.get("email") or "").casefold()
    return str(user.get("id") or ""), hashlib.sha256(email.encode()).hexdigest()[:16] if email else ""


def may_be_mine(creator: object, me: tuple[str, str]) -> bool:
    """False only where the creator is known to be somebody else: ids of two kinds say nothing about each other.

    :param me: see ``identity``.
    """
    if not isinstance(creator, dict):
        return True
    my_id, my_email = me
    their_id, their_email = identity(creator)
    if my_id and my_id == their_id:
        return True
    if my_email and their_email:
        return my_email == their_email
    # A profile's id is a UUID, a creator's may be Adobe's own, which has an "@".
    return not (my_id and their_id) or ("@" in my_id) != ("@" in their_id)
