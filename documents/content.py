"""A document's content, built from the log: what reading, exporting and editing start from."""

import uuid
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from documents import crdt
from documents.damage import report_damage
from documents.errors import BadUpdate, LogDamaged, MissingPredecessors
from documents.log import load_state


@dataclass(frozen=True, slots=True)
class Built:
    """A document's content at one seq. The Doc belongs to the thread that built it."""

    doc: Doc[Any]
    seq: int
    # Of the log up to there, if it was built as it is now.
    log_checksum: int


def build_document(
    *,
    document_id: uuid.UUID,
    at: int | None = None,
    client_id: int | None = None,
    complete: bool = False,
) -> Built:
    """Build the content as committed, now or at the seq `at`.

    With `complete`, LogDamaged also if something in the log waits for what is not in it: for
    whoever writes down the whole state. Raises DocumentMissing, LogDamaged.
    """
    try:
        state = load_state(document_id=document_id, at=at)
        if state.is_intact and not complete:
            doc = crdt.build(state.payloads(), client_id=client_id)
        else:
            clocks, _ = crdt.check_rows(state.snapshot, state.tail)
            doc = crdt.build(state.payloads(), client_id=client_id)
            if complete:
                crdt.check_complete(doc, clocks)
    except (BadUpdate, MissingPredecessors, LogDamaged) as error:
        # The gate lets nothing in that cannot be applied: the stored bytes have changed.
        raise report_damage(document_id, error) from error
    return Built(doc, state.head, state.checksum)
