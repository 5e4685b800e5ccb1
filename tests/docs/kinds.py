"""What kind of thing a block of code is, which decides how it is tried out. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.docs.pages import BLOCKS, Block

_CONNECTION = "export AIRFLOW_CONN_FRAMEIO_DEFAULT="
_STORES = ("aws ", "gcloud ", "vault ", "astro ")


def _python(text: str) -> str:
    if re.match(r"# (conftest|test_\w+)\.py\n", text):
        return "pytest"
    if text.startswith("# before: "):
        return "before"
    if re.search(r"^with DAG\(", text, re.MULTILINE):
        return "dag"
    return "tasks" if re.search(r"^(\w+ = )?\w+(Operator|Sensor)(\.partial)?\(", text, re.MULTILINE) else "code"


def _shell(text: str) -> str:
    if text.startswith(_CONNECTION):
        return "connection"
    if re.fullmatch(r"make [^\n]*\n", text):
        return "make"
    if all(line.startswith("python -m airflow_provider_frameio.") for line in text.splitlines()):
        return "module"
    if re.search(r"(^|\s)airflow connections ", text):
        return "airflow"
    if re.fullmatch(r"airflow dags test [^\n]*\n", text):
        return "dags test"
    return "store" if any(re.search(rf"(^|\| ){tool}", text, re.MULTILINE) for tool in _STORES) else ""


_OF_LANGUAGE: dict[str, Callable[[str], str]] = {
    "python": _python,
    "shell": _shell,
    "ini": lambda text: "ini",
    "json": lambda text: "json" if '"watched_folder_id"' in text else "stored",
    "text": lambda text: "requirements",
}


def kind_of(block: Block) -> str:
    """How a block is tried out.

    :raises LookupError: nobody knows.
    """
    kind = _OF_LANGUAGE.get(block.language, lambda text: "")(block.text)
    if not kind:
        raise LookupError(f"{block}: a block of {block.language or 'no language'} that no test knows how to try out")
    return kind


def of_kind(kind: str) -> list[Block]:
    """The blocks of a kind, in the order of the pages; those that nobody knows are told by a test of their own."""
    found = []
    for block in BLOCKS:
        try:
            if kind_of(block) == kind:
                found.append(block)
        except LookupError:
            continue
    return found
