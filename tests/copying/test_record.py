"""What is remembered of one copy: its key, its transitions, and its form as JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_frameio.api.models import CopyResult
from airflow_provider_frameio.copying.record import (
    CopyRecord,
    CopyRequest,
    Search,
    Series,
    Snapshot,
    alike,
    bare_name,
    digest,
    digests,
    first_ids,
    tells,
)
from tests.copying.world import NOW, stack, version

SNAPSHOT = Snapshot(
    NOW + 0.25, "s1", "p1", ("Schnitt – é.mov",), ("u1", "ada@studio.test"), ("s8",), ("abcdefgh", "ijklmn"), 2, ("f1",)
)
SEARCH = Search(NOW + 5, {"s9": NOW + 10})
RECORD = CopyRecord(SNAPSHOT, Series(1, "3"), sent=2, copy=stack("s9"), assumed=True, search=SEARCH)
REQUEST = CopyRequest("a1", "s1", "p1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
TEXTS = st.lists(st.text(), max_size=4).map(tuple)
MOMENTS = st.floats(allow_nan=False, allow_infinity=False)
RECORDS = st.builds(
    CopyRecord,
    st.builds(
        Snapshot,
        at=MOMENTS,
        folder_id=st.text(),
        names=TEXTS,
        versions=st.integers(0, 4000),
        digests=TEXTS,
        me=st.tuples(st.text(), st.text()),
        existing=TEXTS,
        version_ids=TEXTS,
    ),
    series=st.builds(Series, edition=st.integers(0, 99), clear=st.text()),
    sent=st.integers(0, 2),
    copy=st.none() | st.builds(lambda identifier, more: {**more, "id": identifier}, st.text(min_size=1), st.just({})),
    assumed=st.booleans(),
    search=st.builds(Search, since=st.none() | MOMENTS, recognized=st.dictionaries(st.text(), MOMENTS, max_size=3)),
)


@given(RECORDS)
def test_a_record_comes_back_from_the_store_as_it_was(record: CopyRecord) -> None:
    """By way of text, as any store keeps it."""
    assert CopyRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_stored_record_is_json_through_and_through() -> None:
    """Lists where the values have tuples: what is compared with what was stored is equal to it."""
    stored = RECORD.to_json()
    assert json.loads(json.dumps(stored)) == stored
    assert (stored["kind"], stored["format"]) == ("native", 1)


def test_what_airflow_is_told_of_a_copy() -> None:
    """Source, copy, page and versions; of an asset's event the versions are the number."""
    made = RECORD.result(REQUEST)
    assert made == CopyResult("a1", "s1", "s9", "https://next.frame.io/s9", 2, ("f1",))
    assert made.extra() == {
        "source_version_stack_id": "s1",
        "version_stack_id": "s9",
        "url": "https://next.frame.io/s9",
        "versions": 2,
    }


def test_fifty_versions_are_remembered_by_their_ids() -> None:
    """Those without one are none."""
    assert first_ids([{"id": str(number)} for number in range(60)]) == tuple(map(str, range(50)))
    assert first_ids([{"id": None}, {}, {"id": "f1"}]) == ("f1",)


def test_fields_of_the_future_are_no_obstacle() -> None:
    """As long as the format is the same."""
    assert CopyRecord.from_json({**RECORD.to_json(), "colour": "red"}) == RECORD


@pytest.mark.parametrize("given", [0, 2, "1", None, [], "gone"])
def test_another_format_is_refused(given: Any) -> None:
    """Older or newer: what it says of copies that were sent is not known."""
    stored = {**RECORD.to_json(), "format": given}
    if given == "gone":
        del stored["format"]
    with pytest.raises(ValueError, match="not a record of kind native, format 1: "):
        CopyRecord.from_json(stored)


def test_another_kind_is_refused() -> None:
    """A stack that was copied file by file has its record under the same key."""
    with pytest.raises(ValueError, match="not a record of kind native, format 1: "):
        CopyRecord.from_json({**RECORD.to_json(), "kind": "restack"})


@given(JSON)
def test_whatever_else_is_stored_is_refused_with_one_kind_of_error(stored: Any) -> None:
    """A string, a list, a number: never another exception."""
    with pytest.raises(ValueError, match=r"^not a record of kind native, format 1: "):
        CopyRecord.from_json(stored)


PARTS = ("snapshot", "series", "search")
PATHS = [(key,) for key in RECORD.to_json()] + [(part, key) for part in PARTS for key in RECORD.to_json()[part]]


