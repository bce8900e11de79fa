"""Who comes in, and who may stay: credentials to a person with a role. In a database thread."""

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user, get_user_model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework.authtoken.models import Token

from collab.wire.messages import CloseCode, Person
from documents.models import Document
from documents.people import describe_user
from documents.permissions import Action, Role, allows, link_ends_at, role_for
from documents.tickets import TicketError, read_ticket

_API_TOKEN = re.compile(r"[0-9a-f]{40}")
SIGNED_OUT = "you were signed out"
# A person with what they came with.
Entered = tuple[int, "Credentials"]


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
    # None for a visitor by link.
    person: Person | None
    role: Role
    credentials: Credentials
    # When the ticket they came with ends.
    until: datetime | None = None
    # When the document's link ends, which may be what lets them in.
    link_until: datetime | None = None


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
    if document is not None and role is not None and allows(role, Action.READ):
        return Entrant(
            user_id=None if user is None else user.pk,
            person=None if user is None else person_of(user),
            role=role,
            credentials=credentials,
            until=until,
            link_until=link_ends_at(document),
        )
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


def find_over(entered: Collection[Entered]) -> dict[Entered, Refused]:
    """Those who may stay no longer, with why: three queries, however many they are.

    What a document gives them is not looked at.
    """
    users = get_user_model().objects.filter(is_active=True).in_bulk({id_ for id_, _ in entered})
    tokens = {
        credentials.token
        for _, credentials in entered
        if credentials.token is not None and _API_TOKEN.fullmatch(credentials.token)
    }
    good = set(Token.objects.filter(key__in=tokens).values_list("key", flat=True))
    keys = {c.session_key for _, c in entered if c.token is None and c.session_key is not None}
    sessions = _load_sessions(keys)
    over = {}
    for user_id, credentials in entered:
        user, session = users.get(user_id), sessions.get(credentials.session_key or "")
        if user is None:
            refused = Refused(CloseCode.FORBIDDEN, "the user is gone or deactivated")
        elif credentials.token in tokens - good:
            refused = Refused(CloseCode.FORBIDDEN, "the token was revoked")
        elif credentials.session_key in keys and not (session and _is_signed_in(user, session)):
            # It ran out, or was replaced at a sign-in or with the password: whoever has another
            # one now comes again with that, and everybody else is refused at the door.
            refused = Refused(CloseCode.TRY_AGAIN_LATER, "the session is over")
        else:
            continue
        over[user_id, credentials] = refused
    return over


def _load_sessions(keys: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the browser sessions hold; nothing for one that is over."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):
        return {key: store(key).load() for key in keys}
    rows = store.get_model_class().objects.filter(
        session_key__in=keys, expire_date__gt=timezone.now()
    )
    return {row.session_key: row.get_decoded() for row in rows}


def _is_signed_in(user: Any, session: Mapping[str, Any]) -> bool:
    """Whether that is whose session it is, with the password of now."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    given = session.get(HASH_SESSION_KEY, "")
    return session.get(SESSION_KEY) == str(user.pk) and any(
        constant_time_compare(given, hash_) for hash_ in hashes
    )


def guest(connection_id: uuid.UUID) -> Person:
    """A visitor by link: nobody knows them, but they can be told apart."""
    return Person(None, f"Guest {connection_id.hex[:4]}")


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
