"""The live side's database calls. Each runs in a database thread and returns plain values."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from collab.doors import guest, person_of
from collab.wire.messages import PresenceEntry
from documents.damage import report_damage
from documents.errors import BadUpdate, DocumentMissing, LogDamaged, MissingPredecessors
from documents.log import State, load_state, read_since
from documents.marks import Mark
from documents.models import Connection, Document, Membership, Process
from documents.permissions import Role, effective_role, link_ends_at

# How long a dead process's rows stay, as a multiple of a lease: readers ignore them at once.
_KEEP_LEASES = 4


@dataclass(frozen=True, slots=True)
class Head:
    """Where a document stands."""

    mark: Mark
    epoch: int


@dataclass(frozen=True, slots=True)
class Access:
    """Who may what in a document now."""

    # By user id; None for visitors.
    roles: Mapping[int | None, Role | None]
    # When the link ends, which is open now.
    link_until: datetime | None


def load(document_id: uuid.UUID) -> tuple[int, State]:
    """Epoch and state; DocumentMissing also for one in the trash."""
    found = Document.objects.filter(id=document_id, trashed_at=None).values_list("epoch", flat=True)
    epoch = found.first()
    if epoch is None:
        raise DocumentMissing("There is no such document.")
    return epoch, load_room_state(document_id)


def load_room_state(document_id: uuid.UUID) -> State:
    """What a room is built from; DocumentMissing, LogDamaged."""
    try:
        return load_state(document_id=document_id).for_room()
    except (BadUpdate, MissingPredecessors, LogDamaged) as error:
        raise report_damage(document_id, error) from error


def rows_since(document_id: uuid.UUID, seq: int) -> list[tuple[int, bytes, int | None]]:
    """(seq, update, author's user id) of the log's rows after `seq`."""
    rows = read_since(document_id=document_id, seq=seq)
    return [(row.seq, row.payload, row.author_id) for row in rows]


def heads(document_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Head]:
    """The heads of those that are neither purged nor in the trash."""
    rows = Document.objects.filter(id__in=document_ids, trashed_at=None)
    return {
        id_: Head(Mark(head, checksum), epoch)
        for id_, head, checksum, epoch in rows.values_list(
            "id", "head_seq", "log_checksum", "epoch"
        ).iterator()
    }


def read_access(wanted: Mapping[uuid.UUID, Collection[int | None]]) -> dict[uuid.UUID, Access]:
    """What each user may now in each document (None: a visitor); three queries for all.

    Documents that are not there any more are left out.
    """
    known = {user_id for user_ids in wanted.values() for user_id in user_ids if user_id is not None}
    active = set(
        get_user_model().objects.filter(pk__in=known, is_active=True).values_list("pk", flat=True)
    )
    memberships = Membership.objects.filter(document_id__in=wanted, user_id__in=known)
    members = {
        (document_id, user_id): role
        for document_id, user_id, role in memberships.values_list(
            "document_id", "user_id", "role"
        ).iterator()
    }

    def role_of(document: Document, user_id: int | None) -> Role | None:
        if user_id is None:
            return effective_role(document, None, signed_in=False)
        if user_id not in active:
            return None
        return effective_role(document, members.get((document.id, user_id)), signed_in=True)

    documents = Document.objects.filter(id__in=wanted, trashed_at=None)
    return {
        document.id: Access(
            {user_id: role_of(document, user_id) for user_id in wanted[document.id]},
            link_ends_at(document),
        )
        for document in documents.only("link_reach", "link_role", "link_expires_at")
    }


def rosters(
    document_ids: Collection[uuid.UUID], *, apart_from: uuid.UUID
) -> dict[uuid.UUID, list[PresenceEntry]]:
    """Who is connected in other processes that are alive."""
    entries: dict[uuid.UUID, list[PresenceEntry]] = {id_: [] for id_ in document_ids}
    rows = (
        Connection.objects.filter(
            document_id__in=document_ids, process__lease_until__gt=timezone.now()
        )
        .exclude(process_id=apart_from)
        .select_related("user")
    )
    for row in rows:
        entries[row.document_id].append(
            PresenceEntry(
                str(row.id),
                guest(row.id) if row.user is None else person_of(row.user),
                Role(row.role).slug,
                row.since.isoformat().replace("+00:00", "Z"),
            )
        )
    return entries


def renew_lease(process_id: uuid.UUID, lease_seconds: float) -> bool:
    """Say that the process is alive; False if it had to be written anew. Strikes off the dead."""
    now = timezone.now()
    until = now + timedelta(seconds=lease_seconds)
    Process.objects.filter(
        lease_until__lt=now - timedelta(seconds=_KEEP_LEASES * lease_seconds)
    ).exclude(id=process_id).delete()
    if Process.objects.filter(id=process_id).update(lease_until=until):
        return True
    Process.objects.create(id=process_id, lease_until=until)
    return False


def end_lease(process_id: uuid.UUID) -> None:
    """The process stops, and its connections with it."""
    Process.objects.filter(id=process_id).delete()
