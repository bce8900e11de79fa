"""Edits that the server writes itself: raw updates and operations over REST, restores.

What is to be appended depends on the content, and computing it takes longer than anybody
should wait for the document's row. So it is computed outside the lock, and appended only if the
head is still the one that it was computed against.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from pycrdt import Doc

from documents import bus, crdt, importing
from documents.content import build_document
from documents.errors import DocumentMissing, HeadMoved
from documents.log import NewUpdate, append_updates
from documents.members import tell_documents_changed
from documents.models import Document, Kind, Snapshot
from documents.models.document import DEFAULT_ROOTS
from documents.snapshots import snapshot_if_due

# After so many lost races against people who type, the row is locked first.
ATTEMPTS_OUTSIDE_THE_LOCK = 3


@dataclass(frozen=True, slots=True)
class Change:
    """What to append."""

    payload: bytes
    # The Yjs client id that wrote it, if it was one alone.
    client: int | None


def append_raw_update(*, document: Document, update: bytes, author: Any) -> int:
    """Append a Yjs v1 update that a program made; the seq of its row, or the head if it is old.

    Raises BadUpdate, MissingPredecessors, Contradiction, DocumentMissing, LogDamaged.
    """

    def apply(doc: Doc[Any]) -> Change:
        payload, clients = crdt.admit_and_apply(doc, update)
        return Change(payload, clients[0] if len(clients) == 1 else None)

    return _commit(document=document, author=author, compute=apply)


def apply_ops(*, document: Document, ops: Any, author: Any) -> int:
    """Apply operations (`documents.importing.apply_ops`), all or none; the seq after them.

    Raises EditError, DocumentMissing, LogDamaged.
    """

    def apply(doc: Doc[Any]) -> Change:
        def change() -> None:
            importing.apply_ops(doc=doc, kind=document.kind, root=document.root, ops=ops)

        return Change(crdt.edit(doc, change), document.server_client)

    return _commit(document=document, author=author, compute=apply)


@transaction.atomic
def change_root(*, document: Document, kind: str, root: str, author: Any) -> None:
    """Say at which root the content is, and of which kind; a blank root is the kind's default.

    What is read at a seq never changes. So this takes a seq of its own, by an update with nothing
    in it. Raises DocumentMissing.
    """
    root = root or DEFAULT_ROOTS[Kind(kind)]
    if (kind, root) == (document.kind, document.root):
        return
    author_id = None if author is None else author.pk
    empty = NewUpdate(crdt.EMPTY_UPDATE, author_id)
    seq = append_updates(document_id=document.id, updates=[empty])
    document.kind, document.root, document.head_seq = kind, root, seq
    document.save(update_fields=["kind", "root"])
    document.refresh_from_db(fields=["updated_at"])
    tell_documents_changed(document_id=document.id)
    hint = bus.appended(document_id=document.id, last_seq=seq, rows=[(empty.payload, author_id)])
    transaction.on_commit(lambda: bus.publish(hint))


def restore_snapshot(*, document: Document, snapshot: Snapshot, author: Any) -> int:
    """Bring a version back, as an edit going forward; the seq of that edit.

    It undoes everything logged before its own seq that the version lacks; what is logged after
    it stands. Raises DocumentMissing, LogDamaged.
    """
    version = bytes(snapshot.state)

    def rewind(doc: Doc[Any]) -> Change:
        client = document.server_client
        return Change(crdt.rewind(doc, to=version, client_id=client), client)

    return _commit(document=document, author=author, compute=rewind)


def _commit(*, document: Document, author: Any, compute: Callable[[Doc[Any]], Change]) -> int:
    for _ in range(ATTEMPTS_OUTSIDE_THE_LOCK):
        try:
            return _compute_and_append(document, author, compute)
        except HeadMoved:
            continue
    with transaction.atomic():
        locked = Document.objects.select_for_update(no_key=True).filter(id=document.id)
        if locked.first() is None:
            raise DocumentMissing("There is no such document.")
        return _compute_and_append(document, author, compute)


def _compute_and_append(
    document: Document, author: Any, compute: Callable[[Doc[Any]], Change]
) -> int:
    author_id = None if author is None else author.pk
    built = build_document(document_id=document.id, client_id=document.server_client)
    change = compute(built.doc)
    if change.payload == crdt.EMPTY_UPDATE:
        return built.seq
    seq = append_updates(
        document_id=document.id,
        updates=[NewUpdate(change.payload, author_id, change.client)],
        expected_head=built.seq,
    )
    hint = bus.appended(document_id=document.id, last_seq=seq, rows=[(change.payload, author_id)])
    transaction.on_commit(lambda: bus.publish(hint))
    # The edit stands whatever comes of the snapshot: a failure is logged. A program's next edit
    # will build the document again, as if it had been at rest.
    transaction.on_commit(
        lambda: snapshot_if_due(document_id=document.id, at_rest=True), robust=True
    )
    return seq
