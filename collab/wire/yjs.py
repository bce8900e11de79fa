"""The y-websocket protocol: a frame is a body of y-protocols, or a reason why not.

It has no acknowledgements: what a client sent is on disk when others can be shown it, but the
client is not told.
"""

from typing import assert_never

from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessQuery,
    Changed,
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
    Said,
    ServerMessage,
    Stateless,
    Sync,
    SyncRequest,
    TokenWanted,
    Welcome,
    WireError,
)
from collab.wire.refusals import end_of
from collab.wire.yprotocols import (
    AUTH,
    NO_AWARENESS,
    Body,
    read_awareness,
    read_keystroke,
    read_sync,
    write_awareness,
    write_change,
    write_sync,
    write_text,
)

YjsMessage = SyncRequest | Edit | Awareness | AwarenessQuery


class YjsProtocol:
    """One connection's side of the protocol; no I/O."""

    def __init__(self) -> None:
        self._edits = 0
        self._told_read_only = False

    def decode(self, frame: bytes) -> YjsMessage:
        """The message in a binary frame; WireError says what is wrong with it."""
        if (update := read_keystroke(frame)) is not None:
            self._edits += 1
            return Edit(update, self._edits)
        body = Body(frame)
        match body.number():
            case 0:
                message = read_sync(body, cseq=self._edits + 1)
                if isinstance(message, Edit):
                    self._edits += 1
                return message
            case 1:
                return read_awareness(body)
            case 3:
                body.expect_end()
                return AwarenessQuery()
            case type_:
                raise WireError(f"There is no message of type {type_}.", code=ErrorCode.UNSUPPORTED)

    def encode(self, message: ServerMessage) -> list[bytes]:  # noqa: PLR0911
        """The message as binary frames; none if the protocol has no word for it."""
        match message:
            case Changed():
                return [write_change(message)]
            case Awareness():
                return [write_awareness(message.states)]
            case Sync():
                return write_sync(message)
            case KeepAlive():
                return [NO_AWARENESS]
            case Error():
                return self._warn(message)
            case RoleChanged():
                self._told_read_only = False
                return []
            case (
                Ack()
                | Welcome()
                | PresenceFull()
                | PresenceJoined()
                | PresenceLeft()
                | Pong()
                | Stateless()
                | TokenWanted()
                | Said()
                | Directed()
                | Response()
                | Push()
                | Event()
            ):
                return []
            case _:
                assert_never(message)

    def _warn(self, error: Error) -> list[bytes]:
        # The stock client writes the reason on its console: once is enough.
        if end_of(error) is not None or self._told_read_only:
            return []
        self._told_read_only = True
        return [bytes((AUTH, 0)) + write_text(error.detail)]
