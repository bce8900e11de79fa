"""Ways to damage what is stored of a document, past everything that would prevent it."""

from documents.models import Document, Segment, Snapshot, Update

# Would end the interpreter: a value nested 26,250 deep.
CRASHING = bytes.fromhex("010105000801017401") + b"\x75\x01" * 26_250 + b"\x7e\x00"
# Applies, and what it was applied to cannot be encoded any more.
POISONOUS = bytes.fromhex("010205ffffffff0f04010174016104010174016200")
# Client 11's clocks, taken far beyond what 32 bits hold.
PANICKING = bytes.fromhex("01010bffffffff0f04010174016100")
BAD_ROWS = [b"", b"\x01\x02\x03", CRASHING, POISONOUS, PANICKING]


def spoil_row(document: Document, seq: int, payload: bytes = b"\x01\x02\x03") -> None:
    """Put other bytes into a row."""
    rows = Update.objects.filter(document=document, seq=seq)
    old = len(rows.get().payload)
    rows.update(payload=payload)
    newest = Snapshot.objects.filter(document=document).order_by("-seq").first()
    if newest is None or newest.seq < seq:
        # The counters are not what the test is about.
        document.refresh_from_db()
        tail_bytes = document.tail_bytes - old + len(payload)
        Document.objects.filter(id=document.id).update(tail_bytes=tail_bytes)


def lose_rows(document: Document, *seqs: int) -> None:
    """Delete rows."""
    Update.objects.filter(document=document, seq__in=seqs).delete()


def spoil_snapshot(snapshot: Snapshot, state: bytes) -> None:
    """Put another state into a snapshot."""
    Snapshot.objects.filter(id=snapshot.id).update(state=state)


def spoil_segment(segment: Segment) -> None:
    """Turn over one bit in the middle of it."""
    payload = bytearray(segment.payload)
    payload[len(payload) // 2] ^= 1
    Segment.objects.filter(id=segment.id).update(payload=bytes(payload))
