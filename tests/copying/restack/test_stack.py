"""Stacking files and moving stacks: what was done is found, what was not is done once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.pages import Page
from airflow_provider_frameio.api.protocol import Operation
from airflow_provider_frameio.api.replies import Reply, api_error
from airflow_provider_frameio.copying.look_up import LookupPolicy
from airflow_provider_frameio.copying.restack.stack import StackRequest, ensure_moved, ensure_stacked
from tests.copying.driving import Driver

REQUEST = StackRequest("a1", "p1", ["f1", "f2"])


def status(code: int, asked: str = "it") -> errors.CallError:
    return api_error(asked, Reply(code, {}, b""))


@dataclass
class Frameio:
    """Files and stacks by their parents.

    :ivar answers: to what writes, one after another: ``made``, ``lost`` (carried out), ``late`` (carried out when the
        third look has begun), ``never`` (neither), or an error.
    :ivar trouble: for the first reads; None lets one through.
    """

    files: dict[str, str | None] = field(default_factory=lambda: {"f1": "p1", "f2": "p1"})
    stacks: dict[str, str] = field(default_factory=dict)
    answers: list[Any] = field(default_factory=lambda: ["made"])
    trouble: list[errors.FrameioError | None] = field(default_factory=list)
    looks: int = 0
    later: Callable[[], None] = lambda: None

    def __call__(self, operation: Operation[Any]) -> Any:
        words = operation.name.split()
        kind, subject = " ".join(words[:-1]), words[-1]
        if operation.request.method == "GET":
            problem = self.trouble.pop(0) if self.trouble else None
            return problem or self._read(kind, subject, operation)
        answer = self.answers.pop(0)
        if isinstance(answer, errors.FrameioError):
            return answer
        act = self._stack if kind == "create version stack" else lambda: self.stacks.update({subject: "p2"})
        if answer == "late":
            self.later = act
        elif answer != "never":
            act()
        if answer == "made":
            return self._record(subject if kind == "move version stack" else "s1")
        lost = status(502, operation.asked)
        return lost if operation.repeatable else operation.unknown(operation.asked, lost.came)

    def _read(self, kind: str, subject: str, operation: Operation[Any]) -> Any:
        if kind == "show file":
            self.looks += 1
            if self.looks == 3:
                self.later()
            known = subject in self.files
            return {"id": subject, "parent_id": self.files[subject]} if known else status(404, operation.asked)
        if subject not in self.stacks:
            return status(422 if subject.startswith("p") else 404, operation.asked)
        if kind == "show version stack":
            return self._record(subject)
        return Page(tuple({"id": name} for name, parent in self.files.items() if parent == subject), None)

    def _record(self, subject: str) -> dict[str, Any]:
        return {"id": subject, "parent_id": self.stacks[subject]}

    def _stack(self) -> None:
        self.stacks["s1"] = "p1"
        self.files.update({"f1": "s1", "f2": "s1"})


def create(frameio: Frameio, policy: LookupPolicy | None = None) -> tuple[Driver, Any]:
    """The stack and whether it was there before, or the error; and what was asked for it."""
    driver = Driver(frameio)
    try:
        return driver, driver.run(ensure_stacked(REQUEST, policy or LookupPolicy()))
    except errors.FrameioError as error:
        return driver, error


def asked(driver: Driver) -> Counter[str]:
    return Counter(" ".join(call.name.split()[:-1]) for call in driver.calls)


MADE = {"id": "s1", "parent_id": "p1"}


def test_files_that_lie_in_the_folder_are_stacked() -> None:
    """For one look before."""
    driver, made = create(Frameio())
    assert made == (MADE, False)
    assert asked(driver) == {"show file": 1, "create version stack": 1}


STACKED = {"stacks": {"s1": "p1"}, "files": {"f1": "s1", "f2": "s1", "f3": "s1"}}


def test_files_that_are_stacked_already_stay_so() -> None:
    """Also where somebody added a version since; nothing is sent."""
    driver, made = create(Frameio(**STACKED, answers=[]))
    assert made == (MADE, True)
    assert asked(driver) == {"show file": 1, "show version stack": 1, "list version stack children": 1}
    assert [pause.reason for pause in driver.pauses] == [
        "The files are in the version stack s1 already: nothing is sent."
    ]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"stacks": {"s1": "p1"}, "files": {"f1": "s1", "f2": "p1"}},
        {"stacks": {"s1": "p1", "s2": "p1"}, "files": {"f1": "s1", "f2": "s2"}},
        {"stacks": {"s1": "p9"}, "files": {"f1": "s1", "f2": "s1"}},
        {"stacks": {}, "files": {"f1": "p9", "f2": "p9"}},
        {"stacks": {}, "files": {"f1": "gone", "f2": "gone"}},
        {"stacks": {}, "files": {"f1": None, "f2": None}},
    ],
    ids=["one of them", "in two", "in another folder", "another folder", "a lost folder", "nowhere"],
)
def test_any_other_place_is_left_to_frameio_to_refuse(elsewhere: dict[str, Any]) -> None:
    """Its words tell which file is not where it should be."""
    driver, error = create(Frameio(**elsewhere, answers=[status(422)]))
    assert isinstance(error, errors.Unprocessable)
    assert asked(driver)["create version stack"] == 1


def test_a_file_that_is_not_there_is_an_error_before_anything_is_sent() -> None:
    """Of the first file; Frame.io tells of the others."""
    driver, error = create(Frameio(files={}))
    assert isinstance(error, errors.NotFound)
    assert asked(driver) == {"show file": 1}


@pytest.mark.parametrize(("answer", "looks"), [("lost", 2), ("late", 3)])
def test_a_stack_whose_answer_was_lost_is_found(answer: str, looks: int) -> None:
    """It was made, at once or a little later: it is not sent again."""
    driver, made = create(Frameio(answers=[answer]))
    assert made == (MADE, True)
    assert asked(driver)["create version stack"] == 1
    assert asked(driver)["show file"] == looks
    assert driver.pauses[-1].reason == "Found the stack whose answer was lost: s1."


@pytest.mark.parametrize(("lost", "times"), [(1, 2), (2, 3)])
def test_a_stack_that_does_not_show_is_asked_for_again(lost: int, times: int) -> None:
    """After three minutes, three times in all: a file has one parent, so no second stack can be made of it."""
    driver, made = create(Frameio(answers=[*["never"] * lost, "made"]), LookupPolicy(scale=0.5))
    assert made == (MADE, False)
    assert asked(driver)["create version stack"] == times
    assert 90 * lost <= sum(pause.seconds for pause in driver.pauses) < (90 + 15) * lost


def test_a_stack_that_never_shows_is_an_error() -> None:
    """It says what was seen, and no retry of Airflow's may follow."""
    driver, error = create(Frameio(answers=["never"] * 3))
    assert isinstance(error, errors.OutcomeUnknown)
    assert not error.transient
    assert "asked 3 times, the files were not in one version stack of the folder p1 afterwards" in str(error)
    assert asked(driver)["create version stack"] == 3


