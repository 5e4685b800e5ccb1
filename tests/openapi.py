"""Frame.io's OpenAPI document, and what it says of requests.

It is not ours: ``FRAMEIO_OPENAPI`` is the path of a copy.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from airflow_provider_frameio.emulator.requests_log import LoggedRequest

DOCUMENT = os.environ.get("FRAMEIO_OPENAPI", "")
NEEDS = "FRAMEIO_OPENAPI does not name Frame.io's OpenAPI document"
needs_document = pytest.mark.skipif(not DOCUMENT, reason=NEEDS)
# In Frame.io's reference, but not in the document, which is older.
NEWER_PARAMETERS = {"sort"}


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    """Raise unless a value is what a schema of the document says."""
    Draft202012Validator({**as_draft_2020(schema), "components": document()["components"]}).validate(value)


def operation(method: str, path: str) -> dict[str, Any]:
    """What the document says of a call."""
    for template, methods in document()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] = methods[method.lower()]
            return {**found, "template": template}
    raise AssertionError(f"{path} is not documented")


def check_request(request: LoggedRequest) -> None:
    """Raise unless a request is one that the document allows: its ids, its query, its body."""
    allowed = operation(request.method, request.path)
    parameters = {(entry["in"], entry["name"]): entry for entry in allowed.get("parameters", ())}
    names = re.findall(r"\{(\w+)\}", allowed["template"])
    ids = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", allowed["template"]), request.path)
    assert ids is not None
    for name, value in zip(names, ids.groups(), strict=True):
        validate(unquote(value), parameters["path", name]["schema"])
    for name, value in request.query.items():
        if name not in NEWER_PARAMETERS:
            assert ("query", name) in parameters, f"{name} is not documented"
            _check_parameter(value, parameters["query", name]["schema"])
    for (place, name), entry in parameters.items():
        assert place != "query" or not entry.get("required") or name in request.query, name
    _check_body(request, allowed.get("requestBody"))


def _check_parameter(text: str, schema: Mapping[str, Any]) -> None:
    """A query parameter, which comes as text; several words of an enumeration are joined by commas."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        for word in text.split(","):
            validate(word, schema)
    else:
        validate(text if schema["type"] == "string" else json.loads(text), schema)


def _check_body(request: LoggedRequest, allowed: Mapping[str, Any] | None) -> None:
    if request.body is None:
        assert not (allowed and allowed.get("required")), "the body is missing"
        return
    assert allowed, "no body is documented"
    kind = request.headers["content-type"].partition(";")[0]
    validate(request.body, allowed["content"][kind]["schema"])


def as_draft_2020(schema: Any) -> Any:
    """An OpenAPI 3.0 schema in words of JSON Schema.

    ``nullable`` also counts beside ``$ref`` and ``allOf``; ``additionalProperties: false`` beside ``allOf`` could
    never be met, and is meant for the whole; a discriminator says which of several schemas is meant.
    """
    if isinstance(schema, list):
        return [as_draft_2020(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    words = {name: as_draft_2020(value) for name, value in schema.items() if name not in ("nullable", "discriminator")}
    if "discriminator" in schema:
        del words["oneOf"]
        words["allOf"] = list(_choices(**schema["discriminator"]))
    if "allOf" in words and words.get("additionalProperties") is False:
        words["unevaluatedProperties"] = words.pop("additionalProperties")
    return {"anyOf": [{"type": "null"}, words]} if schema.get("nullable") is True else words


def _choices(propertyName: str, mapping: dict[str, str]) -> Iterator[dict[str, Any]]:
    yield {"required": [propertyName], "properties": {propertyName: {"enum": list(mapping)}}}
    for value, reference in mapping.items():
        yield {"if": {"properties": {propertyName: {"const": value}}}, "then": {"$ref": reference}}


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(DOCUMENT).read_text())
    loaded["components"]["schemas"] = as_draft_2020(loaded["components"]["schemas"])
    return loaded