@given(st.sampled_from(PATHS), JSON | st.just("gone"))
def test_a_record_with_one_broken_field_is_read_or_refused(path: tuple[str, ...], value: Any) -> None:
    """What is read can be stored again; whatever cannot be read is one kind of error."""
    stored = RECORD.to_json()
    inner = stored
    for key in path[:-1]:
        inner = inner[key]
    assume(inner[path[-1]] != value)
    if value == "gone":
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    with suppress(ValueError):
        record = CopyRecord.from_json(stored)
        assert CopyRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("at", float("nan")),
        ("at", float("inf")),
        ("at", "today"),
        ("versions", float("inf")),
        ("digests", "abcdefgh"),
        ("existing", {"s8": 1}),
        ("me", []),
        ("me", ["u1"]),
        ("me", ["u1", "ada@studio.test", "x"]),
        ("names", None),
        ("names", "Cut.mov"),
    ],
)
def test_a_snapshot_that_would_match_nothing_is_refused(path: str, value: Any) -> None:
    """A time that is no time, or letters in place of digests, would make a copy that is there look absent."""
    stored = RECORD.to_json()
    stored["snapshot"][path] = value
    with pytest.raises(ValueError, match="not a record"):
        CopyRecord.from_json(stored)


@pytest.mark.parametrize("copy", [{}, {"id": ""}, {"id": None}, {"id": 7}, [], "s9", 0])
def test_a_copy_without_an_id_is_refused(copy: Any) -> None:
    """Nobody could tell whether it is still there."""
    with pytest.raises(ValueError, match="not a record"):
        CopyRecord.from_json({**RECORD.to_json(), "copy": copy})


def test_a_record_of_thousands_of_versions_and_hundreds_of_stacks_can_be_stored() -> None:
    """At most 64 KiB of text, with the longest that Frame.io says of a copy."""
    versions = [version(f"Cut {number}.mov", number + 1) for number in range(3000)]
    existing = tuple(f"{number:08d}-1111-4222-8333-444444444444" for number in range(500))
    snapshot = replace(SNAPSHOT, versions=3000, digests=digests(versions), existing=existing, names=("n" * 255,))
    copy = stack("s9", creator={"avatar_url": "https://x.test/" + "a" * 1500}, head_version=versions[0])
    assert len(set(snapshot.digests)) > 2990
    assert len(json.dumps(CopyRecord(snapshot, Series(1, "2"), 2, copy).to_json())) <= 64 * 1024


def test_more_versions_than_can_be_remembered_are_not_remembered_at_all() -> None:
    """A part of them would speak against a stack that holds the rest."""
    versions = [version(f"{number}.mov") for number in range(3001)]
    assert len(digests(versions[:3000])) == 3000
    assert digests(versions) == ()
    assert digests([]) == ()


def test_a_copy_that_is_sent_counts() -> None:
    """It belongs to the try that sends it, is of the versions that the source then has, and is not looked for yet."""
    record = CopyRecord(SNAPSHOT, Series(1, "3"), search=SEARCH)
    versions = [version("a.mov"), version("b.mov"), version("c.mov")]
    sending = record.sending(Series(1, "4"), versions)
    snapshot = replace(SNAPSHOT, versions=3, version_ids=("f-a.mov", "f-b.mov", "f-c.mov"))
    assert sending == CopyRecord(snapshot, Series(1, "4"), sent=1)
    assert sending.sending(Series(1, "5"), versions) == CopyRecord(snapshot, Series(1, "5"), sent=2)


def test_how_far_a_record_is_in_words() -> None:
    """As a log tells it."""
    assert CopyRecord(SNAPSHOT).progress == "0 sent, copy None"
    assert RECORD.progress == "2 sent, copy s9"


def test_what_was_made_ends_the_search() -> None:
    """The copy is kept as Frame.io described it, without the person who made it."""
    record = CopyRecord(SNAPSHOT, sent=1, search=SEARCH)
    assert (record.unfinished, record.done, record.made_ids) == (True, False, [])
    made = record.made({"id": "s9", "creator": {"email": "ada@studio.test"}})
    assert made == CopyRecord(SNAPSHOT, sent=1, copy={"id": "s9"})
    assert (made.unfinished, made.done, made.made_ids) == (False, True, ["s9"])
    assert not CopyRecord(SNAPSHOT).unfinished


def test_a_source_is_known_by_what_it_was_and_what_it_is() -> None:
    """A copy holds the one or the other. Too many versions now mean that none are remembered."""
    now = [version("b.mov"), version("a.mov")]
    snapshot = replace(SNAPSHOT, digests=digests(now[1:]))
    seen = snapshot.seen({"name": "New.mov"}, now)
    assert seen == replace(
        snapshot, names=("Schnitt – é.mov", "New.mov"), digests=(*digests(now[1:]), *digests(now[:1]))
    )
    assert seen.seen({"name": "New.mov"}, now) == seen
    assert snapshot.seen({"name": "New.mov"}, [version(f"{number}.mov") for number in range(3001)]).digests == ()
    assert replace(snapshot, digests=()).seen({"name": "New.mov"}, now).digests == ()


