"""Events of assets: what a copying task's outlets are told of its copies."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_frameio.assets import version_stack_uri
from airflow_provider_frameio.emulator.server import Emulator
from tests.harness.configuration import DAG_TEST_FORGETS, IS_AIRFLOW_2, KEEPS_RECORDS
from tests.inline import InlineAirflow

MODES = pytest.mark.parametrize("deferrable", [False, True])


def demo(frameio: Emulator) -> dict[str, Any]:
    """A stack of five versions, all stacks, and a folder."""
    description = frameio.description()
    return {
        "SOURCE": description["version_stacks"][0],
        "STACKS": description["version_stacks"][:3],
        "TARGET": description["folders"]["target"],
    }


@MODES
def test_an_asset_is_told_of_the_copy(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """Of each outlet, whatever its URI: source, copy, page and number of versions; also where the task was deferred."""
    frameio.configure(copy_upload_seconds=60)
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.02, deferrable=DEFERRABLE,
            outlets=[Asset("frameio://a1/" + TARGET), Asset("s3://delivery/spring"), {"not": "an asset"}],
        )
        """,
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    copy_id, url = outcome.xcom("copy"), outcome.xcom("copy", "frameio_url")
    extra = {
        "source_version_stack_id": demo(frameio)["SOURCE"],
        "version_stack_id": copy_id,
        "url": url,
        "versions": 5,
    }
    if deferrable and DAG_TEST_FORGETS and not KEEPS_RECORDS:  # tests/e2e shows that a real Airflow does not
        extra |= {"url": "", "versions": None}
    assert outcome.task("copy") == "success"
    assert sorted(outcome.events, key=str) == [
        (f"frameio://a1/{demo(frameio)['TARGET']}", extra),
        ("s3://delivery/spring", extra),
    ]


@MODES
def test_an_alias_stands_for_the_copys_own_asset(airflow: InlineAirflow, frameio: Emulator, deferrable: bool) -> None:
    """Which did not exist before: another DAG can wait for the alias and read from the URI what there is."""
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE,
            outlets=[AssetAlias("delivered")],
        )
        """,
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    ((uri, extra),) = outcome.events
    assert uri == version_stack_uri(frameio.account_id, outcome.xcom("copy"))
    assert extra["version_stack_id"] == outcome.xcom("copy")
    assert extra["source_version_stack_id"] == demo(frameio)["SOURCE"]


@pytest.mark.parametrize("deferrable", [False, True] if KEEPS_RECORDS else [False])
def test_many_copies_are_one_event_of_an_asset_and_many_of_an_alias(
    airflow: InlineAirflow, frameio: Emulator, deferrable: bool
) -> None:
    """The one lists them, in the order of the sources."""
    outcome = airflow.run(
        """
        FrameioBulkCopyVersionStacksOperator(
            task_id="copy", version_stacks=STACKS, parent_id=TARGET, poll_interval=0.05, deferrable=DEFERRABLE,
            outlets=[Asset("archive"), AssetAlias("archived")],
        )
        """,
        DEFERRABLE=deferrable,
        **demo(frameio),
    )
    copies = outcome.xcom("copy")
    events = dict(outcome.events)
    archive = events.pop("archive")
    assert archive["copied"] == 3
    assert [copy["version_stack_id"] for copy in archive["copies"]] == copies
    assert [copy["source_version_stack_id"] for copy in archive["copies"]] == demo(frameio)["STACKS"]
    assert all(copy["url"].startswith("http") and copy["versions"] > 0 for copy in archive["copies"])
    assert events == {
        version_stack_uri(frameio.account_id, copy["version_stack_id"]): copy for copy in archive["copies"]
    }


def test_a_stack_that_was_made_anew_is_told_of_as_well(airflow: InlineAirflow, frameio: Emulator) -> None:
    """However the copy was made."""
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, strategy="restack", poll_interval=0.05,
            outlets=[Asset("made anew")],
        )
        """,
        **demo(frameio),
    )
    ((_, extra),) = outcome.events
    assert extra == {
        "source_version_stack_id": demo(frameio)["SOURCE"],
        "version_stack_id": outcome.xcom("copy"),
        "url": outcome.xcom("copy", "frameio_url"),
        "versions": 5,
    }


def test_mapped_copies_are_told_apart(airflow: InlineAirflow, frameio: Emulator) -> None:
    """Each task instance makes its own event."""
    outcome = airflow.run(
        """
        FrameioCopyVersionStackOperator.partial(
            task_id="copy", parent_id=TARGET, poll_interval=0.05, outlets=[AssetAlias("delivered")]
        ).expand(version_stack_id=STACKS)
        """,
        **demo(frameio),
    )
    copies = {outcome.xcom("copy", map_index=index) for index in range(3)}
    assert {uri for uri, _ in outcome.events} == {version_stack_uri(frameio.account_id, copy) for copy in copies}


def test_a_copy_that_fails_is_no_event(airflow: InlineAirflow, frameio: Emulator) -> None:
    """As everywhere in Airflow."""
    outcome = airflow.run(
        """
        FrameioBulkCopyVersionStacksOperator(
            task_id="bulk", version_stacks=[SOURCE, TARGET], parent_id=TARGET, outlets=[Asset("archive")]
        )
        FrameioCopyVersionStackOperator(task_id="copy", version_stack_id=TARGET, outlets=[AssetAlias("delivered")])
        """,
        **demo(frameio),
    )
    assert (outcome.task("bulk"), outcome.task("copy")) == ("failed", "failed")
    assert outcome.events == []


@pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no references")
def test_an_asset_may_be_named_by_a_reference(airflow: InlineAirflow, frameio: Emulator) -> None:
    """To one that another task of the DAG defines."""
    outcome = airflow.run(
        """
        @task(outlets=[Asset(name="delivery", uri="s3://delivery/autumn")])
        def define():
            pass

        define() >> FrameioCopyVersionStackOperator(
            task_id="copy", version_stack_id=SOURCE, parent_id=TARGET, poll_interval=0.05,
            outlets=[Asset.ref(name="delivery")],
        )
        """,
        **demo(frameio),
    )
    assert outcome.task("copy") == "success"
    assert outcome.events[-1][1]["version_stack_id"] == outcome.xcom("copy")
