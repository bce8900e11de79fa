"""Packing: old rows of the log, behind its snapshots, become segments.

A step takes the oldest rows that are not packed yet and replaces them by a segment in one
transaction. It locks nothing but those rows, which nobody changes any more, and waits for nobody: a
step that another process takes at the same time, or that is cut off, leaves all as it was.
"""

import uuid
from collections.abc import Sequence
from itertools import accumulate, takewhile

from django.db import IntegrityError
from django.db.models.functions import Length

from documents.errors import LogDamaged
from documents.models import Segment, Snapshot, Update
from documents.rows import Row, read_rows
from documents.segments import PackedRow, pack, unpack
from documents.snapshots import snapshot_if_due
from documents.turns import turn_to_write
from documents.verification import consistent_view

# While people write, so many rows behind the newest snapshot stay as they are: processes that lag
# behind read them.
MARGIN_ROWS = 256
# A segment of a few rows takes half as many bytes again for each: while there are more to come, it
# is not made of fewer than these. Nor at rest, of so few that nothing would be gained.
MIN_ROWS = 1024
MIN_ROWS_AT_REST = 64
# What a step takes: some milliseconds of a processor, and of SQLite's lock.
MAX_ROWS = 2048
MAX_BYTES = 1024 * 1024
# After so many steps it is the next snapshot's turn: others wait for the same thread.
MAX_STEPS = 16


class _Overtaken(Exception):
    """Somebody else packed the rows meanwhile, or deleted the document."""


def compact(*, document_id: uuid.UUID, at_rest: bool = False) -> None:
    """Make a snapshot if one is due, and pack what is behind it; a bounded piece of work.

    `at_rest`: nobody writes any more, as when a room closes. May run anywhere at any time.
    Raises LogDamaged.
    """
    made = snapshot_if_due(document_id=document_id, at_rest=at_rest)
    if made is not None or at_rest:
        pack_log(document_id=document_id, at_rest=at_rest, max_steps=MAX_STEPS)


def pack_log(*, document_id: uuid.UUID, at_rest: bool = False, max_steps: int | None = None) -> int:
    """Pack rows behind the newest automatic snapshot; how many were packed.

    A version is not enough to pack behind it: people delete those. LogDamaged if there is a gap in
    the rows: what is damaged is left as it is.
    """
    least, margin = (MIN_ROWS_AT_REST, 0) if at_rest else (MIN_ROWS, MARGIN_ROWS)
    newest = Snapshot.objects.filter(document_id=document_id, label="").order_by("-seq")
    seq = newest.values_list("seq", flat=True).first()
    if seq is None:
        return 0
    packed = steps = 0
    while max_steps is None or steps < max_steps:
        with consistent_view():
            rows = _choose(document_id, until=seq - margin, min_rows=least)
        if not rows or not _replace(document_id, rows):
            break
        packed, steps = packed + len(rows), steps + 1
    return packed


def _choose(document_id: uuid.UUID, *, until: int, min_rows: int) -> Sequence[Row]:
    """The rows for the next segment: the oldest, unless they are too few."""
    waiting = Update.objects.filter(document_id=document_id, seq__lte=until).order_by("seq")
    listed = list(waiting.values_list("seq", Length("payload"))[:MAX_ROWS])
    totals = accumulate(size for _, size in listed)
    count = sum(1 for _ in takewhile(lambda total: total <= MAX_BYTES, totals))
    if count == len(listed) < min_rows:
        return []
    # One that is too large stands alone.
    count = max(1, count)
    first_seq, last_seq = listed[0][0], listed[count - 1][0]
    segments = Segment.objects.filter(document_id=document_id).order_by("-last_seq")
    packed_until = segments.values_list("last_seq", flat=True).first() or 0
    if (first_seq, last_seq) != (packed_until + 1, packed_until + count):
        raise LogDamaged(f"Rows after {packed_until} are missing, or stand there twice.")
    return read_rows(document_id=document_id, after=packed_until, until=last_seq)


def _replace(document_id: uuid.UUID, rows: Sequence[Row]) -> bool:
    """Put a segment in the place of the rows; whether it was still to be done."""
    whole = [
        PackedRow(
            row.payload,
            None if row.author_id is None else str(row.author_id),
            row.client,
            row.created_at,
        )
        for row in rows
    ]
    payload = pack(whole)
    if unpack(payload) != whole:
        raise LogDamaged("A segment does not hold what was packed into it; nothing was changed.")
    first_seq, last_seq = rows[0].seq, rows[-1].seq
    try:
        with turn_to_write():
            Segment.objects.create(
                document_id=document_id, first_seq=first_seq, last_seq=last_seq, payload=payload
            )
            _delete_rows(document_id, first_seq, last_seq)
    except (IntegrityError, _Overtaken):
        return False
    return True


def _delete_rows(document_id: uuid.UUID, first_seq: int, last_seq: int) -> None:
    old = Update.objects.filter(document_id=document_id, seq__gte=first_seq, seq__lte=last_seq)
    deleted, _ = old.delete()
    if deleted != last_seq - first_seq + 1:
        raise _Overtaken
