"""What a document's past costs: when it is opened cold, and on the disk.

Two documents with the same content: one was typed, keystroke by keystroke, each keystroke a row
of the log, with snapshots and segments as the product makes them; the other was created from that
state, and is as the product leaves it. Both are opened as a room opens them (read from the
database, build the document), alternately, so that whatever else the machine does weighs on both.
What is printed is the ratio.

Bytes are those of an SQLite database with nothing else in it, indexes and all, after VACUUM.

    python -m benchmarks.cold_open                100,000 keystrokes, as in `make bench`
    python -m benchmarks.cold_open 1000000        some minutes
"""

import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

KEYSTROKES = 100_000
ROUNDS = 41
KEYSTROKES_AT_ONCE = 100


def main(arguments: list[str]) -> None:
    keystrokes = int(arguments[0]) if arguments else KEYSTROKES
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        _measure(keystrokes)


def _measure(keystrokes: int) -> None:
    from documents.log import load_state
    from documents.models import Document
    from documents.packing import compact

    empty = _stored_bytes()
    typed = Document.objects.create(kind="text")
    _type(typed.id, keystrokes)
    for moment in ("while it is typed", "after its room came to rest"):
        stored = _describe_stored(_stored_bytes() - empty, keystrokes)
        tail = len(load_state(document_id=typed.id).tail)
        fresh, size = _create_from_state_of(typed.id)
        ratios = _compare(typed.id, fresh)
        low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
        sys.stdout.write(
            f"{keystrokes} keystrokes, {moment}: a tail of {tail} rows; opens in {middle:.2f} of "
            f"the time of a fresh document of {size} bytes ({low:.2f} to {high:.2f}); {stored}\n"
        )
        Document.objects.filter(id=fresh).delete()
        compact(document_id=typed.id, at_rest=True)


def _type(document_id: uuid.UUID, keystrokes: int) -> None:
    """Replay real keystrokes until there are enough, and a snapshot is about to be made."""
    from documents.log import NewUpdate, append_updates
    from documents.packing import compact
    from documents.snapshots import due

    chance, now = random.Random(1), datetime(2026, 1, 1, tzinfo=UTC)
    rows: list[NewUpdate] = []
    typed = 0
    for client, update in _keystrokes():
        now += timedelta(microseconds=chance.randint(80_000, 400_000))
        rows.append(NewUpdate(update, author_id=1, client=client, created_at=now))
        if len(rows) < KEYSTROKES_AT_ONCE:
            continue
        append_updates(document_id=document_id, updates=rows)
        typed += len(rows)
        rows.clear()
        if typed >= keystrokes and due([document_id]):
            # The worst moment to open it.
            break
        compact(document_id=document_id)
        sys.stderr.write(f"\r{typed} keystrokes")
    sys.stderr.write("\n")


def _keystrokes() -> Iterator[tuple[int, bytes]]:
    """What people type without end, one after the other, as (client id, Yjs v1 update).

    Each begins with the file that the trace begins with, in front of what there is already.
    """
    from pycrdt import Doc, Text

    from tests.e2e.traces import apply_patch, read_trace

    transactions = read_trace("sveltecomponent")["txns"]
    chance = random.Random(2)
    while True:
        # As long as those that browsers draw.
        doc: Doc[Any] = Doc(client_id=chance.randrange(2**31, 2**32))
        text = doc.get("content", type=Text)
        written: list[bytes] = []
        subscription = doc.observe(lambda event, to=written: to.append(event.update))
        for transaction in transactions:
            for patch in transaction["patches"]:
                apply_patch(text, patch)
            yield from ((doc.client_id, update) for update in written)
            written.clear()
        doc.unobserve(subscription)


def _stored_bytes() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute("PRAGMA page_size")
        (page_bytes,) = cursor.fetchone()
    return int(pages * page_bytes)


def _describe_stored(size: int, keystrokes: int) -> str:
    from django.db.models import Sum
    from django.db.models.functions import Length

    from documents.models import Segment, Snapshot, Update

    snapshots = Snapshot.objects.aggregate(bytes=Sum(Length("state")))["bytes"] or 0
    return (
        f"{size / keystrokes:.1f} bytes stored for each keystroke, {snapshots / keystrokes:.1f} of "
        f"them in {Snapshot.objects.count()} snapshots, with {Update.objects.count()} rows that "
        f"are not packed and {Segment.objects.count()} segments"
    )


def _create_from_state_of(document_id: uuid.UUID) -> tuple[uuid.UUID, int]:
    from documents import crdt
    from documents.log import NewUpdate, append_updates, load_state
    from documents.models import Document
    from documents.packing import compact

    state = crdt.encode(crdt.build(load_state(document_id=document_id).payloads()))
    fresh = Document.objects.create(kind="text")
    append_updates(document_id=fresh.id, updates=[NewUpdate(state)])
    compact(document_id=fresh.id, at_rest=True)
    return fresh.id, len(state)


def _compare(typed: uuid.UUID, fresh: uuid.UUID) -> list[float]:
    from collab.live_doc import LiveDoc
    from collab.records import load

    def open_cold(document_id: uuid.UUID) -> float:
        started = time.perf_counter()
        _, state = load(document_id)
        LiveDoc(state.payloads(), pairs=state.pairs)
        return time.perf_counter() - started

    return [open_cold(typed) / open_cold(fresh) for _ in range(ROUNDS)]


if __name__ == "__main__":
    main(sys.argv[1:])
