"""What is said over the channel layer.

The layer is a lossy hint, at most once: nothing here may be needed for correctness. Every
message that concerns content carries `seq`; a room that sees a gap reads the log.
"""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypedDict

from asgiref.sync import async_to_sync
from channels.layers import BaseChannelLayer, get_channel_layer
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

# Larger payloads are not carried: the receiver reads them from the log.
MAX_HINT_BYTES = 64 * 1024
# A request waits no longer for the layer, which takes a hint in a millisecond if it is well.
_PATIENCE_SECONDS = 0.25
# Hints that the layer did not take in that time: they are still on their way, up to so many.
_MAX_LATE = 1000
_late: set["asyncio.Task[None]"] = set()


class Sender(TypedDict):
    """What every hint has: which document it is about, and the process that says it."""

    document: str
    origin: str


class AppendedHint(Sender):
    """Rows were committed: `last_seq` is the new head; `rows` holds them if they are small."""

    type: Literal["appended"]
    first_seq: int
    last_seq: int
    # (payload, author's user id) for first_seq..last_seq, or empty: read the log.
    rows: list[tuple[bytes, int | None]]


class AccessHint(Sender):
    """Who may what has changed; `user` None means for everybody."""

    type: Literal["access"]
    user: int | None


class AwarenessHint(Sender):
    """Cursors of people in another process."""

    type: Literal["awareness"]
    # Whose they are.
    connection: str
    username: str | None
    name: str
    # (client, clock, state as JSON): the layer has no room for all that JSON can say.
    states: list[tuple[int, int, str]]


class PresenceHint(Sender):
    """Somebody joined, left or changed role in another process: read the roster."""

    type: Literal["presence"]


class ReturnedHint(Sender):
    """Somebody's cursor came back: the others' are to be told anew."""

    type: Literal["returned"]


class StatelessHint(Sender):
    """What a Hocuspocus client says to the others."""

    type: Literal["stateless"]
    payload: str


class DocumentListHint(Sender):
    """One of the document's lists has changed: members, threads, messages."""

    type: Literal["list"]
    topic: str


class ChatHint(Sender):
    """Somebody said something in the document's chat."""

    type: Literal["chat"]
    # Its id.
    message: int
    username: str | None
    name: str
    text: str
    # ISO 8601.
    at: str


class DirectHint(Sender):
    """One connection has something for another, in another process."""

    type: Literal["direct"]
    to: str
    # The connection.
    sender: str
    # As JSON.
    data: str


class CredentialsHint(TypedDict):
    """What people sign in with has changed. To every process."""

    type: Literal["credentials"]
    origin: str
    # The digest of a session key or an API token that is over.
    over: str | None
    # A user whose every session is to be looked at again.
    user: int | None


class UserListHint(TypedDict):
    """One of a user's lists has changed: documents, notifications. To the user's own group."""

    type: Literal["user_list"]
    user: int
    origin: str
    topic: str


Hint = (
    AppendedHint
    | AccessHint
    | AwarenessHint
    | PresenceHint
    | ReturnedHint
    | StatelessHint
    | DocumentListHint
    | ChatHint
    | DirectHint
    | CredentialsHint
    | UserListHint
)

# Where the hints of this context go, if not to the layer.
_collected: ContextVar[list[Hint] | None] = ContextVar("collected", default=None)

# The group that every process hears.
PEOPLE = "people"


def group_of(document_id: uuid.UUID) -> str:
    """The document's group on the channel layer."""
    return f"document.{document_id.hex}"


def user_group(user_id: int) -> str:
    """The user's group on the channel layer."""
    return f"user.{user_id}"


def appended(
    *,
    document_id: uuid.UUID,
    last_seq: int,
    rows: Sequence[tuple[bytes, int | None]],
    origin: str = "",
) -> AppendedHint:
    """The hint for rows that end at `last_seq`; leaves them out if they are large."""
    size = sum(len(payload) for payload, _ in rows)
    return {
        "type": "appended",
        "document": str(document_id),
        "origin": origin,
        "first_seq": last_seq - len(rows) + 1,
        "last_seq": last_seq,
        "rows": list(rows) if size <= MAX_HINT_BYTES else [],
    }


def access_changed(*, document_id: uuid.UUID, user_id: int | None = None) -> AccessHint:
    """The hint that one user's access, or everybody's, must be looked up again."""
    return {"type": "access", "document": str(document_id), "origin": "", "user": user_id}


def document_list_changed(*, document_id: uuid.UUID, topic: str) -> DocumentListHint:
    """The hint that one of a document's lists is to be read again."""
    return {"type": "list", "document": str(document_id), "origin": "", "topic": topic}


def user_list_changed(*, user_id: int, topic: str) -> UserListHint:
    """The hint that one of a user's lists is to be read again."""
    return {"type": "user_list", "user": user_id, "origin": "", "topic": topic}


def credentials_changed(*, over: str | None = None, user_id: int | None = None) -> CredentialsHint:
    """The hint that a session key or token (its digest) is over, or that a user is to be looked at.

    Digests: what is said here is nobody's key to anything.
    """
    return {"type": "credentials", "origin": "", "over": over, "user": user_id}


def channel_layer() -> BaseChannelLayer:
    """The project's layer; ImproperlyConfigured if it has none."""
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("Set CHANNEL_LAYERS: without one, edits over REST go unheard.")
    return layer


async def send(hint: Hint) -> None:
    """Publish a hint to its group; a failure is logged, and healed by the poll."""
    try:
        await channel_layer().group_send(_group_for(hint), dict(hint))
    except Exception:
        # Any failure of the layer at all: the log has what matters.
        logger.warning("The channel layer did not take a hint", exc_info=True)


def _group_for(hint: Hint) -> str:
    match hint["type"]:
        case "user_list":
            return user_group(hint["user"])
        case "credentials":
            return PEOPLE
        case _:
            return group_of(uuid.UUID(hint["document"]))


def publish(*hints: Hint) -> None:
    """`send` from a request's thread. Call it after the commit (transaction.on_commit).

    A layer that hangs holds up the first who meets it for a moment, and nobody behind them.
    """
    collected = _collected.get()
    if collected is not None:
        collected.extend(hints)
    else:
        async_to_sync(_send_soon)(hints)


@contextmanager
def collect() -> Iterator[list[Hint]]:
    """What is published meanwhile, for a caller who has a way of their own to tell it."""
    hints: list[Hint] = []
    reset = _collected.set(hints)
    try:
        yield hints
    finally:
        _collected.reset(reset)


async def _send_soon(hints: Sequence[Hint]) -> None:
    if not hints:
        return
    if len(_late) >= _MAX_LATE:
        logger.warning("The channel layer hangs: hints are dropped")
        return
    sending = [asyncio.ensure_future(send(hint)) for hint in hints]
    _, late = await asyncio.wait(sending, timeout=0 if _late else _PATIENCE_SECONDS)
    for task in late:
        _late.add(task)
        task.add_done_callback(_late.discard)
