"""Personal details that a server may mention, each with a part of it that must not be seen either."""

from __future__ import annotations

from typing import Any

PLANTED = {
    "a person": ("Jane Doe", "Jane"),
    "an e-mail address": ("jane.doe@studio.example", "studio.example"),
    "a mention": ("@janedoe", "@jane"),
    "a client": ("Umbra Pictures", "Umbra"),
    "a project": ("Nightjar", "Nightjar"),
    "another asset's name": ("Titan_Teaser_v7.mov", "Titan"),
    "another asset's id": ("7c9e6679-7425-40de-944b-e07fc1f90ae7", "7c9e"),
    "an Adobe id": ("A1B2C3D4E5F60718@AdobeID", "A1B2C3"),
    "an asset on Adobe storage": ("urn:aaid:sc:EU:0dd2b1c3", "0dd2b1c3"),
    "a presigned link": ("https://uploads.s3.amazonaws.com/raw?X-Amz-Signature=9f86d081884c", "Amz"),
    "a share": ("https://f.io/QwErTy12", "QwErTy"),
    "a path": ("/Volumes/RAID7/masters", "RAID7"),
    "a token": ("eyJhbGciOiJSUzI1NiJ9.e30", "eyJhb"),
    "an IP address": ("203.0.113.77", "203.0"),
    "a phone number": ("+4915123456789", "4915"),
}
ALL = " ".join(whole for whole, _ in PLANTED.values())


def seen_in(text: str) -> list[str]:
    """Which of them, or of their parts, a text shows."""
    return [what for what, forms in PLANTED.items() if any(form.lower() in text.lower() for form in forms)]


def errors(**fields: Any) -> dict[str, Any]:
    """A refusal with one error for each of them, whose fields a callable makes from it, and one for all."""
    wholes = [*(whole for whole, _ in PLANTED.values()), ALL]
    return {"errors": [{name: make(whole) for name, make in fields.items()} for whole in wholes]}


BODIES: dict[str, Any] = {
    "detail": errors(title=lambda whole: "Forbidden", detail=str),
    "title": errors(title=str),
    "title among known words": errors(title=lambda whole: f"Invalid value {whole}"),
    "pointer": errors(title=lambda whole: "Invalid value", source=lambda whole: {"pointer": f"/data/{whole}/0"}),
    "errors that are texts": {"errors": [whole for whole, _ in PLANTED.values()]},
    "another shape": {"message": ALL, "errors": {ALL: ALL}},
    "plain text": ALL,
    "HTML": f"<!doctype html><title>{ALL}</title><p>{ALL}",
}
HEADERS = dict.fromkeys(
    (
        "x-request-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-window",
        "retry-after",
        "location",
        "www-authenticate",
        "x-anything",
    ),
    ALL,
)
