"""The committed picture of the layers shows them as they are."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.harness.pictures import ARCHITECTURE, LAYERS, WORDS, picture, rows

SVG = "{http://www.w3.org/2000/svg}"


def test_the_committed_picture_is_up_to_date() -> None:
    """``make pictures`` after the layers changed."""
    assert ARCHITECTURE.read_text() == picture()


def test_every_layer_is_drawn() -> None:
    """With its name as text, so that it can be searched for and read aloud; the package's own version is none."""
    assert set(WORDS) == set(LAYERS) - {""}
    names = [text.text for text in ElementTree.fromstring(picture()).iter(f"{SVG}text") if text.get("class") == "name"]
    assert sorted(map(str, names)) == sorted(WORDS)


def test_layers_import_from_lower_rows_only() -> None:
    """As the picture's label says."""
    row_of = {layer: number for number, row in enumerate(rows()) for layer in row}
    assert [
        (layer, other) for layer in WORDS for other in LAYERS[layer][0] - {""} if row_of[other] <= row_of[layer]
    ] == []


def test_everything_is_inside_the_picture() -> None:
    """No box begins or ends outside."""
    root = ElementTree.fromstring(picture())
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for box in root.iter(f"{SVG}rect"):
        left, top = float(box.attrib["x"]), float(box.attrib["y"])
        assert left >= 0
        assert top >= 0
        assert left + float(box.attrib["width"]) <= width
        assert top + float(box.attrib["height"]) <= height
