"""lib0's encoding once more, written from its specification and apart from the product.

What the codecs read and write is compared with this. Nothing here is lenient: a reader that
forgave something would hide what a stock client throws at.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

State = tuple[int, int, Any]


def number(value: int) -> bytes:
    """An unsigned number, seven bits a byte, the lowest first."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def chunk(raw: bytes) -> bytes:
    """Bytes behind their number."""
    return number(len(raw)) + raw


def string(text: str) -> bytes:
    """UTF-8 behind the number of its bytes."""
    return chunk(text.encode())


def states(said: Iterable[tuple[int, int, str]]) -> bytes:
    """An awareness update: client, clock and JSON of each."""
    said = list(said)
    return number(len(said)) + b"".join(
        number(client) + number(clock) + string(text) for client, clock, text in said
    )


def step_1(state_vector: bytes) -> bytes:
    return b"\x00\x00" + chunk(state_vector)


def step_2(update: bytes) -> bytes:
    return b"\x00\x01" + chunk(update)


def update(content: bytes) -> bytes:
    return b"\x00\x02" + chunk(content)


def awareness(*said: tuple[int, int, Any]) -> bytes:
    """An awareness message, with its JSON as JavaScript writes it."""
    return b"\x01" + chunk(
        states(
            (client, clock, json.dumps(state, ensure_ascii=False, separators=(",", ":")))
            for client, clock, state in said
        )
    )


def token(text: str, version: str | None = None) -> bytes:
    """Hocuspocus's authentication; 4.x adds its version."""
    return b"\x02\x00" + string(text) + (b"" if version is None else string(version))


def stateless(text: str) -> bytes:
    return b"\x05" + string(text)


def framed(key: str, body: bytes) -> bytes:
    """A frame of Hocuspocus's."""
    return string(key) + body


class Unreadable(Exception):
    """No stock client could read this."""


@dataclass
class Reader:
    """Reads what was written, to its last byte."""

    raw: bytes
    at: int = 0

    def number(self) -> int:
        value, factor = 0, 1
        while True:
            if self.at >= len(self.raw):
                raise Unreadable("a number is cut off")
            byte = self.raw[self.at]
            self.at += 1
            value += (byte & 0x7F) * factor
            factor *= 0x80
            if value > 2**53 - 1:
                raise Unreadable("a number is beyond what JavaScript counts")
            if not byte & 0x80:
                return value

    def chunk(self) -> bytes:
        size = self.number()
        raw = self.raw[self.at : self.at + size]
        if len(raw) < size:
            raise Unreadable("bytes are cut off")
        self.at += size
        return raw

    def string(self) -> str:
        try:
            return self.chunk().decode()
        except UnicodeDecodeError as error:
            raise Unreadable("a string is not UTF-8") from error

    def end(self) -> None:
        if self.at != len(self.raw):
            raise Unreadable(f"{len(self.raw) - self.at} bytes follow")

    def states(self) -> list[State]:
        said = []
        for _ in range(self.number()):
            client, clock, text = self.number(), self.number(), self.string()
            said.append((client, clock, json.loads(text, parse_constant=_refuse_constant)))
        self.end()
        return said


def _refuse_constant(name: str) -> None:
    raise Unreadable(f"{name} is not JSON")


def read_from_server(frame: bytes, *, keyed: bool) -> dict[str, Any]:
    """A frame of the server's taken apart, as the files of golden frames have it."""
    if keyed and frame in (b"\x09", b"\x0a"):
        return {"key": None, "type": "ping" if frame == b"\x09" else "pong"}
    reader = Reader(frame)
    found = {"key": reader.string()} if keyed else {}
    type_ = reader.number()
    if type_ not in (0, 1, 2, 3) and not keyed:
        raise Unreadable(f"a message of type {type_}")
    found |= _read_auth(reader, keyed=keyed) if type_ == 2 else _read_body(reader, type_)
    reader.end()
    return found


def _read_body(reader: Reader, type_: int) -> dict[str, Any]:
    match type_:
        case 0:
            kind = reader.number()
            if kind > 2:
                raise Unreadable(f"sync of type {kind}")
            name = "state_vector" if kind == 0 else "update"
            return {"type": ("step1", "step2", "update")[kind], name: reader.chunk().hex()}
        case 1:
            said = [
                {"client": client, "clock": clock, "state": state}
                for client, clock, state in Reader(reader.chunk()).states()
            ]
            return {"type": "awareness", "states": said}
        case 3:
            return {"type": "query_awareness"}
        case 5:
            return {"type": "stateless", "payload": reader.string()}
        case 7:
            return {"type": "close", "reason": reader.string()}
        case 8:
            return {"type": "sync_status", "saved": reader.number() == 1}
        case _:
            raise Unreadable(f"a message of type {type_}")


def _read_auth(reader: Reader, *, keyed: bool) -> dict[str, Any]:
    kind = reader.number()
    if kind == (1 if keyed else 0):
        return {"type": "denied", "reason": reader.string()}
    if kind == 2 and keyed:
        return {"type": "authenticated", "scope": reader.string()}
    if kind == 0:
        return {"type": "ask_token"}
    raise Unreadable(f"authentication of type {kind}")
