"""Tickets: signed passes to one document, for sockets that can carry no cookie or header.

A ticket says who its holder is, not what they may: that is looked up at each connect.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.utils import timezone

from documents.errors import DocumentError
from documents.models import Document

DEFAULT_SECONDS = 24 * 60 * 60
MAX_SECONDS = 30 * DEFAULT_SECONDS

_SALT = "documents.ticket"


class TicketError(DocumentError):
    """A ticket that lets nobody in: forged, expired, or for another document."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that is good."""

    user_id: Any
    until: datetime


def issue_ticket(
    *, user: Any, document: Document, expires_in_seconds: int = DEFAULT_SECONDS
) -> tuple[str, datetime]:
    """A ticket for this user and document, and when it ends.

    ValueError for somebody who is not signed in, or for a time beyond the bounds.
    """
    if user is None or not user.is_authenticated:
        raise ValueError("Only a signed-in user can have a ticket.")
    if not 0 < expires_in_seconds <= MAX_SECONDS:
        raise ValueError(f"A ticket lasts from 1 to {MAX_SECONDS} seconds.")
    expires_at = timezone.now().replace(microsecond=0) + timedelta(seconds=expires_in_seconds)
    pass_ = {"user": user.pk, "document": document.id.hex, "until": int(expires_at.timestamp())}
    return signing.dumps(pass_, salt=_SALT), expires_at


def read_ticket(ticket: str, *, document_id: uuid.UUID) -> Ticket:
    """Whom the ticket names, and until when; TicketError if it is not good here and now."""
    try:
        pass_ = signing.loads(ticket, salt=_SALT)
    except signing.BadSignature:
        raise TicketError(
            "This is neither a ticket that was issued here nor an API token."
        ) from None
    if pass_["document"] != document_id.hex:
        raise TicketError("The ticket is for another document.")
    until = datetime.fromtimestamp(pass_["until"], UTC)
    if until <= timezone.now():
        raise TicketError("The ticket has expired: get a new one.")
    return Ticket(pass_["user"], until)
