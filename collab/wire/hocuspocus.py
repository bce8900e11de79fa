"""Hocuspocus's protocol, as its providers 4, 3 and 2 speak it: many documents on one socket.

A frame is a key, a type and what belongs to it. The key is the document's name, or the name, a
NUL and a session id where one socket has a document twice; what is answered bears the same key.
Frames of one byte are for the whole socket. Source: ueberdosis/hocuspocus `packages/provider`,
`packages/common/src/auth.ts`.
"""

from collections import deque
from typing import assert_never

from collab.wire.messages import (
    Ack,
    Authenticate,
    Awareness,
    AwarenessQuery,
    Changed,
    Detach,
    Directed,
    Edit,
    Error,
    ErrorCode,
    Event,
    KeepAlive,
    Pong,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    Push,
    Response,
    RoleChanged,
    RoomMessage,
    Said,
    ServerMessage,
    Stateless,
    Sync,
    TokenWanted,
    Welcome,
    WireError,
)
from collab.wire.states import MAX_STATE_BYTES
from collab.wire.yprotocols import (
    AUTH,
    NO_AWARENESS,
    STEP_1,
    Body,
    read_awareness,
    read_keystroke,
    read_sync,
    write_awareness,
    write_change,
    write_sync,
    write_text,
)

HocuspocusMessage = RoomMessage | Authenticate | Detach

PING, PONG = b"\x09", b"\x0a"
# The body of the frame that ends the client's interest in a document.
DETACH = b"\x07"

_MAX_KEY_BYTES = 1024
_STATELESS, _SYNC_STATUS = 5, 8
_TOKEN, _DENIED, _AUTHENTICATED = range(3)
_SAVED, _NOT_SAVED = bytes((_SYNC_STATUS, 1)), bytes((_SYNC_STATUS, 0))
_WRITING_ROLES = {"editor", "owner"}


def split(frame: bytes) -> tuple[str, bytes]:
    """A frame's key, and the body behind it; WireError if it has none."""
    body = Body(frame)
    key = body.text()
    if not key or len(key) > _MAX_KEY_BYTES:
        raise WireError("The frame has no document name that could be one.")
    return key, frame[body.at :]


def document_name(key: str) -> str:
    """The key without the session id."""
    return key.partition("\0")[0]


class HocuspocusProtocol:
    """One document's side of the protocol on a socket; no I/O."""

    def __init__(self, key: str) -> None:
        self._prefix = write_text(key)
        self._statuses = _SyncStatuses()
        self._version: str | None = None

    def decode(self, body: bytes) -> HocuspocusMessage:  # noqa: PLR0911 (a case for each type)
        """The message in what follows the key; WireError says what is wrong with it."""
        if (update := read_keystroke(body)) is not None:
            edit = Edit(update, self._statuses.edits + 1)
            self._statuses.received(edit)
            return edit
        rest = Body(body)
        match rest.number():
            case 0:
                message = read_sync(rest, cseq=self._statuses.edits + 1)
                if isinstance(message, Edit):
                    self._statuses.received(message)
                return message
            case 1:
                return read_awareness(rest)
            case 2:
                return self._read_auth(rest)
            case 3:
                rest.expect_end()
                return AwarenessQuery()
            case 5:
                return _read_stateless(rest)
            case 7:
                return Detach()
            case type_:
                raise WireError(
                    f"A client does not send messages of type {type_}.", code=ErrorCode.UNSUPPORTED
                )

    def _read_auth(self, rest: Body) -> Authenticate:
        if (kind := rest.number()) != _TOKEN:
            raise WireError(f"A client does not send authentication of type {kind}.")
        token = rest.text()
        if rest.at < rest.size:
            self._version = rest.text()
        return Authenticate(token or None, self._version)

    def encode(self, message: ServerMessage) -> list[bytes]:
        """The message as binary frames; none if the protocol has no word for it."""
        if isinstance(message, KeepAlive) and self._version is not None:
            # Only 4.x says a version, and only 4.x survives a ping.
            return [PING]
        return [self._prefix + body for body in self._bodies(message)]

    def deny(self, reason: str) -> bytes:
        """The frame that ends this document on the socket, which stays open for others.

        If the client authenticates again, it begins anew.
        """
        self._statuses = _SyncStatuses()
        return self._prefix + bytes((AUTH, _DENIED)) + write_text(reason)

    def _bodies(self, message: ServerMessage) -> list[bytes]:  # noqa: PLR0911
        match message:
            case Changed():
                return [write_change(message)]
            case Ack():
                return [_SAVED] * self._statuses.acknowledged(message)
            case Awareness():
                return [write_awareness(message.states)]
            case Sync():
                bodies = write_sync(message)
                if bodies[0][1] == STEP_1:
                    self._statuses.asked(message)
                return bodies
            case Welcome() | RoleChanged():
                scope = "read-write" if message.role in _WRITING_ROLES else "readonly"
                return [bytes((AUTH, _AUTHENTICATED)) + write_text(scope)]
            case Stateless():
                return [bytes((_STATELESS,)) + write_text(message.payload)]
            case TokenWanted():
                return [bytes((AUTH, _TOKEN))]
            case KeepAlive():
                return [NO_AWARENESS]
            case Error():
                return [] if message.cseq is None else [_NOT_SAVED]
            case (
                PresenceFull()
                | PresenceJoined()
                | PresenceLeft()
                | Pong()
                | Said()
                | Directed()
                | Response()
                | Push()
                | Event()
            ):
                return []
            case _:
                assert_never(message)


class _SyncStatuses:
    """How many sync statuses the client waits for.

    It counts one up for each edit, and one for a synchronisation that it began; a status counts
    one down. So its answer to a question that the server asked of itself has none to come, and
    an edit that was not acknowledged has one once the whole of the client's state is.
    """

    def __init__(self) -> None:
        self.edits = 0
        # Of each question for the client's state, in order: whether the client began it.
        self._asked: deque[bool] = deque()
        # The numbers of the edits that wait for their status, and of those that are whole states.
        self._owed: deque[int] = deque()
        self._whole: deque[int] = deque()
        # Edits that others behind them have overtaken: they wait for a whole state.
        self._overtaken = 0

    def asked(self, message: Sync) -> None:
        """The client's state was asked for."""
        self._asked.append(message.id is not None)

    def received(self, edit: Edit) -> None:
        """The next edit is here."""
        self.edits = edit.cseq
        if edit.answers_sync:
            self._whole.append(edit.cseq)
            if self._asked and not self._asked.popleft():
                return
        self._owed.append(edit.cseq)

    def acknowledged(self, ack: Ack) -> int:
        """How many statuses are due now; acknowledgements come in the order of the edits."""
        paid = 0
        while self._owed and self._owed[0] <= ack.cseq:
            if self._owed.popleft() >= ack.from_cseq:
                paid += 1
            else:
                self._overtaken += 1
        while self._whole and self._whole[0] <= ack.cseq:
            if self._whole.popleft() >= ack.from_cseq:
                paid += self._overtaken
                self._overtaken = 0
        return paid


def _read_stateless(rest: Body) -> Stateless:
    before = rest.at
    if rest.number() > MAX_STATE_BYTES:
        raise WireError(
            f"A stateless message has at most {MAX_STATE_BYTES} bytes.", code=ErrorCode.TOO_LARGE
        )
    rest.at = before
    payload = rest.text()
    rest.expect_end()
    return Stateless(payload)
