"""What is taken from Frame.io's records, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.api.models import VersionStack, timestamp, without_creator
from airflow_provider_frameio.copying.recent_assets import identity
from airflow_provider_frameio.copying.record import CopyRecord, Snapshot

ADA = {"id": "u1", "name": "Ada", "email": "ada@studio.test"}


@pytest.mark.parametrize("url", ["https://next.frame.io/project/1", "http://127.0.0.1:8765/view/1"])
def test_a_page_is_a_web_address(url: str) -> None:
    """Frame.io's, or the emulator's."""
    assert VersionStack.from_record({"id": "s1", "view_url": url}).view_url == url


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a\nb", "", None, 5, ["https://a"]]
)
def test_nothing_else_is_a_page(url: Any) -> None:
    """A button of Airflow's page would run it."""
    assert VersionStack.from_record({"id": "s1", "view_url": url}).view_url == ""


@pytest.mark.parametrize("digits", ["", ".5", ".50", ".500000", ".5000000001", ",5", ".5" + "0" * 40])
@pytest.mark.parametrize("offset", ["Z", "+00:00", ""])
def test_a_moment_has_any_precision(digits: str, offset: str) -> None:
    """On every Python: that of 3.10 reads three digits or six, and no Z."""
    record = {"created_at": f"2026-11-25T09:00:00{digits}{offset}"}
    assert timestamp(record, "created_at") == 1795597200.0 + (0.5 if digits else 0.0)


@pytest.mark.parametrize("moment", ["", "now", None, 5])
def test_what_is_no_moment_is_none(moment: Any) -> None:
    """It decides nothing then."""
    assert timestamp({"created_at": moment}, "created_at") is None


def test_a_record_is_passed_on_without_who_made_it() -> None:
    """Names and e-mail addresses of people are nobody's business in Airflow's database."""
    record = {"id": "s1", "creator": ADA, "head_version": {"id": "f1", "creator": ADA}, "name": "Cut.mov"}
    assert without_creator(record) == {"id": "s1", "head_version": {"id": "f1"}, "name": "Cut.mov"}
    assert without_creator({"id": "s1", "head_version": None}) == {"id": "s1", "head_version": None}


def test_what_is_stored_of_a_copy_names_nobody() -> None:
    """The user who copies is known by a hash, which compares as well."""
    snapshot = Snapshot(1.0, "s1", "p1", ("Cut.mov",), identity(ADA), versions=1)
    stored = CopyRecord(snapshot).made({"id": "s2", "creator": ADA}).to_json()
    assert "ada" not in str(stored).lower()
    assert CopyRecord.from_json(stored) == CopyRecord(snapshot, copy={"id": "s2"})


def test_an_identity_is_the_same_in_any_case_of_its_letters() -> None:
    """An e-mail address is compared so."""
    assert identity({"id": "u1", "email": "ADA@Studio.test"}) == identity(ADA)
    assert identity({"id": None, "email": None}) == identity({}) == ("", "")
