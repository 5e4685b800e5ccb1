"""The tree of errors: as it is drawn, and what each node promises."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import multiprocessing
import pickle
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import airflow_provider_frameio
from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.foreign import Problem
from airflow_provider_frameio.api.replies import Reply
from airflow_provider_frameio.probe.steps import Refused
from tests.harness.patience import PATIENCE

CLASSES = {
    name: value
    for name, value in vars(errors).items()
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
    assert ambiguous == {"NoAnswer", "UnreadableAnswer", "BadPage", "Conflict", "Redirected", "ServerError"}


def test_failures_of_a_call_that_pass_by_themselves_are_known() -> None:
    """An unknown outcome does not: somebody has to look."""
    transient = {name for name, kind in CLASSES.items() if kind.transient and issubclass(kind, errors.CallError)}
    ambiguous = {"NoAnswer", "UnreadableAnswer", "BadPage", "Conflict", "ServerError"}
    assert transient == ambiguous | {"NotSent", "HostUnreachable", "RateLimited", "NoSlot", "NoUserToken"}


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


ANY_CALL = ("show x", "it broke", "Try again.")
PROBLEMS = [Problem("Bad", "odd", "/data/id")]
VALUES: dict[str, errors.FrameioError] = {
    type(error).__name__: error
    for error in (
        errors.FrameioError("odd"),
        errors.InvalidParameter("sort", {"x": object}, "give one of a, b."),
        errors.InvalidConnection("frameio_default", "host", "empty."),
        errors.CallError(*ANY_CALL),
        errors.NotSent(*ANY_CALL),
        errors.HostUnreachable(*ANY_CALL),
        errors.TlsFailed(*ANY_CALL),
        errors.NoSlot("copy x", 7.5, 6.0, "POST /v4/{}"),
        errors.NoAnswer(*ANY_CALL),
        errors.UnreadableAnswer(*ANY_CALL),
        errors.BadPage(*ANY_CALL),
        errors.Redirected("show x", 302, "https://login.example/"),
        *(
            kind("show x", 400, PROBLEMS, request_id="r-1", retry_after=7.0)
            for kind in (errors.ApiError, *errors.ApiError.__subclasses__())
        ),
        errors.ImsError("get a token", "invalid_client", "odd", "Check Login."),
        errors.OutcomeUnknown("move x", "no answer in time"),
        errors.CopyOutcomeUnknown("copy x", "no answer in time"),
        errors.CopyNeedsHelp("several"),
        errors.NotMirrored("why"),
        errors.TurnTimeout("late"),
        errors.CopyIncomplete("odd"),
        errors.CopyFailed("gone"),
        errors.CopyTimeout("late"),
        errors.CopyUnseen("unseen"),
        Refused("show x", Reply(400, {"date": "x"}, b"odd")),
        errors.NoUserToken("expired", "Refresh it."),
        errors.TokenNotKept("hidden", "Remove it."),
        errors.AuthorizationLost("refresh", "invalid_grant", "dead", "Authorize again."),
    )
}


def known_kinds() -> dict[str, type[errors.FrameioError]]:
    """Every kind of error in the package, whose modules are imported only where their sources define one."""
    package, names = Path(airflow_provider_frameio.__path__[0]), {"FrameioError"}
    sources = {path: ast.parse(path.read_text()) for path in package.rglob("*.py")}
    for _ in range(10):  # as deep as the tree can be
        for path, tree in sources.items():
            for node in ast.walk(tree):
                bases = {ast.unparse(base).rpartition(".")[2] for base in getattr(node, "bases", ())}
                if isinstance(node, ast.ClassDef) and not bases.isdisjoint(names):
                    names.add(node.name)
                    importlib.import_module(".".join((package.name, *path.relative_to(package).with_suffix("").parts)))
    kinds: list[type[errors.FrameioError]] = [errors.FrameioError]
    for kind in kinds:
        kinds += [one for one in kind.__subclasses__() if one.__module__.startswith(package.name)]
    assert {kind.__name__ for kind in kinds} == names
    return {kind.__name__: kind for kind in kinds}


def test_every_kind_of_error_is_tried_as_a_value() -> None:
    """A new one has to be added above."""
    assert {name: type(error) for name, error in VALUES.items()} == known_kinds()


def same(error: BaseException, other: BaseException) -> bool:
    """Whether two errors are of one kind and carry the same."""
    return (type(error), str(error), error.args, vars(error)) == (type(other), str(other), other.args, vars(other))


@pytest.mark.parametrize("error", VALUES.values(), ids=VALUES)
def test_an_error_can_be_pickled_and_copied(error: errors.FrameioError) -> None:
    """With its message and all it carries, and so through a queue, a cache or a process pool."""
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for one in copies:
        assert one is not error
        assert same(one, error)


def raise_it(name: str) -> None:
    """What a worker of the pool does."""
    raise VALUES[name]


def test_errors_come_out_of_a_process_pool_as_themselves() -> None:
    """The pool ends at one that cannot be pickled, or read: ``BrokenProcessPool``."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        raised = {name: pool.submit(raise_it, name).exception(timeout=PATIENCE) for name in VALUES}
    for name, error in raised.items():
        assert error is not None
        assert same(error, VALUES[name]), name


@pytest.mark.parametrize(
    "make", [errors.FrameioError, errors.CopyFailed, lambda text: errors.CallError(text, text, text)]
)
def test_no_message_is_long_or_of_many_lines(make: Callable[[str], errors.FrameioError]) -> None:
    """Whoever makes it, of whatever: Airflow stores messages, and logs are read by line."""
    message = str(make("a\nb\x1b[31m" + "c" * 5_000_000))
    assert message.startswith("a\\nb\\x1b[31mccc")
    assert message.isprintable()
    assert len(message) <= 10_000


def test_a_parameter_is_shown_cut() -> None:
    """A template may render to a book."""
    message = str(errors.InvalidParameter("file_ids", ["x" * 5_000_000], "give less."))
    assert len(message) < 400
    assert message.endswith(" cannot be used: give less.")
