"""The tree of errors: as it is drawn, and what each node promises."""

from __future__ import annotations

import inspect
import re

import pytest

from airflow_provider_frameio.api import copy_errors, errors

CLASSES = {
    name: value
    for module in (errors, copy_errors)
    for name, value in vars(module).items()
    if inspect.isclass(value) and issubclass(value, errors.FrameioError)
}


def test_the_tree_is_as_it_is_drawn() -> None:
    """Every class stands in the docstring of ``errors``, below its parent."""
    drawn: dict[str, str] = {}
    parents: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        tree = re.match(r"^ {4}([│ ]*)(?:[├└]── )?((?:[A-Z]\w+(?:  |$)?)+)", line)
        if tree:
            depth = len(tree[1]) // 4 + ("──" in line)
            for name in tree[2].split():
                drawn[name] = parents.get(depth - 1, "Exception")
                parents[depth] = name
    # CallError is what most of them share, and left out of the drawing.
    real = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not errors.CallError}
    assert drawn == {name: "FrameioError" if parent == "CallError" else parent for name, parent in real.items()}


def test_errors_that_may_have_been_carried_out_are_known() -> None:
    """A call that must not be repeated becomes unknown by these and by no others."""
    ambiguous = {name for name, kind in CLASSES.items() if kind.ambiguous}
    assert ambiguous == {"NoAnswer", "UnreadableAnswer", "BadPage", "Conflict", "ServerError"}


def test_failures_of_a_call_that_pass_by_themselves_are_known() -> None:
    """An unknown outcome does not: somebody has to look."""
    transient = {name for name, kind in CLASSES.items() if kind.transient and issubclass(kind, errors.CallError)}
    ambiguous = {"NoAnswer", "UnreadableAnswer", "BadPage", "Conflict", "ServerError"}
    assert transient == ambiguous | {"NotSent", "HostUnreachable", "RateLimited", "NoSlot"}


def test_a_bad_parameter_is_a_value_error_too() -> None:
    """Callers need not know this package to catch it."""
    with pytest.raises(ValueError, match=r"^sort='x' cannot be used: give one of a, b\.$") as caught:
        raise errors.InvalidParameter("sort", "x", "give one of a, b.")
    assert isinstance(caught.value, errors.FrameioError)


def test_a_bad_connection_names_its_field() -> None:
    """And the connection."""
    error = errors.InvalidConnection("frameio_default", "host", "empty.")
    assert str(error) == "Connection 'frameio_default', field 'host': empty."
    assert (error.conn_id, error.field) == ("frameio_default", "host")


def test_a_message_is_three_sentences() -> None:
    """What was asked, what came back, what to do; without a remedy, two."""
    assert str(errors.NoAnswer("show x", "it broke.", "Try again.")) == "show x: it broke. Try again."
    assert str(errors.NoAnswer("show x", "it broke", "")) == "show x: it broke."


def test_an_unknown_outcome_says_what_a_second_attempt_could_do() -> None:
    """A copy's speaks of copying twice."""
    assert str(errors.OutcomeUnknown("move x", "no answer in time")) == (
        "move x: no answer in time. It may have been carried out: look in Frame.io before doing it again."
    )
    assert "a second attempt could copy twice" in str(errors.CopyOutcomeUnknown("copy x", "no answer in time"))
