"""Between code points of a document's plain text and Yjs relative positions. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from itertools import chain
from typing import Any

from pycrdt import Doc

from documents.anchoring.errors import BadAnchor, NotHereYet
from documents.anchoring.items import Item, Items, count_units, walk
from documents.anchoring.positions import Position
from documents.crdt import encode
from documents.export import trace_text

# What an XML document's text may stand in: text, elements, fragments, XML text; no map or array.
_XML_KINDS = frozenset({2, 3, 4, 6})


class Places:
    """The text of one root, and where each of its characters stands among the document's items.

    `text` is the plain text whose code points `start` and `end` count.
    """

    def __init__(self, *, doc: Doc[Any], kind: str | None, root: str) -> None:
        """Read a Doc. Raises ExportError where the root is no text, BadAnchor where its text
        cannot be told from what its rendering adds.
        """
        self.text, own, is_xml = trace_text(doc=doc, kind=kind, root=root)
        self._items = Items(encode(doc))
        self._root = root
        container = self._items.roots.get(root)
        self._texts: list[Item] = []
        if container is not None:
            kinds = _XML_KINDS if is_xml else frozenset()
            self._texts = list(walk(container, is_open=kinds))
        self._starts = [item.before for item in self._texts]
        # Of each character in the order of the document: where it is in the plain text.
        self._plain = _align("".join(item.text for item in self._texts), self.text, own)

    def anchor(self, start: int, end: int) -> tuple[Position, Position]:
        """The positions of a range, which stick to its first and its last character.

        BadAnchor if it has no character of the document's own, or is out of range.
        """
        if not 0 <= start < end <= len(self.text):
            raise BadAnchor(
                f"The anchor is a range of the text's {len(self.text)} code points, and not empty."
            )
        first, behind = bisect_left(self._plain, start), bisect_left(self._plain, end)
        if first >= behind:
            raise BadAnchor("There is no text in this range, only what separates blocks.")
        return Position(item=self._id_of(first)), Position(
            item=self._id_of(behind - 1, is_end=True), assoc=-1
        )

    def find(self, start: Position, end: Position) -> tuple[int, int] | None:
        """The range between two positions now; empty where its text is gone.

        None where what they stand in is gone, too.
        """
        first, behind = self._locate(start), self._locate(end)
        if first is None or behind is None:
            return None
        if first < behind:
            return self._plain[first], self._plain[behind - 1] + 1
        at = self._plain[first] if first < len(self._plain) else len(self.text)
        if first:
            # What is gone stood at the end of its block, rather than before the next one.
            at = min(at, self._plain[first - 1] + 1)
        return at, at

    def require(self, start: Position, end: Position) -> tuple[int, int]:
        """As `find`, for positions that somebody chose: NotHereYet, BadAnchor."""
        for position in (start, end):
            place = position.item or position.type
            if place is not None and not self._items.reaches(place):
                raise NotHereYet("The anchor names text that is not saved yet: try again then.")
        found = self.find(start, end)
        if found is None or found[0] >= found[1]:
            raise BadAnchor("There is no text between these positions.")
        return found

    def _id_of(self, index: int, *, is_end: bool = False) -> tuple[int, int]:
        """Of a character: its first UTF-16 unit, or its last."""
        item = self._texts[bisect_right(self._starts, index) - 1]
        offset = index - item.before
        if is_end:
            return item.client, item.clock + count_units(item.text[: offset + 1]) - 1
        return item.client, item.clock + count_units(item.text[:offset])

    def _locate(self, position: Position) -> int | None:
        """How many characters stand before a position; None if it is not in this text."""
        if position.item is None:
            return self._locate_in_type(position)
        item = self._items.find(position.item)
        if item is None or item.before < 0:
            return None
        if item.is_deleted:
            return item.before
        if not item.text:
            return item.before if position.assoc >= 0 else item.after
        units = position.item[1] - item.clock
        raw = item.text.encode("utf-16-le")
        # A position in the middle of a pair is before it, or behind it.
        whole = raw[: 2 * units].decode("utf-16-le", "ignore")
        if position.assoc < 0:
            whole = raw[: 2 * units + 2].decode("utf-16-le", "ignore")
        return item.before + len(whole)

    def _locate_in_type(self, position: Position) -> int | None:
        if position.type is not None:
            item = self._items.find(position.type)
            if item is None or item.before < 0 or item.is_deleted or item.kind is None:
                return None
            return item.after if position.assoc >= 0 else item.before
        if position.root != self._root:
            return None
        return len(self._plain) if position.assoc >= 0 else 0


def _align(chars: str, text: str, own: list[tuple[int, int]]) -> "array[int]":
    """Where the document's characters stand in the text, of which `own` are the ranges of them.

    A renderer may have put a line feed among them (Lexical's code), but has left none out.
    """
    places = array("I", chain.from_iterable(range(start, end) for start, end in own))
    shown = "".join(text[start:end] for start, end in own)
    if shown == chars:
        return places
    aligned = array("I")
    for place, char in zip(places, shown, strict=True):
        if len(aligned) < len(chars) and chars[len(aligned)] == char:
            aligned.append(place)
    if len(aligned) < len(chars):
        raise BadAnchor("Positions in the text of this document cannot be told.")
    return aligned
