"""What the pages say of messages, parameters and fields is what the code has: no more, no less."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_frameio.api import errors
from airflow_provider_frameio.api.auth import ims
from airflow_provider_frameio.api.auth.settings import FORM
from airflow_provider_frameio.client import credentials
from tests.docs.pages import PAGES, ROOT

PACKAGE = ROOT / "airflow_provider_frameio"
CATALOGUE = PAGES["docs/errors.md"]
OPERATORS = PAGES["docs/operators.md"]

# What users read after these is a message; ``wrong`` and its like make errors of a connection, a user's tokens, a call.
RAISING = {
    *("wrong", "_shadowed", "_not_ours", "_no_answer", "_unusable", "Unreachable", "InvalidParameter", "NoUserToken"),
    *("CopyNeedsHelp", "CopyFailed", "CopyTimeout", "CopyUnseen", "TurnTimeout", "TokenNotKept", "AuthorizationLost"),
    *("TlsFailed", "HostUnreachable", "BadPage", "UnreadableAnswer", "OutcomeUnknown", "AirflowFailException"),
    *("AirflowTaskTimeout", "RuntimeError", "warning", "error", "exception"),
}
# Remedies, or names, of messages whose other part has the entry; and one that only the log of a broken triggerer has.
PARTS = {
    "Nothing was sent. Check the extra 'verify' of the connection.",
    "Nothing was sent. Check … of the connection.",
    "redirected address",
    "…; …",
    "… …",
    "the shared poller was ended",
}


def text_of(node: ast.expr) -> str:
    """A literal text, with "…" for what is put into it; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)  # type: ignore[misc]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """The package's modules but for the emulator's."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "emulator" not in path.parts:
            yield path, ast.parse(path.read_text())


def all_texts() -> list[str]:
    """Every literal text of the package."""
    nodes = (node for _, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.expr))
    return [logged(text) for text in map(text_of, nodes) if text]


def logged(text: str) -> str:
    """The text with "…" for what a logger fills in."""
    return re.sub(r"%(?:\.\d)?[sdf]", "…", text)


def quoted() -> list[str]:
    """What the catalogue's tables quote as messages: first columns, in backticks."""
    rows = [line for line in CATALOGUE.text.splitlines() if line.startswith("| `")]
    before_classes = rows[: next(index for index, row in enumerate(rows) if row.startswith("| `FrameioError`"))]
    first = [row.split(" | ")[0] for row in before_classes]
    return [words for cell in first for words in re.findall(r"`([^`]+)`", cell)]


def stands_in(quote: str, text: str) -> bool:
    """Whether a text may read like the quote: its parts, in their order."""
    pattern = ".*".join(re.escape(part.strip()) for part in quote.split("…"))
    return re.search(pattern, text, re.DOTALL) is not None


def messages() -> Iterator[tuple[str, str]]:
    """The message of each error or warning that has one: where, and its literal part that says most."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                words = [logged(text) for text in map(text_of, node.args) if " " in text]
                if name in RAISING and words and words[0].strip("… ") and words[0] not in PARTS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", words[0]


def test_every_quoted_message_is_in_the_sources() -> None:
    """A message that was reworded takes its entry along."""
    texts = all_texts()
    classes = {"UnreadableAnswer", "BadPage"}
    airflows = {"Testing connections is disabled in Airflow configuration."}
    assert [
        words
        for words in quoted()
        if words not in classes | airflows and not any(stands_in(words, text) for text in texts)
    ] == []


def test_every_message_has_an_entry() -> None:
    """Whoever meets an error finds it in the catalogue."""
    quotes = [words for words in quoted() if len(words.strip("… ")) > 5]
    missing = {text: place for place, text in messages() if not any(stands_in(words, text) for words in quotes)}
    assert missing == {}


def test_every_class_of_error_has_an_entry() -> None:
    """And none that is no longer there."""
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.FrameioError)
    }
    assert {name for row in CATALOGUE.rows("Classes") for name in re.findall(r"`(\w+)`", row[0])} == found


def parameters(cls: type) -> dict[str, str]:
    """A class's parameters with their defaults, as the pages write them."""
    found = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():  # type: ignore[misc]
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            default = "required" if parameter.default is inspect.Parameter.empty else f"`{parameter.default!r}`"
            found[f"`{name}`"] = "Airflow's `default_deferrable`" if name == "deferrable" else default
    return found


def operators() -> list[type]:
    """Every operator and sensor of the package."""
    pytest.importorskip("airflow")
    from airflow_provider_frameio.operators import refresh_token, version_stacks
    from airflow_provider_frameio.sensors.version_stacks import FrameioVersionStackCopySensor

    found = [getattr(version_stacks, name) for name in version_stacks.__all__]
    return [*found, refresh_token.FrameioRefreshTokenOperator, FrameioVersionStackCopySensor]


