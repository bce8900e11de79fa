"""Positions that JavaScript Yjs made are followed to where it follows them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc

from documents.anchoring import Places, read_position
from documents.export import WrongRootType
from tests.documents.export.vectors import CASES, load

VECTORS = Path(__file__).parents[2] / "vectors" / "positions.json"
MADE_BY_YJS = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("number", range(len(MADE_BY_YJS)))
def test_position_is_followed_as_yjs_does(number):
    case = MADE_BY_YJS[number]
    doc: Doc[Any] = Doc()
    doc.apply_update(base64.b64decode(case["update"]))
    root = "content" if case["kind"] == "text" else "default"
    places = Places(doc=doc, kind=case["kind"], root=root)
    chars = "".join(item.text for item in places._texts)
    for position in case["positions"]:
        at = places._locate(read_position(position["json"], where="start"))
        units = None if at is None else len(chars[:at].encode("utf-16-le")) // 2
        assert units == position["at"], position


def not_their_own(name: str, text: str) -> set[int]:
    """Where what separates blocks stands, and of BlockNote the captions of its files."""
    marks = {at for at, char in enumerate(text) if char in "\n\t"}
    for caption in CAPTIONS if name == "blocknote" else ():
        marks.update(range(text.index(caption), text.index(caption) + len(caption)))
    return marks


CAPTIONS = ("é.pdf",)
TEXTS = [(name, root) for name in CASES for root in load(name)]


@pytest.mark.parametrize(("name", "root"), TEXTS)
def test_every_character_of_other_editors_can_be_anchored_to(name, root):
    try:
        places = Places(doc=load(name), kind=None, root=root)
    except WrongRootType:
        # Maps and arrays have none.
        return
    own = {*places._plain}
    assert {*range(len(places.text))} - own <= not_their_own(name, places.text)
    for at in own:
        assert places.find(*places.anchor(at, at + 1)) == (at, at + 1)
