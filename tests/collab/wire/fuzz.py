"""Fuzz of the three codecs, for as long as one likes.

    python -m tests.collab.wire.fuzz SECONDS SEED

Golden frames of clients are damaged, spliced and lengthened, or made up altogether, and read.
Each must give a message or a WireError, and fast; whatever the server then says, to the client
and to others, must be readable on every wire. The first that is not ends the process with 1 and
the frame as hex.
"""

import json
import random
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from typing import Any, assert_never

from collab.wire import json as json_wire
from collab.wire.hocuspocus import HocuspocusProtocol, split
from collab.wire.messages import (
    Ack,
    Authenticate,
    Awareness,
    AwarenessQuery,
    Changed,
    Chat,
    Detach,
    Direct,
    Directed,
    Edit,
    Error,
    Event,
    Hello,
    Kind,
    ListChange,
    Person,
    Ping,
    Pong,
    Push,
    Request,
    Response,
    RoleChanged,
    Said,
    ServerMessage,
    Stateless,
    Subscribe,
    Sync,
    SyncRequest,
    Unsubscribe,
    Welcome,
    WireError,
)
from collab.wire.yjs import YjsProtocol
from tests.collab.wire import golden, lib0

MAX_SECONDS = 1.0
KEY = "0f9fb8ac-5ab5-4f6c-9f3e-1d2c3b4a5968"
ANYBODY = Person("zoé", "Zoé 😀")


class Fault(Exception):
    """A codec did what no client or server could live with."""


# What is read ------------------------------------------------------------------------------


def read_yjs(frame: bytes) -> Any:
    return YjsProtocol().decode(frame)


def read_hocuspocus(frame: bytes) -> Any:
    key, body = split(frame)
    return HocuspocusProtocol(key).decode(body)


def read_json(frame: bytes) -> Any:
    # A server in front of us refuses what is not UTF-8.
    return json_wire.decode(frame.decode(errors="replace"))


READERS: dict[str, Callable[[bytes], Any]] = {
    "yjs": read_yjs,
    "hocuspocus": read_hocuspocus,
    "json": read_json,
}


def check(wire: str, frame: bytes) -> Any:
    """The message in a frame, or the WireError; Fault for anything else that comes of it."""
    started = time.perf_counter()
    try:
        read = READERS[wire](frame)
    except WireError as error:
        read = error
    except Exception as error:
        raise Fault(f"reading it: {error!r}") from error
    try:
        for message in consequences(read):
            expect_readable(message)
    except Fault:
        raise
    except Exception as error:
        raise Fault(f"what is said of it: {error!r}") from error
    if (took := time.perf_counter() - started) > MAX_SECONDS:
        raise Fault(f"it takes {took:.1f} s")
    return read


def consequences(read: Any) -> list[ServerMessage]:  # noqa: PLR0911
    """What the server may say, to whoever sent this and to others."""
    match read:
        case WireError():
            return [Error(read.code, str(read), id=read.id, cseq=read.cseq)]
        case SyncRequest():
            return [Sync(b"\0\0", read.state_vector, 0, id=read.id)]
        case Edit():
            return [Changed(read.update, ANYBODY), Ack(read.cseq, 1, read.cseq)]
        case Awareness() | Stateless():
            return [read]
        case Authenticate() | Hello():
            return [Welcome("c", ANYBODY, "editor", 1, 0, {}, 20), RoleChanged("viewer")]
        case Ping():
            return [Pong(read.id)]
        case Chat():
            return [Said(1, ANYBODY, read.text, "2026-01-02T03:04:05Z", read.id)]
        case Direct():
            return [Directed(read.to, read.data)]
        case Request() | Unsubscribe():
            change = ListChange(Kind.ADDED, "é😀", {"id": "é😀"})
            return [Response(read.id, {"results": []}, 1), Push(1, 1, change)]
        case Subscribe():
            change = ListChange(Kind.REMOVED, 1)
            return [Response(read.id, None), *(Event(topic, change) for topic in read.topics)]
        case AwarenessQuery() | Detach():
            return []
        case _:
            assert_never(read)


