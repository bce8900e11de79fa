"""A direct line to a socket under uvicorn: frames without an ASGI message and a task for each.

An ASGI message costs a queue, a wake-up and, for each frame that comes in, a pause of the socket
and its end: more than all that a keystroke costs besides. Under uvicorn's own `websockets-sansio`
protocol, which the Procfile chooses, a frame is handed over where it is parsed, and written
where it is made. Nobody depends on it: what cannot be taken or written at once goes the ordinary
way, and under any other server everything does.
"""

import asyncio
from collections.abc import Callable
from typing import Any

try:
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from websockets.frames import apply_mask  # type: ignore[attr-defined]
    from websockets.streams import StreamReader
except ImportError:  # pragma: no cover
    WebSocketsSansIOProtocol = None  # type: ignore[assignment, misc]

_BINARY, _TEXT = 0x82, 0x81
_MASKED, _MASK_BYTES = 0x80, 4
# So much of what arrives is parsed in one turn of the loop: who floods sends thousands of frames in
# the 256 KiB that uvloop reads at a time, and nobody else would have a turn meanwhile.
_PIECE_BYTES = 64 * 1024


def frame_of(payload: bytes, *, text: bool = False) -> bytes:
    """An unmasked WebSocket frame, whole, as a server sends it (RFC 6455, 5.2)."""
    head, size = (_TEXT if text else _BINARY), len(payload)
    if size < 126:
        return bytes((head, size)) + payload
    if size < 2**16:
        return bytes((head, 126)) + size.to_bytes(2, "big") + payload
    return bytes((head, 127)) + size.to_bytes(8, "big") + payload


class DirectLine:
    """One accepted socket."""

    __slots__ = ("_protocol", "_rest", "_take", "write")

    def __init__(self, protocol: Any, take: Callable[[bytes | str], bool]) -> None:
        self._protocol = protocol
        self._take = take
        # Writes whole frames to a reader that is ready.
        self.write: Callable[[bytes], None] = protocol.transport.write
        # What arrived, and is still to be parsed; nothing more is read meanwhile.
        self._rest = b""
        # The protocol calls it for each message that is complete.
        protocol.send_receive_event_to_app = self._received
        # The transport looked it up when it was given the protocol.
        protocol.data_received = self._data_received
        protocol.transport.set_protocol(protocol)

    @classmethod
    def open(cls, send: Any, take: Callable[[bytes | str], bool]) -> "DirectLine | None":
        """The line behind an ASGI `send`, or None if the server is another.

        `take` is handed each message that comes while none waits; if it returns False, the
        message goes the ordinary way, and so do those behind it.
        """
        protocol = getattr(send, "__self__", None)
        if WebSocketsSansIOProtocol is None or type(protocol) is not WebSocketsSansIOProtocol:
            return None
        # Compression, say: frames would have to be made for each socket apart.
        return None if protocol.conn.extensions else cls(protocol, take)

    def is_ready(self) -> bool:
        """Whether the reader takes what it is sent; False also for one that is gone."""
        protocol = self._protocol
        return protocol.writable.is_set() and not (
            protocol.disconnected or protocol.close_sent or protocol.transport.is_closing()
        )

    def abort(self) -> None:
        """End the connection, whatever was not taken."""
        self._protocol.transport.abort()

    def close(self) -> None:
        """Take nothing more."""
        self._take = _take_nothing

    def _data_received(self, data: bytes) -> None:
        if len(data) <= _PIECE_BYTES and not self._rest:
            self._parse(data)
            return
        self._rest += data
        self._parse_piece()

    def _parse(self, data: bytes) -> None:
        protocol = self._protocol
        if protocol.queue.empty() and not protocol.close_sent and _is_between_messages(protocol):
            data = self._take_whole(data)
        if data:
            type(protocol).data_received(protocol, data)

    def _take_whole(self, data: bytes) -> bytes:
        """Take the messages at the start that are one short frame each; return what is behind.

        The protocol's own parser costs more for a keystroke than its way to everybody's screen.
        """
        at, size = 0, len(data)
        while size - at >= 2 + _MASK_BYTES:
            kind, length = data[at], data[at + 1] - _MASKED
            start = at + 2 + _MASK_BYTES
            end = start + length
            # Below 0 it is not masked; from 126 on the length itself follows.
            if kind not in (_BINARY, _TEXT) or not 0 <= length < 126 or end > size:
                break
            message = apply_mask(data[start:end], data[start - _MASK_BYTES : start])
            if not (self._take(message) if kind == _BINARY else self._take_text(message)):
                break
            at = end
        return data[at:]

    def _take_text(self, message: bytes) -> bool:
        try:
            return self._take(message.decode())
        except UnicodeDecodeError:
            return False

    def _parse_piece(self) -> None:
        protocol = self._protocol
        if protocol.transport.is_closing():
            self._rest = b""
            return
        piece, self._rest = self._rest[:_PIECE_BYTES], self._rest[_PIECE_BYTES:]
        self._parse(piece)
        if protocol.transport.is_closing():
            return
        if self._rest:
            protocol.transport.pause_reading()
            # Else it would read on when the messages so far are taken.
            protocol.read_paused = False
            asyncio.get_running_loop().call_soon(self._parse_piece)
        elif protocol.queue.empty() or protocol.close_sent:
            # Behind a close of ours nobody takes messages: what is waited for is the client's.
            protocol.read_paused = False
            protocol.transport.resume_reading()
        else:
            protocol.read_paused = True

    def _received(self) -> None:
        protocol = self._protocol
        if protocol.queue.empty() and not protocol.close_sent:
            frames = protocol.frames
            data = frames[0] if len(frames) == 1 else b"".join(frames)
            is_text = protocol.curr_msg_data_type == "text"
            if self._take_text(data) if is_text else self._take(data):
                protocol.frames = []
                return
        type(protocol).send_receive_event_to_app(protocol)


def _is_between_messages(protocol: Any) -> bool:
    """Whether its parser waits for the first byte of a message."""
    conn = protocol.conn
    parsing = conn.parser.gi_yieldfrom
    waiting = parsing and parsing.gi_yieldfrom
    return (
        waiting is not None
        and waiting.gi_code is StreamReader.at_eof.__code__
        and conn.current_size is None
    )


def _take_nothing(_data: bytes | str) -> bool:
    return False
