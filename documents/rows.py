"""The rows of the log, wherever they are stored: one by one, or packed into segments.

Whoever reads the log reads it here. Rows and segments come by one statement: it sees either the
rows or the segment that replaces them, on every database and at every level of isolation.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import BigIntegerField, F, QuerySet, Value

from documents.errors import LogDamaged
from documents.models import Segment, Update
from documents.segments import PackedRow, unpack, unpack_payloads

T = TypeVar("T")

_ROWS_AT_ONCE = 500
# `last` is a segment's last seq; a row has none.
_PAYLOADS = ("seq", "last", "payload")
_ALL = (*_PAYLOADS, "author_id", "client", "created_at")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log."""

    seq: int
    payload: bytes
    # None for nobody, and for whoever is deleted.
    author_id: int | None
    client: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Rows whose segment is damaged."""

    first_seq: int
    last_seq: int
    why: LogDamaged


def read_rows(
    *, document_id: uuid.UUID, after: int | None = None, until: int | None = None
) -> list[Row]:
    """The rows after `after`, up to and with `until`, in order; LogDamaged if one is not readable.

    Whether one is missing is the caller's to check.
    """
    found = []
    for row in _expand(_stored(document_id, after, until), after, until):
        if isinstance(row, Unreadable):
            raise row.why
        found.append(row)
    return found


def iterate_rows(
    *, document_id: uuid.UUID, after: int | None = None, until: int | None = None
) -> Iterator[Row | Unreadable]:
    """The same, as they come, past what is damaged: for whoever looks at all of it.

    To be used up within `consistent_view`.
    """
    stored = _stored(document_id, after, until).iterator(chunk_size=_ROWS_AT_ONCE)
    return _expand(stored, after, until)


def read_payloads(
    *, document_id: uuid.UUID, after: int, until: int | None = None
) -> list[tuple[int, bytes]]:
    """(seq, payload) as `read_rows` has them: who wrote them and when costs more than the content.

    LogDamaged if one is not readable.
    """
    found: list[tuple[int, bytes]] = []
    for seq, last_seq, payload in _stored(document_id, after, until, _PAYLOADS):
        if last_seq is None:
            found.append((seq, bytes(payload)))
            continue
        payloads = _open(payload, seq, last_seq, unpack_payloads)
        found += [each for each in enumerate(payloads, seq) if _is_within(each[0], after, until)]
    return found


def _stored(
    document_id: uuid.UUID,
    after: int | None,
    until: int | None,
    columns: tuple[str, ...] = _ALL,
) -> QuerySet[Any, Any]:
    """What is stored of it, in order: rows, and segments that have `last`."""
    rows = Update.objects.filter(document_id=document_id)
    segments = Segment.objects.filter(document_id=document_id)
    if after is not None:
        rows, segments = rows.filter(seq__gt=after), segments.filter(last_seq__gt=after)
    if until is not None:
        rows, segments = rows.filter(seq__lte=until), segments.filter(first_seq__lte=until)
    # Of what rows have and segments have not.
    none = Value(None, output_field=BigIntegerField())
    lacking = {name: none for name in columns if name not in _PAYLOADS}
    return (
        rows.order_by()
        .annotate(last=none)
        .values_list(*columns)
        .union(
            segments.order_by()
            .annotate(seq=F("first_seq"), last=F("last_seq"), **lacking)
            .values_list(*columns),
            all=True,
        )
        .order_by("seq")
    )


def _expand(
    stored: Iterable[tuple[Any, ...]], after: int | None, until: int | None
) -> Iterator[Row | Unreadable]:
    authors: dict[str | None, Any] = {None: None}
    for seq, last_seq, payload, author_id, client, created_at in stored:
        if last_seq is None:
            yield Row(seq, bytes(payload), author_id, client, created_at)
            continue
        try:
            packed = _open(payload, seq, last_seq, unpack)
        except LogDamaged as error:
            yield Unreadable(seq, last_seq, error)
            continue
        _find_authors(packed, authors)
        for each_seq, row in enumerate(packed, seq):
            if _is_within(each_seq, after, until):
                author = authors[row.author]
                yield Row(each_seq, row.payload, author, row.client, row.created_at)


def _find_authors(packed: Iterable[PackedRow], known: dict[str | None, Any]) -> None:
    """The primary keys of those who are still there, as the user model has them."""
    unknown = {row.author for row in packed if row.author is not None} - known.keys()
    if unknown:
        users = get_user_model().objects.filter(pk__in=unknown).values_list("pk", flat=True)
        there = {str(pk): pk for pk in users}
        known.update((author, there.get(author)) for author in unknown)


def _open(
    segment: bytes, first_seq: int, last_seq: int, unpack_it: Callable[[bytes], list[T]]
) -> list[T]:
    which = f"The segment of the rows {first_seq} to {last_seq}"
    try:
        found = unpack_it(segment)
    except LogDamaged as error:
        raise LogDamaged(f"{which} cannot be read: {error}.") from None
    if len(found) != last_seq - first_seq + 1:
        raise LogDamaged(f"{which} holds {len(found)} rows.")
    return found


def _is_within(seq: int, after: int | None, until: int | None) -> bool:
    return (after is None or seq > after) and (until is None or seq <= until)