# What is written ---------------------------------------------------------------------------


def expect_readable(message: ServerMessage) -> None:
    """Read a message of the server's as clients of every wire would."""
    protocol = HocuspocusProtocol(KEY)
    protocol.decode(lib0.update(b"\0\0"))
    for frame in YjsProtocol().encode(message):
        compare(message, lib0.read_from_server(frame, keyed=False))
    for frame in protocol.encode(message):
        said = lib0.read_from_server(frame, keyed=True)
        if said.pop("key") != KEY:
            raise Fault("the answer has another key")
        compare(message, said)
    if isinstance(message, Error):
        denial = lib0.read_from_server(protocol.deny(message.detail), keyed=True)
        compare(message, {name: value for name, value in denial.items() if name != "key"})
    if not isinstance(message, Stateless):
        compare_json(message, json.loads(json_wire.encode(message), parse_constant=_no_constant))


def compare(message: ServerMessage, said: dict[str, Any]) -> None:
    """A binary frame, taken apart, against what it is to say."""
    match message, said["type"]:
        case (Changed(), "update") | (Sync(), "step2" | "update"):
            same = said["update"] == message.update.hex()
        case Sync(), "step1":
            same = said["state_vector"] == message.state_vector.hex()
        case Awareness(), "awareness":
            same = said["states"] == listed(message)
        case Stateless(), "stateless":
            same = said["payload"] == message.payload
        case (Welcome() | RoleChanged(), "authenticated") | (Ack() | Error(), "sync_status"):
            same = True
        case Error(), "denied":
            same = bool(said["reason"])
        case _:
            same = False
    if not same:
        raise Fault(f"{message} became {said}")


def compare_json(message: ServerMessage, said: dict[str, Any]) -> None:
    """A JSON frame against what it is to say."""
    match message:
        case Changed() | Sync():
            same = b64decode(said["update"], validate=True) == message.update
        case Awareness():
            same = said["states"] == listed(message)
        case Error():
            same = said["detail"] == message.detail and bool(message.detail)
        case Pong():
            same = said["id"] == message.id
        case _:
            same = isinstance(said["type"], str)
    if not same:
        raise Fault(f"{message} became {said}")


def listed(message: Awareness) -> list[dict[str, Any]]:
    return [
        {"client": state.client, "clock": state.clock, "state": state.state}
        for state in message.states
    ]


def _no_constant(name: str) -> None:
    raise Fault(f"{name} is not JSON")


# What is thrown at them --------------------------------------------------------------------


def frames_of_clients() -> dict[str, list[bytes]]:
    """The golden frames of clients, by wire."""
    found = {
        wire: [one.frame for one in golden.read(f"{wire}_wire.json") if one.direction == "client"]
        for wire in ("yjs", "hocuspocus")
    }
    vectors = json.loads((golden.VECTORS / "json.json").read_text("utf-8"))
    found["json"] = [
        json.dumps(one["frame"], ensure_ascii=False).encode()
        for one in vectors
        if one["direction"] == "client"
    ]
    return found


ODD_NUMBERS = [0, 1, 127, 128, 2**14, 2**24, 2**31, 2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1]
ODD_JSON = [
    "null",
    "{}",
    "[]",
    "1",
    '""',
    "NaN",
    "-Infinity",
    '{"a":NaN}',
    '{"a":1e400}',
    '{"a":-1e400}',
    '{"a":1e308}',
    '{"a":"\\ud800"}',
    '{"\\udc00é":["😀\\ud83d"]}',
    '{"a":' + "9" * 400 + "}",
    '{"a":' + "9" * 5000 + "}",
    '{"a":' + "[" * 300 + "]" * 300 + "}",
    '{"a":' + "[" * 50_000 + "]" * 50_000 + "}",
    '{"a":' * 50_000,
    '{"a":"' + "é" * 20_000 + '"}',
    "\0",
    "",
]


