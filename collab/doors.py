"""Who comes in: credentials to a person with a role. Runs in a database thread."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.http import HttpRequest
from rest_framework.authtoken.models import Token

from collab.wire.messages import CloseCode, Person
from documents.models import Document
from documents.people import describe_user
from documents.permissions import Action, Role, allows, role_for
from documents.tickets import TicketError, read_ticket

_API_TOKEN = re.compile(r"[0-9a-f]{40}")
VISITOR = Person(None, "Guest")


class Refused(Exception):
    """The door stays shut."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a socket brought along; the token counts before the cookie."""

    # An API token or a ticket.
    token: str | None = None
    session_key: str | None = None


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody who may come in."""

    user_id: int | None
    person: Person
    role: Role
    # When the ticket they came with ends.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, where no document is concerned."""

    user_id: int
    person: Person


def identify(credentials: Credentials) -> Identity | None:
    """Who this is; None for somebody who is not signed in. Refused for a token that is not good."""
    user, _ = _identify(credentials, None)
    return None if user is None else Identity(user.pk, person_of(user))


def enter(credentials: Credentials, document_id: uuid.UUID) -> Entrant | None:
    """Who this is and what they may; None for a visitor who has not shown anything yet.

    Raises Refused. Existence is not told to whoever may not read the document.
    """
    user, until = _identify(credentials, document_id)
    document = Document.objects.filter(id=document_id, trashed_at=None).first()
    role = None if document is None else role_for(user, document)
    if role is not None and allows(role, Action.READ):
        person = VISITOR if user is None else person_of(user)
        return Entrant(None if user is None else user.pk, person, role, until)
    if user is None:
        return None
    raise Refused(CloseCode.MISSING, "there is no such document")


def _identify(
    credentials: Credentials, document_id: uuid.UUID | None
) -> tuple[Any, datetime | None]:
    """The active user, or None if nothing was shown or a session is over; when a ticket ends.

    Raises Refused for a token that is not good: silence would look like success.
    """
    if credentials.token is not None:
        return _identify_by_token(credentials.token, document_id)
    if credentials.session_key is not None:
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(
            credentials.session_key
        )
        user = get_user(request)
        return user if user.is_authenticated and user.is_active else None, None
    return None, None


def person_of(user: Any) -> Person:
    """The user as others see it."""
    described = describe_user(user)
    return Person(described["username"], described["name"])


def _identify_by_token(token: str, document_id: uuid.UUID | None) -> tuple[Any, datetime | None]:
    user: Any = None
    until = None
    if _API_TOKEN.fullmatch(token):
        found = Token.objects.select_related("user").filter(key=token).first()
        if found is None:
            raise Refused(CloseCode.NOT_AUTHENTICATED, "there is no such token")
        user = found.user
    elif document_id is None:
        raise Refused(CloseCode.NOT_AUTHENTICATED, "a ticket is for a document: bring a token")
    else:
        try:
            ticket = read_ticket(token, document_id=document_id)
        except TicketError as error:
            raise Refused(CloseCode.NOT_AUTHENTICATED, str(error)) from None
        user = get_user_model().objects.filter(pk=ticket.user_id).first()
        until = ticket.until
    if user is None or not user.is_active:
        raise Refused(CloseCode.NOT_AUTHENTICATED, "the user is gone or deactivated")
    return user, until
