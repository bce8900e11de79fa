"""Anchors: ranges of a document's text that follow it as it is edited. Pure.

Nothing of an anchor stands in the document: it is two Yjs relative positions, and the text that
it was set on.
"""

from documents.anchoring.errors import BadAnchor, NotHereYet
from documents.anchoring.places import Places
from documents.anchoring.positions import Position, read_position
from documents.anchoring.quotes import CONTEXT, find_again

__all__ = [
    "CONTEXT",
    "BadAnchor",
    "NotHereYet",
    "Places",
    "Position",
    "find_again",
    "read_position",
]