class Nonsense:
    """A source of frames, most of them nearly right."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.real = frames_of_clients()

    def frame(self, wire: str) -> bytes:
        match self.random.randrange(10):
            case 0:
                return self.random.randbytes(self.random.choice([0, 1, 2, 3, 8, 40, 300]))
            case 1 | 2 if wire != "json":
                return self.made_up(wire)
            case 3:
                return self.random.choice(self.real[wire])
            case _:
                return self.mutate(self.random.choice(self.real[wire]), wire)

    def number(self) -> bytes:
        small = self.random.randrange(12)
        return lib0.number(small if self.random.random() < 0.8 else self.odd_number())

    def odd_number(self) -> int:
        if self.random.random() < 0.1:
            return self.random.getrandbits(70)
        return max(0, self.random.choice(ODD_NUMBERS) + self.random.choice([0, 0, 0, -1, 1]))

    def made_up(self, wire: str) -> bytes:
        """A frame by the grammar, with what nobody would put into it."""
        body = self.random.choice([self.sync, self.awareness, self.awareness, self.other])()
        if wire == "yjs":
            return body
        key = self.random.choice([KEY, f"{KEY}\0é😀", "é", "", "\0", "x" * 1025])
        return lib0.string(key) + body

    def sync(self) -> bytes:
        step = self.random.choice([b"\0", b"\1", b"\2", self.number()])
        return b"\0" + step + lib0.chunk(self.random.randbytes(self.random.choice([0, 1, 9, 200])))

    def awareness(self) -> bytes:
        count = self.random.choice([0, 1, 1, 2, 5])
        said = lib0.number(count) if self.random.random() < 0.95 else self.number()
        for _ in range(count):
            said += self.number() + self.number() + lib0.string(self.random.choice(ODD_JSON))
        return b"\1" + lib0.chunk(said)

    def other(self) -> bytes:
        text = self.random.choice(["", "é😀", "x" * 70_000, "\0"])
        return self.random.choice(
            [
                lib0.token(text),
                lib0.token(text, "4.8.0"),
                lib0.stateless(text),
                b"\3",
                b"\7",
                self.number() + lib0.string(text),
            ]
        )

    def mutate(self, frame: bytes, wire: str) -> bytes:
        mutant = bytearray(frame)
        for _ in range(self.random.choice([1, 1, 1, 2, 3, 6])):
            at = self.random.randrange(len(mutant) + 1)
            match self.random.randrange(8):
                case 0 | 1:
                    mutant[at : at + 1] = self.random.randbytes(1)
                case 2:
                    del mutant[at : at + self.random.choice([1, 1, 2, 4, 30])]
                case 3:
                    mutant[at:at] = self.random.randbytes(self.random.choice([1, 1, 2, 4, 30]))
                case 4:
                    mutant[at : at + 1] = self.odd(wire)
                case 5:
                    del mutant[at:]
                case 6:
                    mutant += self.odd(wire)
                case 7:
                    other = self.random.choice(self.real[wire])
                    mutant[at:] = other[self.random.randrange(len(other) + 1) :]
        return bytes(mutant)

    def odd(self, wire: str) -> bytes:
        if wire == "json" or self.random.random() < 0.2:
            return self.random.choice(ODD_JSON).encode()
        return lib0.number(self.odd_number())


def run(*, seconds: float, seed: int, at_most: int | None = None) -> Counter[str]:
    """What came of the frames of so many seconds; Fault with the first that did harm."""
    nonsense, seen = Nonsense(seed), Counter[str]()
    until = time.monotonic() + seconds
    while time.monotonic() < until and (at_most is None or seen.total() < at_most):
        for wire in READERS:
            frame = nonsense.frame(wire)
            try:
                read = check(wire, frame)
            except Fault as fault:
                raise Fault(f"{fault}; seed {seed}, {wire}: {frame.hex()}") from fault
            seen[f"{wire} {type(read).__name__}"] += 1
    return seen


def main(seconds: float, seed: int) -> int:
    try:
        seen = run(seconds=seconds, seed=seed)
    except Fault as fault:
        sys.stdout.write(f"{fault}\n")
        return 1
    sys.stdout.write(json.dumps({**seen, "frames": seen.total()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