def test_the_operators_pages_list_every_parameter() -> None:
    """With its default, and whether it is templated."""
    for operator in operators():
        rows = OPERATORS.rows(operator.__name__)
        assert {row[0]: row[1] for row in rows} == parameters(operator), operator.__name__
        templated = {row[0].strip("`") for row in rows if row[2].endswith("; templated") or row[2] == "templated"}
        assert templated == set(operator.template_fields), operator.__name__  # type: ignore[attr-defined]


def test_the_event_triggers_table_lists_every_parameter() -> None:
    """With its default."""
    pytest.importorskip("airflow")
    from airflow_provider_frameio.triggers.version_stacks import FrameioVersionStackEventTrigger

    rows = PAGES["docs/events.md"].rows("Started by Frame.io")
    assert {row[0]: row[1] for row in rows} == parameters(FrameioVersionStackEventTrigger)


def test_the_hooks_table_lists_every_method() -> None:
    """But for what Airflow itself calls, and what serves the operators."""
    pytest.importorskip("airflow")
    from airflow_provider_frameio.hooks.frameio import FrameioHook

    inner = {"get_connection_form_widgets", "get_ui_field_behaviour", "get_conn", "client", "account_id", "run"}
    methods = {name for name, value in vars(FrameioHook).items() if callable(value) and not name.startswith("_")}
    listed = [row[0] for row in OPERATORS.rows("FrameioHook")]
    assert {name for cell in listed for name in re.findall(r"`(\w+)`", cell)} == methods - inner


def test_the_connection_guide_lists_every_field() -> None:
    """Those of the form, and no others."""
    rows = PAGES["docs/connection.md"].rows("All fields")
    extras = {row[0].strip("`") for row in rows if row[0].startswith("`")}
    assert extras == {field.name for field in FORM}
    assert [row[0] for row in rows if not row[0].startswith("`")] == ["Host", "Login", "Password", "Port"]


def test_the_connection_guide_describes_every_kind() -> None:
    """In a section of its own."""
    from airflow_provider_frameio.api.auth.settings import AUTH_TYPES

    rows: list[list[str]] = PAGES["docs/connection.md"].rows("Which kind")
    assert {row[0] for row in rows} == {f"[`{kind}`](#{kind})" for kind in AUTH_TYPES}


def test_the_pages_explain_every_refusal_of_adobes_login() -> None:
    """Each code for which a message has a remedy of its own, and no other."""
    guide = {
        row[0].strip("`") for row in PAGES["docs/connection.md"].rows("When Adobe refuses") if row[1] != "Frame.io"
    }
    (row,) = CATALOGUE.rows("Adobe IMS issued no token")
    catalogue = set(re.findall(r"`(\w+)`", row[0]))
    assert guide == catalogue == set(ims._REMEDIES)


def test_the_guide_says_when_a_process_renews_its_token() -> None:
    """In words, of one number of the code."""
    (row,) = [row for row in PAGES["docs/connection.md"].rows("How long tokens live") if "service account" in row[0]]
    assert ("nine tenths" in row[2], credentials._RENEW_AT) == (True, 0.9)


def test_whoever_wants_to_change_something_finds_the_place() -> None:
    """Each room of the package, and each module outside the rooms, has its place in the table; no other has."""
    rows = PAGES["CONTRIBUTING.md"].rows("Where to change what")
    named = {path for row in rows for path in re.findall(r"`([^`]+)`", row[1])}
    assert [path for path in named if not (PACKAGE / path).exists()] == []
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert folders | modules <= {re.sub(r"(?<=/).*", "", path) for path in named}


def test_the_guarantees_name_every_limit() -> None:
    """Each limit beyond which the model finds violations has its row, under its name."""
    pytest.importorskip("airflow.sdk.exceptions", reason="the model plays by the rules of Airflow 3")
    from tests.model.schedules import LIMITS

    named = [row[0] for row in PAGES["docs/guarantees.md"].rows("Limits")]
    assert [limit for limit in LIMITS if f"`{limit}`" not in named] == []


def test_the_guards_see_what_is_missing() -> None:
    """A message that no entry quotes, and a quote that no source has, are told apart from those that fit."""
    known: Any = "The copy … is not there (any more)."
    assert stands_in(known, "The copy … is not there (any more). …")
    assert not stands_in(known, "The copy … will never be complete: ….")
    assert not stands_in("no such message", "…")
