"""How much a document's past costs when it is opened cold.

Two documents with the same content: one was typed, keystroke by keystroke, each keystroke a row
of the log, with snapshots as the product makes them; the other was created from that state. Both
are opened as a room opens them (read from the database, build the document), alternately, so that
whatever else the machine does weighs on both. What is printed is the ratio.

    make bench
"""

import itertools
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

KEYSTROKES = 100_000
ROUNDS = 41


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        _measure()


def _measure() -> None:
    from documents.log import load_state
    from documents.models import Document
    from documents.snapshots import snapshot_if_due

    typed = Document.objects.create(kind="text")
    tail = _type(typed.id)
    fresh = _create_from_state_of(typed.id)
    _report(f"typed, with a tail of {tail} rows", typed.id, fresh)
    snapshot_if_due(document_id=typed.id, at_rest=True)
    rows = len(load_state(document_id=typed.id).payloads()) - 1
    _report(f"typed, after its room came to rest (tail of {rows})", typed.id, fresh)


def _type(document_id: uuid.UUID) -> int:
    """Replay real keystrokes until there are enough; return the rows since the last snapshot."""
    from pycrdt import Doc, Text

    from documents.log import NewUpdate, append_updates, load_state
    from documents.snapshots import due, snapshot_if_due
    from tests.e2e.traces import apply_patch, read_trace

    doc: Doc[Text] = Doc()
    text = doc.get("content", type=Text)
    written: list[bytes] = []
    doc.observe(lambda event: written.append(event.update))
    typed = 0
    for transaction in itertools.cycle(read_trace("sveltecomponent")["txns"]):
        for patch in transaction["patches"]:
            apply_patch(text, patch)
        if len(written) < 100:
            continue
        append_updates(document_id=document_id, updates=[NewUpdate(update) for update in written])
        typed += len(written)
        written.clear()
        if typed >= KEYSTROKES and due([document_id]):
            # The worst moment to open it: a snapshot is about to be made.
            break
        snapshot_if_due(document_id=document_id)
        sys.stderr.write(f"\r{typed} keystrokes")
    sys.stderr.write("\n")
    return len(load_state(document_id=document_id).payloads()) - 1


def _create_from_state_of(document_id: uuid.UUID) -> uuid.UUID:
    from documents import crdt
    from documents.log import NewUpdate, append_updates, load_state
    from documents.models import Document

    state = crdt.encode(crdt.build(load_state(document_id=document_id).payloads()))
    fresh = Document.objects.create(kind="text")
    append_updates(document_id=fresh.id, updates=[NewUpdate(state)])
    sys.stdout.write(f"state: {len(state)} bytes\n")
    return fresh.id


def _report(name: str, typed: uuid.UUID, fresh: uuid.UUID) -> None:
    from collab.live_doc import LiveDoc
    from documents.log import load_state

    def open_cold(document_id: uuid.UUID) -> float:
        started = time.perf_counter()
        LiveDoc(load_state(document_id=document_id).payloads()).close()
        return time.perf_counter() - started

    ratios = _ratios(lambda: open_cold(typed), lambda: open_cold(fresh))
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    sys.stdout.write(f"{name}: {middle:.2f} of a fresh document ({low:.2f} to {high:.2f})\n")


def _ratios(ours: Callable[[], float], other: Callable[[], float]) -> list[float]:
    return [ours() / other() for _ in range(ROUNDS)]


if __name__ == "__main__":
    main()
