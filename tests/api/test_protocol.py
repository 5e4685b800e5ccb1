"""A call as a value."""

from __future__ import annotations

import dataclasses

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.protocol import Operation, Request
from airflow_provider_frameio.api.replies import PageProblem, Reply


def operation() -> Operation[int]:
    return Operation("show x", Request("GET", "/v4/x"), lambda reply: len(reply.body), repeatable=True)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_read(status: int) -> None:
    """What it means is the operation's to say."""
    assert operation().result(Reply(status, {}, b"1234")) == 4


@pytest.mark.parametrize("status", [199, 300, 400, 500])
def test_any_other_status_is_refused(status: int) -> None:
    """By the operation's own maker of errors."""

    def refuse(asked: str, reply: Reply) -> errors.CallError:
        return errors.CallError(asked, f"no {reply.status}", "Go away.")

    own = dataclasses.replace(operation(), refuse=refuse)
    with pytest.raises(errors.CallError, match=rf"^show x \(GET /v4/x\): no {status}\. Go away\.$"):
        own.result(Reply(status, {}, b""))


@pytest.mark.parametrize(
    ("problem", "kind"), [(ValueError("odd"), errors.UnreadableAnswer), (PageProblem("odd"), errors.BadPage)]
)
def test_what_cannot_be_read_is_an_error_of_the_api(problem: ValueError, kind: type[errors.UnreadableAnswer]) -> None:
    """The reader's own complaint is kept as its cause."""

    def read(reply: Reply) -> int:
        raise problem

    with pytest.raises(errors.UnreadableAnswer) as caught:
        dataclasses.replace(operation(), read=read).result(Reply(200, {}, b""))
    assert type(caught.value) is kind
    assert caught.value.__cause__ is caught.value.__context__ is None, "their frames hold the answer"
    assert "the answer 200 cannot be used: odd." in str(caught.value)


def test_what_may_be_secret_is_not_shown() -> None:
    """The form holds the client's secret."""
    request = Request("POST", "/ims/token/v3", form={"client_secret": "p8e-hidden"})
    assert "p8e-hidden" not in repr(dataclasses.replace(operation(), request=request))
