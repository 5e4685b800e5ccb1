"""``FrameioListVersionStacksOperator`` in DAG runs against the emulator."""

from __future__ import annotations

import pytest

from airflow_provider_frameio.emulator.server import Emulator
from tests.inline import InlineAirflow


@pytest.fixture
def folder(frameio: Emulator) -> str:
    """A folder with four stacks: two finals, of which one is old, a draft, and one in a subfolder."""
    folder_id: str = frameio.seed_folder(frameio.description()["folders"]["source"], "Finished")["id"]
    frameio.seed_version_stack(folder_id, "Old_FINAL.mov", versions=1, age=3 * 86400)
    frameio.seed_version_stack(folder_id, "Hero_final.mov", versions=2)
    frameio.seed_version_stack(folder_id, "Hero_draft.mov", versions=1)
    inner = frameio.seed_folder(folder_id, "Inner")["id"]
    frameio.seed_version_stack(inner, "Inner_final.mov", versions=1)
    return folder_id


YESTERDAY = "2026-01-04T00:00:00+00:00"  # the emulator's time begins on the day after


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", ["Old_FINAL.mov", "Hero_final.mov", "Hero_draft.mov"]),
        ("sort='{{ params.sort }}'", ["Hero_draft.mov", "Hero_final.mov", "Old_FINAL.mov"]),
        ("sort='name_asc'", ["Hero_draft.mov", "Hero_final.mov", "Old_FINAL.mov"]),
        ("name_pattern='{{ params.pattern }}'", ["Old_FINAL.mov", "Hero_final.mov"]),
        ("name_pattern=['hero*', 'old*'], updated_since='{{ params.since }}'", ["Hero_final.mov", "Hero_draft.mov"]),
        ("updated_since=datetime.datetime(2026, 1, 4, tzinfo=datetime.timezone.utc), name_pattern='old*'", []),
    ],
)
def test_lists_the_ids_of_what_is_asked_for(
    airflow: InlineAirflow, frameio: Emulator, folder: str, arguments: str, names: list[str]
) -> None:
    """Of the folder itself, by patterns and time, in the order asked for; the XCom tells which they are."""
    outcome = airflow.run(
        f"FrameioListVersionStacksOperator(task_id='list', folder_id='{{{{ params.folder }}}}', {arguments})",
        options={"params": {"folder": folder, "pattern": "*_final.*", "since": YESTERDAY, "sort": "name_asc"}},
    )
    shown = outcome.xcom("list", "version_stacks")
    assert outcome.task("list") == "success"
    assert [stack["name"] for stack in shown] == names
    assert [stack["id"] for stack in shown] == outcome.xcom("list")
    assert all(set(stack) == {"id", "name", "view_url", "updated_at"} for stack in shown)
    assert f"{len(names)} of the 3 version stacks" in outcome.log


def test_airflows_own_times_can_be_used(airflow: InlineAirflow, frameio: Emulator, folder: str) -> None:
    """A template of Airflow's renders to text with an offset; long ago everything is later."""
    outcome = airflow.run(
        """
        FrameioListVersionStacksOperator(
            task_id="list", folder_id=FOLDER,
            updated_since="{{ (dag_run.start_date - macros.timedelta(days=36500)) }}",
        )
        FrameioListVersionStacksOperator(task_id="native", folder_id=FOLDER, updated_since="{{ dag_run.start_date }}")
        """,
        options={"render_template_as_native_obj": True},
        FOLDER=folder,
    )
    assert (outcome.task("list"), outcome.task("native")) == ("success", "success")
    assert len(outcome.xcom("list")) == 3


def test_what_is_listed_is_mapped_over(airflow: InlineAirflow, frameio: Emulator, folder: str) -> None:
    """A copy for each; nothing found skips the mapped task."""
    outcome = airflow.run(
        """
        found = FrameioListVersionStacksOperator(task_id="list", folder_id=FOLDER, name_pattern="hero*")
        FrameioCopyVersionStackOperator.partial(task_id="copy", parent_id=TARGET, poll_interval=0.05).expand(
            version_stack_id=found.output
        )
        none = FrameioListVersionStacksOperator(task_id="none", folder_id=FOLDER, name_pattern="villain*")
        FrameioMoveVersionStackOperator.partial(task_id="move", parent_id=TARGET).expand(version_stack_id=none.output)
        """,
        FOLDER=folder,
        TARGET=frameio.description()["folders"]["target"],
    )
    assert [outcome.task("copy", index) for index in range(2)] == ["success", "success"]
    assert outcome.xcom("none") == []
    assert outcome.task("move") == "skipped"