def test_a_repeat_that_is_refused_may_mean_that_the_first_one_came() -> None:
    """Its files lie in the folder no more: a look tells."""
    assert isinstance(create(Frameio(answers=["never", status(422)]))[1], errors.Unprocessable)

    def come_late(operation: Operation[Any]) -> Any:
        if operation.name.startswith("create") and len(late.answers) == 1:
            late._stack()
        return late(operation)

    late = Frameio(answers=["never", status(422)])
    assert Driver(come_late).run(ensure_stacked(REQUEST, LookupPolicy())) == (MADE, True)


def test_a_limit_without_room_is_not_looked_into() -> None:
    """Nothing was sent: whoever runs the flow waits and comes back."""
    driver, error = create(Frameio(answers=["never", errors.NoSlot("it", 60.0, 6.0, "b")]))
    assert isinstance(error, errors.NoSlot)
    assert driver.calls[-1].name.startswith("create")


def test_looks_that_fail_are_no_answer() -> None:
    """Two fail for a passing reason, the third sees the stack."""
    driver, made = create(Frameio(answers=["lost"], trouble=[None, status(503), status(429)]))
    assert made == (MADE, True)
    assert asked(driver)["create version stack"] == 1


def test_where_nobody_could_look_a_retry_may() -> None:
    """It begins with a look, so the error is one that passes."""
    driver, error = create(Frameio(answers=["lost"], trouble=[None, *[status(503)] * 100]))
    assert isinstance(error, errors.ServerError)
    assert asked(driver)["create version stack"] == 1


