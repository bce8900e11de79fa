"""Where the text of threads is now. The document is built for it, but not for every look."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from documents.anchoring import BadAnchor, Places, Position, find_again, read_position
from documents.content import build_document
from documents.errors import BadUpdate
from documents.export import ExportError
from documents.models import Comment, Document, Thread

# Of so many documents the places are kept: what is at a seq never changes.
KEPT = 4
_Key = tuple[uuid.UUID, int, int, int, str, str]
_kept: OrderedDict[_Key, Places] = OrderedDict()
_kept_lock = threading.Lock()


class Range(NamedTuple):
    """Code points of the plain text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PlacedThread:
    """A thread, and where its text is now."""

    thread: Thread
    # None if the text was removed.
    anchor: Range | None
    # Relative positions, as JSON.
    start: Mapping[str, Any]
    end: Mapping[str, Any]

    @property
    def comments(self) -> list[Comment]:
        """In the order in which they were made."""
        return list(self.thread.comments.all())


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that somebody chose: code points of the plain text, or relative positions."""

    points: tuple[int, int] | None = None
    positions: tuple[Position, Position] | None = None


def place_threads(*, document: Document, threads: Iterable[Thread]) -> list[PlacedThread]:
    """Where each thread's text is now; the document is built once, if there are any.

    Raises DocumentMissing, LogDamaged.
    """
    threads = list(threads)
    places = _read_places_if_any(document) if threads else None
    return [_place(thread, places) for thread in threads]


def read_places(document: Document) -> Places:
    """The document's text as committed, and where its characters stand.

    Raises BadAnchor, ExportError where its root has no text; DocumentMissing, LogDamaged.
    """
    # The checksum is another where a restored backup has gone another way to the same seq.
    key = (
        document.id, document.epoch, document.head_seq, document.log_checksum, document.kind,
        document.root,
    )  # fmt: skip
    with _kept_lock:
        places = _kept.get(key)
        if places is not None:
            _kept.move_to_end(key)
            return places
    built = build_document(document_id=document.id)
    places = Places(doc=built.doc, kind=document.kind, root=document.root)
    if built.seq == document.head_seq:
        with _kept_lock:
            _kept[key] = places
            if len(_kept) > KEPT:
                _kept.popitem(last=False)
    return places


def _read_places_if_any(document: Document) -> Places | None:
    try:
        return read_places(document)
    except (BadAnchor, BadUpdate, ExportError):
        # Its root has become something that has no text.
        return None


def _place(thread: Thread, places: Places | None) -> PlacedThread:
    if places is None:
        return PlacedThread(thread, None, thread.start, thread.end)
    positions = (
        read_position(thread.start, where="start"),
        read_position(thread.end, where="end"),
    )
    found = places.find(*positions)
    if found is None or places.text[slice(*found)] != thread.quote:
        again = find_again(
            places.text, quote=thread.quote, before=thread.before, after=thread.after, near=found
        )
        if again is not None and again != found and (anew := _anchor(places, again)):
            return PlacedThread(thread, Range(*again), anew[0].to_json(), anew[1].to_json())
    anchor = Range(*found) if found is not None and found[0] < found[1] else None
    return PlacedThread(thread, anchor, thread.start, thread.end)


def _anchor(places: Places, found: tuple[int, int]) -> tuple[Position, Position] | None:
    with suppress(BadAnchor):
        return places.anchor(*found)
    # It was found in what the rendering adds.
    return None