def test_is_itself_mapped_over_folders(airflow: InlineAirflow, frameio: Emulator, folder: str) -> None:
    """An empty folder has no stacks, which is no error."""
    empty = frameio.seed_folder(folder, "Empty")["id"]
    outcome = airflow.run(
        "FrameioListVersionStacksOperator.partial(task_id='list', name_pattern='*').expand(folder_id=FOLDERS)",
        FOLDERS=[folder, empty],
    )
    assert [len(outcome.xcom("list", map_index=index)) for index in range(2)] == [3, 0]


@pytest.fixture
def reviewed(frameio: Emulator) -> str:
    """A folder of six stacks: one approved, one in review, one of each in Austria, one rated by Ada, one untouched."""
    folder_id: str = frameio.seed_folder(frameio.description()["folders"]["source"], "Reviewed")["id"]
    frameio.seed_metadata_field("Territory", "select_multi", options=["DE", "AT"])
    frameio.seed_metadata_field("Stars", "rating")
    frameio.seed_metadata_field("Reviewer", "user_single")
    for name, metadata in {
        "Approved.mov": {"Status": "Approved"},
        "In review.mov": {"Status": "Needs Review", "Territory": ["DE"]},
        "Approved AT.mov": {"Status": "Approved", "Territory": ["DE", "AT"]},
        "In review AT.mov": {"Status": "Needs Review", "Territory": ["AT"]},
        "Rated.mov": {"Stars": 4, "Reviewer": frameio.user["id"]},
        "Untouched.mov": {},
    }.items():
        frameio.seed_version_stack(
            folder_id, name, versions=[{"metadata": {"Status": "Approved"}}, {"metadata": metadata}]
        )
    return folder_id


@pytest.mark.parametrize("shown", ["both", "stack", "head"])
@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ("{'Status': 'Approved'}", ["Approved.mov", "Approved AT.mov"]),
        ("{'Status': 'Approved', 'Territory': '{{ params.territory }}'}", ["Approved AT.mov"]),
        ("{'Status': ['Approved', 'Needs Review'], 'Territory': ['AT']}", ["Approved AT.mov", "In review AT.mov"]),
        ("{'Stars': [4, 5], 'Reviewer': 'ada@studio.example'}", ["Rated.mov"]),
        ("{'Stars': '{{ 5 }}'}", []),
    ],
)
def test_lists_what_has_the_wanted_metadata(
    airflow: InlineAirflow, frameio: Emulator, reviewed: str, metadata: str, names: list[str], shown: str
) -> None:
    """Wherever Frame.io shows it; older versions do not count. Nothing found is no error."""
    frameio.configure(metadata_shown=shown)
    outcome = airflow.run(
        f"FrameioListVersionStacksOperator(task_id='list', folder_id=FOLDER, metadata={metadata})",
        options={"params": {"territory": "AT"}},
        FOLDER=reviewed,
    )
    assert outcome.task("list") == "success", outcome.log
    assert [stack["name"] for stack in outcome.xcom("list", "version_stacks")] == names
    assert outcome.xcom("list") == [stack["id"] for stack in outcome.xcom("list", "version_stacks")]