def test_a_look_that_is_not_allowed_ends_the_search() -> None:
    """It would be refused again."""
    driver, error = create(Frameio(answers=["lost"], trouble=[None, status(403)]))
    assert isinstance(error, errors.Forbidden)
    assert sum(pause.seconds for pause in driver.pauses) == 0


@pytest.mark.parametrize("code", [403, 429, 500])
def test_what_frameio_says_before_it_is_sent_is_passed_on(code: int) -> None:
    """The first look fails: nothing is sent."""
    driver, error = create(Frameio(trouble=[status(code)]))
    assert error.status == code
    assert asked(driver) == {"show file": 1}


@pytest.mark.parametrize(
    "request_",
    [
        StackRequest("a1", "p1", ["f1"]),
        StackRequest("a1", "p1", ["f1", "f1"]),
        StackRequest("a1", "p1", [str(number) for number in range(11)]),
        StackRequest("a1", "", ["f1", "f2"]),
    ],
)
def test_what_cannot_be_stacked_is_refused_before_anything_is_asked(request_: StackRequest) -> None:
    """Two to ten files, each once, and a folder."""
    driver = Driver(Frameio())
    with pytest.raises(errors.InvalidParameter):
        driver.run(ensure_stacked(request_, LookupPolicy()))
    assert driver.calls == []


def test_a_stack_is_asked_for_by_own_ids() -> None:
    """A call for each alias; what cannot be right is refused before."""
    own = {"adobe:p": {"id": "p1"}, "adobe:f": {"id": "f2"}}
    driver = Driver(lambda operation: own[operation.name.rsplit(" ", 1)[1]])
    made = driver.run(StackRequest.resolved("a1", "adobe:p", ["f1", "adobe:f"]))
    assert made == StackRequest("a1", "p1", ["f1", "f2"])
    assert asked(driver) == {"show folder": 1, "show file": 1}
    with pytest.raises(errors.InvalidParameter):
        driver.run(StackRequest.resolved("a1", "adobe:p", ["f1"]))
    assert len(driver.calls) == 2


def move(frameio: Frameio, parent_id: str = "p2") -> tuple[Driver, Any]:
    driver = Driver(frameio)
    try:
        return driver, driver.run(ensure_moved("a1", "s1", parent_id))
    except errors.FrameioError as error:
        return driver, error


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("made", {"show version stack": 1, "move version stack": 1}),
        ("lost", {"show version stack": 2, "move version stack": 1}),
    ],
)
def test_a_stack_is_moved(answer: str, calls: dict[str, int]) -> None:
    """Where the answer was lost, a look tells."""
    driver, stack = move(Frameio(stacks={"s1": "p1"}, answers=[answer]))
    assert stack == {"id": "s1", "parent_id": "p2"}
    assert asked(driver) == calls


def test_a_stack_that_is_there_stays_there() -> None:
    """Nothing is sent."""
    driver, stack = move(Frameio(stacks={"s1": "p2"}, answers=[]))
    assert stack == {"id": "s1", "parent_id": "p2"}
    assert asked(driver) == {"show version stack": 1}


def test_a_stack_that_did_not_move_is_an_error_that_passes() -> None:
    """A retry may send it again: it would end in the same place."""
    driver, error = move(Frameio(stacks={"s1": "p1"}, answers=["never"]))
    assert isinstance(error, errors.ServerError)
    assert asked(driver) == {"show version stack": 2, "move version stack": 1}


@pytest.mark.parametrize("code", [403, 404, 422, 429])
def test_a_move_that_was_refused_is_not_looked_into(code: int) -> None:
    """It certainly was not carried out."""
    driver, error = move(Frameio(stacks={"s1": "p1"}, answers=[status(code)]))
    assert error.status == code
    assert asked(driver) == {"show version stack": 1, "move version stack": 1}


def test_a_move_of_what_is_not_there_is_an_error() -> None:
    """A wrong id, or one that was rendered to nothing."""
    assert isinstance(move(Frameio())[1], errors.NotFound)
    driver, error = move(Frameio(stacks={"s1": "p1"}), parent_id="None")
    assert isinstance(error, errors.InvalidParameter)
    assert driver.calls == []