def test_each_part_of_a_request_makes_another_key() -> None:
    """And the same request always the same."""
    changes: list[dict[str, Any]] = [
        {},
        {"account_id": "a2"},
        {"source_id": "s2"},
        {"parent_id": "p2"},
        {"parent_id": None},
        {"copy_metadata": True},
        {"copy_comments": "all"},
    ]
    keys = [replace(REQUEST, **change).key() for change in changes]
    assert len(set(keys)) == len(keys)
    assert keys == [replace(REQUEST, **change).key() for change in changes]
    assert all(key.startswith("frameio_copy:") and len(key) == 45 for key in keys)


def test_parts_of_a_request_do_not_run_into_each_other() -> None:
    """What stands where counts."""
    assert CopyRequest("a", "bc", "d").key() != CopyRequest("ab", "c", "d").key()
    assert CopyRequest("a", "b", "None").key() != CopyRequest("a", "b", None).key()


@pytest.mark.parametrize(
    "name",
    [
        "Cut.mov",
        "Cut (1).mov",
        "Cut (2) (1).mov",
        "Cut.mov (1)",
        "Cut (12).mov (3)",
    ],
)
def test_numbers_that_frame_io_adds_are_left_out_of_a_name(name: str) -> None:
    """Before the extension or at the end, and several of them where a copy was copied."""
    assert bare_name(name) == "Cut.mov"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cut", "Cut (1)"),
        ("Cut v1.2", "Cut v1.2 (1)"),
        ("Cut v1.2", "Cut v1 (1).2"),
        ("Cut (2).mov", "Cut (2) (1).mov"),
        ("Cut (2).mov", "Cut (3).mov"),
        ("a.b.mov", "a.b (1).mov"),
        (".mov", " (1).mov"),
        ("Cafe\u0301.mov", "Caf\u00e9 (1).mov"),
        ("\u212b.mov", "A\u030a.mov"),
        ("", " (1)"),
    ],
)
def test_a_copy_has_the_bare_name_of_its_source(one: str, other: str) -> None:
    """Without an extension, with dots in it, numbered already, in either form of unicode."""
    assert bare_name(one) == bare_name(other)


@pytest.mark.parametrize(
    "other", ["Cut.mp4", "cut.mov", "Cut(1).mov", "Cut (a).mov", "Cut ().mov", "Cut copy.mov", "", None, 5]
)
def test_other_names_stay_other_names(other: Any) -> None:
    """Whatever is no number that Frame.io adds is part of the name."""
    assert bare_name(other) != bare_name("Cut.mov")


@given(st.text(), st.integers(1, 99))
def test_any_name_with_a_number_is_the_same_name(name: str, number: int) -> None:
    """Also names that look as if they had an extension, or were numbered before."""
    stem, dot, extension = name.rpartition(".")
    assert bare_name(f"{name} ({number})") == bare_name(name)
    if dot:
        assert bare_name(f"{stem} ({number}).{extension}") == bare_name(name)


def test_a_digest_tells_versions_apart_by_name_and_size() -> None:
    """A name that Frame.io numbered is the same; a size that is not there yet is left out."""
    one = digest(version("Cut.mov", 10))
    assert len(one) == 8
    assert one == digest(version("Cut (1).mov", 10, id="x", status="created"))
    assert one[:6] == digest(version("Cut.mov", None)) == digest(version("Cut.mov", 0)) == digest({"name": "Cut.mov"})
    assert len({one, digest(version("Cut.mov", 11)), digest(version("Cut.mp4", 10)), digest({})}) == 4


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_any_name_has_a_digest(name: str) -> None:
    """Also one with half a character, which JSON may hold."""
    assert len(digest({"name": name, "file_size": 3})) == 8


def test_versions_are_alike_unless_their_names_or_sizes_differ() -> None:
    """One of the sizes may be missing."""
    one, other, sizeless = (digest(version("Cut.mov", size)) for size in (10, 11, None))
    assert alike(one, one)
    assert alike(one, sizeless)
    assert alike(sizeless, other)
    assert not alike(one, other)
    assert not alike(sizeless, digest(version("Cut.mp4", None)))


@pytest.mark.parametrize(
    ("size", "status", "enough"),
    [(10, "created", True), (None, "uploaded", False), (0, "created", False), (0, "uploaded", True)],
)
def test_a_version_tells_enough_with_a_size(size: int | None, status: str, enough: bool) -> None:
    """Without one it may be any file of its name; an empty file's is told once its bytes are there."""
    assert tells(version("Cut.mov", size, status=status), {digest(version("Cut.mov", size))}) is enough


def test_a_version_tells_nothing_where_the_source_shows_no_size() -> None:
    """There is nothing to compare its size with. Where the source's versions are too many to remember, it tells."""
    assert not tells(version("Cut.mov", 10), {digest(version("Cut.mov", None))})
    assert tells(version("Cut.mov", 10), ())


def test_a_record_knows_what_its_source_held() -> None:
    """So that rows whose copies look the same are known."""
    assert RECORD.digests == RECORD.snapshot.digests != ()