def test_metadata_costs_no_call_for_a_stack(airflow: InlineAirflow, frameio: Emulator, reviewed: str) -> None:
    """A page holds a hundred stacks; the fields and, by name, the users are asked for once."""
    frameio.clear_requests()
    for number in range(120):
        frameio.seed_version_stack(reviewed, f"{number}.mov", versions=1)
    outcome = airflow.run(
        """
        @task
        def wanted():
            return {"Reviewer": "Ada Editor"}

        FrameioListVersionStacksOperator(task_id='list', folder_id=FOLDER, name_pattern="rated*", metadata=wanted())
        """,
        FOLDER=reviewed,
    )
    asked = [request.route for request in frameio.requests if request.route != "ims_token"]
    assert asked == ["list_field_definitions", "list_users", "list_version_stacks", "list_version_stacks"]
    assert len(outcome.xcom("list")) == 1


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (
            "{'Stauts': 'Approved'}",
            "there is no such metadata field. There are: Campaign, Cut, Delivered, Reviewer, Sta",
        ),
        (
            "{'Status': 'Done'}",
            "metadata['Status']='Done' cannot be used: there is no such option. There are: In Progress, N",
        ),
        ("{'Reviewer': 'Eve'}", "the account has no user of this name or e-mail address"),
    ],
)
def test_metadata_that_is_not_there_fails_before_anything_is_listed(
    airflow: InlineAirflow, frameio: Emulator, reviewed: str, metadata: str, words: str
) -> None:
    """For good, with the names that there are."""
    outcome = airflow.run(
        f"FrameioListVersionStacksOperator(task_id='list', folder_id=FOLDER, retries=3, metadata={metadata})",
        FOLDER=reviewed,
    )
    assert outcome.task("list") == "failed"
    assert words in outcome.log
    assert "list_version_stacks" not in [request.route for request in frameio.requests]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("folder_id='{{ params.nothing }}'", "folder_id='' cannot be used: no id was given"),
        ("folder_id=FOLDER, name_pattern='{{ params.nothing }}'", "name_pattern='' cannot be used: give patterns"),
        ("folder_id=FOLDER, updated_since='{{ params.nothing }}'", "updated_since='' cannot be used: give a time"),
        ("folder_id=FOLDER, name_pattern='{{ none }}'", "name_pattern='None' cannot be used: give patterns"),
        ("folder_id=FOLDER, name_pattern='{{ [1, \"a\"][1:] }}'", "cannot be used: give patterns"),
        ("folder_id=FOLDER, name_pattern=None", "name_pattern=None cannot be used: give a list"),
        ("folder_id=FOLDER, updated_since=None", "updated_since=None cannot be used: give a time"),
        ("folder_id=FOLDER, metadata=None", "metadata=None cannot be used: give a dict"),
        ("folder_id=FOLDER, metadata='{{ params }}'", "cannot be used: give a dict of fields and their values"),
        ("folder_id=FOLDER, metadata={'A': '{{ params.nothing }}'}", "metadata['A']='' cannot be used: no value"),
        ("folder_id=FOLDER, sort='{{ params.nothing }}'", "sort='' cannot be used: give one of"),
        ("folder_id=FOLDER, updated_since='{{ ds }}'", "give its offset from UTC too"),
        ("folder_id=FOLDER, updated_since=datetime.datetime(2026, 1, 4)", "give its offset from UTC too"),
        ("folder_id=FOLDER, account_id='a b'", "account_id='a b' cannot be used: an id has no blanks"),
    ],
)
def test_a_bad_value_fails_before_anything_is_asked_of_frameio(
    airflow: InlineAirflow, frameio: Emulator, folder: str, arguments: str, words: str
) -> None:
    """A filter that came to nothing must not list everything."""
    outcome = airflow.run(
        f"FrameioListVersionStacksOperator(task_id='list', retries=3, {arguments})",
        options={"params": {"nothing": ""}},
        FOLDER=folder,
    )
    assert outcome.task("list") == "failed"
    assert words in outcome.log
    assert [request.route for request in frameio.requests if request.route != "ims_token"] == []


def test_what_is_written_in_the_dag_and_cannot_be_right_is_its_import_error(airflow: InlineAirflow) -> None:
    """It needs no run to be seen."""
    with pytest.raises(ValueError, match="metadata='Approved' cannot be used: give a dict"):
        airflow.run("FrameioListVersionStacksOperator(task_id='list', folder_id='f', metadata='Approved')")
    with pytest.raises(ValueError, match="sort='size' cannot be used: give one of name_asc"):
        airflow.run("FrameioListVersionStacksOperator(task_id='list', folder_id='f', sort='size')")


def test_a_list_that_cannot_be_read_to_its_end_is_an_error(
    airflow: InlineAirflow, frameio: Emulator, folder: str
) -> None:
    """Half a folder is not a folder; a wrong one is final."""
    outcome = airflow.run(
        """
        FrameioListVersionStacksOperator(task_id="wrong", folder_id=STACK, retries=3)
        """,
        STACK=frameio.description()["version_stacks"][0],
    )
    assert outcome.task("wrong") == "failed"
    assert "Frame.io answered 422" in outcome.log
    assert outcome.xcom("wrong") is None
