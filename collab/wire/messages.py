"""The one vocabulary: what clients and the room say to each other, on every wire."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class ErrorCode(StrEnum):
    """What a recoverable error is about; the socket stays open."""

    BAD_MESSAGE = "bad_message"
    BAD_UPDATE = "bad_update"
    READ_ONLY = "read_only"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNSUPPORTED = "unsupported"


class CloseCode(IntEnum):
    """Why a socket was closed. 44xx is final for a client; the rest is worth a retry."""

    BAD_MESSAGE = 4400
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    MISSING = 4404
    WRONG_SUBPROTOCOL = 4406
    NO_HELLO = 4408
    OTHER_EPOCH = 4409
    TOO_LARGE = 4413
    ABNORMAL = 1006
    RESTARTING = 1012
    TRY_AGAIN_LATER = 1013


class WireError(Exception):
    """A frame that cannot be understood. It is answered with an Error of that code."""

    def __init__(
        self,
        detail: str,
        *,
        code: ErrorCode = ErrorCode.BAD_MESSAGE,
        id: Any = None,  # noqa: A002 - the field's name on the wire
        cseq: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.id = id
        self.cseq = cseq


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as others see it; username is None for visitors by link."""

    username: str | None
    name: str


@dataclass(frozen=True, slots=True)
class PresenceEntry:
    """One connection in the roster."""

    connection: str
    user: Person
    role: str
    # ISO 8601, UTC.
    since: str


@dataclass(frozen=True, slots=True)
class AwarenessState:
    """One client's cursor and the like; `state` None means that it left."""

    client: int
    clock: int
    state: Any


# From clients ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    token: str | None


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """Sync step 1: what the client has; asks for the rest."""

    state_vector: bytes
    id: Any = None
    epoch: int | None = None


class Edit(NamedTuple):
    """A Yjs v1 update from a client: typing, or its answer to a sync (both are writes)."""

    update: bytes
    # Counts the client's edits from 1; wires without such a number count for it.
    cseq: int
    # Sync step 2. Whoever may only read sends it too, and may: it need not hold anything new.
    answers_sync: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    id: Any = None


@dataclass(frozen=True, slots=True)
class AwarenessQuery:
    """Asks for everybody's awareness anew."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """On a wire of many documents: who asks for this one, by a ticket or an API token."""

    token: str | None
    # What the client says of itself; not all do.
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Detach:
    """On a wire of many documents: this one is no longer of interest."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Says something in the document's chat."""

    text: str
    id: Any = None


@dataclass(frozen=True, slots=True)
class Direct:
    """Something for one connection in the document; `data` is JSON."""

    to: str
    data: Any
    id: Any = None


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for a list, as REST gives it; `live`: and for what becomes of it from then on."""

    method: str
    params: Mapping[str, Any]
    live: bool
    id: Any = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Enough of a live list."""

    subscription: int
    id: Any = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Which events are to come: of these topics, about these documents (None: about any)."""

    topics: Sequence[str]
    documents: Sequence[uuid.UUID] | None = None
    id: Any = None


# Both ways ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Awareness:
    states: Sequence[AwarenessState]


@dataclass(frozen=True, slots=True)
class Stateless:
    """Text from one client to the document's others, which is not stored. Hocuspocus only."""

    payload: str


# From the room -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Welcome:
    connection: str
    user: Person
    # None where there is no document: on the socket for events.
    role: str | None
    epoch: int | None
    head: int | None
    limits: dict[str, int]
    ping_seconds: int


@dataclass(frozen=True, slots=True)
class Sync:
    """What the client lacks, and what the server has; unasked when `id` is None."""

    update: bytes
    state_vector: bytes
    seq: int
    id: Any = None


# Not frozen, as `Edit` and `Ack` are tuples: these are made for every keystroke.
@dataclass(slots=True)
class Changed:
    """What others changed; `user` when one person wrote all of it."""

    update: bytes
    user: Person | None = None
    # A wire's name -> the frame it made of this: one change goes to many, encoded once a wire.
    frames: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


class Ack(NamedTuple):
    """The client's updates from `from_cseq` to `cseq` are committed, in log row `seq`."""

    cseq: int
    seq: int
    from_cseq: int


@dataclass(frozen=True, slots=True)
class PresenceFull:
    entries: Sequence[PresenceEntry]


@dataclass(frozen=True, slots=True)
class PresenceJoined:
    entry: PresenceEntry


@dataclass(frozen=True, slots=True)
class PresenceLeft:
    connection: str


@dataclass(frozen=True, slots=True)
class RoleChanged:
    role: str


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody said something in the document's chat, and it is stored."""

    # Its id in the list of messages.
    message: int
    user: Person
    text: str
    # ISO 8601.
    at: str
    # For who said it: their own name for it.
    id: Any = None


@dataclass(frozen=True, slots=True)
class Directed:
    """What one connection has for this one."""

    sender: str
    data: Any


@dataclass(frozen=True, slots=True)
class Pong:
    id: Any = None


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """For clients that take a quiet socket for a dead one."""


@dataclass(frozen=True, slots=True)
class TokenWanted:
    """The ticket is over: the client is to bring a new one."""


@dataclass(frozen=True, slots=True)
class Response:
    """What was asked for; with a subscription more will follow."""

    id: Any
    result: Any
    subscription: int | None = None


class Kind(StrEnum):
    """What became of an item of a list."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ListChange:
    """An item of a list that somebody watches; `item` is None when it was removed."""

    kind: Kind
    id: str | int
    item: Any = None


@dataclass(frozen=True, slots=True)
class Push:
    """What is new about a live list; `n` counts a subscription's from 1."""

    subscription: int
    n: int
    change: ListChange


@dataclass(frozen=True, slots=True)
class Event:
    """What is new, for who subscribed to the topic without asking for the list."""

    topic: str
    change: ListChange
    # Whose list it is; None for the user's own.
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Error:
    code: ErrorCode
    detail: str
    id: Any = None
    cseq: int | None = None
    retry_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The last thing said on a socket."""

    code: CloseCode
    reason: str


# What a room takes from its sessions.
RoomMessage = SyncRequest | Edit | Awareness | AwarenessQuery | Stateless
ServerMessage = (
    Welcome
    | Sync
    | Changed
    | Ack
    | Awareness
    | PresenceFull
    | PresenceJoined
    | PresenceLeft
    | RoleChanged
    | Said
    | Directed
    | Pong
    | Stateless
    | KeepAlive
    | TokenWanted
    | Response
    | Push
    | Event
    | Error
)
