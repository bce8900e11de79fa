"""The client's side of the three wires, as far as a benchmark needs it: bytes to bytes, no I/O.

Sources: y-protocols `sync.js`, `auth.js`; ueberdosis/hocuspocus `packages/provider`; our own
`docs/wire.md`.
"""

import base64
import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from benchmarks.updates import Clocks, read_clocks, state_vector, write_bytes, write_number

NOTHING = b"\x00\x00"


class Kind(Enum):
    """What a frame from the server means to a client that only counts."""

    # It holds edits.
    EDITS = auto()
    # The answer to the state vector of the beginning.
    SYNCED = auto()
    # Something of the client's is on disk (or so the server says).
    ACK = auto()
    # The server wants to know what the client has, or says who it is.
    ASKED = auto()
    # The server will not have it; `content` is its reason.
    REFUSED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame from the server, read."""

    kind: Kind
    # (client, from, to) of the edits in it.
    clocks: Clocks = field(default_factory=list)
    # The update itself, or a reason.
    content: bytes = b""
    # How many of the client's own updates an ACK covers up to (JSON), or how many more (others).
    acks: int = 0


_OTHER = Heard(Kind.OTHER)


class Wire(Protocol):
    """One connection's framing. Frames are bytes; `is_text` says how they travel."""

    is_text: bool
    # Whether the server says when an update is stored.
    has_acks: bool

    def greet(self, clocks: dict[int, int]) -> list[bytes]:
        """What to send on a fresh socket: credentials, and a state vector."""
        ...

    def answer(self, heard: Heard) -> list[bytes]:
        """What an ASKED wants: a client with nothing of its own says so."""
        ...

    def update(self, update: bytes, number: int) -> bytes:
        """A frame with the connection's `number`th update, from 1."""
        ...

    def read(self, frame: bytes) -> Heard:
        """A frame from the server. The same frame means the same to every client."""
        ...


def _read_vu(frame: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = frame[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _read_edits(kind: Kind, update: bytes) -> Heard:
    return Heard(kind, read_clocks(update), update)


@dataclass(slots=True)
class YWebsocket:
    """y-websocket's protocol: the document is in the address."""

    is_text = False
    has_acks = False

    def greet(self, clocks: dict[int, int]) -> list[bytes]:
        return [b"\x00\x00" + write_bytes(state_vector(clocks))]

    def answer(self, heard: Heard) -> list[bytes]:  # noqa: ARG002 (of the protocol)
        return [b"\x00\x01" + write_bytes(NOTHING)]

    def update(self, update: bytes, number: int) -> bytes:  # noqa: ARG002 (of the protocol)
        return b"\x00\x02" + write_bytes(update)

    def read(self, frame: bytes) -> Heard:
        return _read_body(frame, 0)


@dataclass(slots=True)
class Hocuspocus:
    """Hocuspocus's protocol, of provider 4: every frame names its document."""

    document: str
    token: str
    prefix: bytes = b""
    is_text = False
    has_acks = True

    def __post_init__(self) -> None:
        self.prefix = write_bytes(self.document.encode())

    def greet(self, clocks: dict[int, int]) -> list[bytes]:
        credentials = write_bytes(self.token.encode()) + write_bytes(b"4.0.0")
        step_1 = b"\x00\x00" + write_bytes(state_vector(clocks))
        return [self.prefix + b"\x02\x00" + credentials, self.prefix + step_1]

    def answer(self, heard: Heard) -> list[bytes]:  # noqa: ARG002 (of the protocol)
        return [self.prefix + b"\x00\x01" + write_bytes(NOTHING)]

    def update(self, update: bytes, number: int) -> bytes:  # noqa: ARG002 (of the protocol)
        return self.prefix + b"\x00\x02" + write_bytes(update)

    def read(self, frame: bytes) -> Heard:
        if len(frame) == 1:
            return _OTHER
        size, at = _read_vu(frame, 0)
        return _read_body(frame, at + size)


def _read_body(frame: bytes, at: int) -> Heard:
    """What y-protocols and Hocuspocus have in common, and what Hocuspocus has on top."""
    match frame[at]:
        case 0 | 4:
            size, start = _read_vu(frame, at + 2)
            content = frame[start : start + size]
            match frame[at + 1]:
                case 0:
                    return Heard(Kind.ASKED, content=content)
                case 1:
                    return _read_edits(Kind.SYNCED, content)
                case _:
                    return _read_edits(Kind.EDITS, content)
        case 2 if frame[at + 1] != 2:
            return Heard(Kind.REFUSED, content=frame[at + 2 :])
        case 8:
            stored = frame[at + 1] == 1
            return Heard(Kind.ACK, acks=1) if stored else Heard(Kind.REFUSED, content=b"not stored")
        case _:
            return _OTHER


@dataclass(slots=True)
class Json:
    """Our own JSON protocol."""

    token: str
    is_text = True
    has_acks = True

    def greet(self, clocks: dict[int, int]) -> list[bytes]:
        vector = base64.b64encode(state_vector(clocks)).decode()
        sync = {"type": "sync", "id": "first", "state_vector": vector}
        hello = {"type": "hello", "token": self.token}
        return [json.dumps(message).encode() for message in (hello, sync)]

    def answer(self, heard: Heard) -> list[bytes]:  # noqa: ARG002 (of the protocol)
        return []

    def update(self, update: bytes, number: int) -> bytes:
        return b'{"type":"update","cseq":%d,"update":"%b"}' % (number, base64.b64encode(update))

    def read(self, frame: bytes) -> Heard:
        message = json.loads(frame)
        match message["type"]:
            case "update":
                return _read_edits(Kind.EDITS, base64.b64decode(message["update"]))
            case "sync":
                is_answer = message.get("id") is not None
                kind = Kind.SYNCED if is_answer else Kind.EDITS
                return _read_edits(kind, base64.b64decode(message["update"]))
            case "ack":
                return Heard(Kind.ACK, acks=message["cseq"])
            case "error":
                return Heard(Kind.REFUSED, content=frame)
            case _:
                return _OTHER


__all__ = ["Heard", "Hocuspocus", "Json", "Kind", "Wire", "YWebsocket", "write_number"]
