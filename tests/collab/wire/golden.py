"""What the golden frames of the binary wires say, in the product's words."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collab.wire.messages import (
    Awareness,
    AwarenessState,
    Changed,
    Edit,
    KeepAlive,
    Person,
    Sync,
    SyncRequest,
)
from tests.collab.wire import lib0

VECTORS = Path(__file__).parents[2] / "vectors"

NOTHING = b"\0\0"
NO_STATE = b"\0"
HAS_SIX = bytes.fromhex("010106")
USER = {"user": {"name": "Zoé 😀", "color": "#e8590c"}}
POINTING = {**USER, "cursor": None}
OTHER = 2**32 - 1

WRITES = bytes.fromhex("01010100040107636f6e74656e7406c3a9f09f988000")
DELETES = bytes.fromhex("000101010001")
WRITES_TWICE = bytes.fromhex("01020103840102026162c40100010102c3a900")
WHOLE = bytes.fromhex(
    "01030100010107636f6e74656e740184010006f09f98806162c40100010102c3a90101010001"
)
OTHERS_WRITE = bytes.fromhex("0101ffffffff0f00040107636f6e74656e7406c3b6f09f988000")
OTHERS_DELETE = bytes.fromhex("0001ffffffff0f010001")


@dataclass(frozen=True)
class Golden:
    """One frame as a published package sends or understands it."""

    name: str
    version: str
    direction: str
    frame: bytes
    message: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.version} {self.name}"


def read(file: str, *, part: str = "frames") -> list[Golden]:
    """The golden frames of a file."""
    return [
        Golden(
            name=one["name"],
            version=one["version"],
            direction=one.get("direction", ""),
            frame=bytes.fromhex(one["frame"]),
            message=one.get("message", {}),
        )
        for one in json.loads((VECTORS / file).read_text("utf-8"))[part]
    ]


def shown(*states: tuple[int, int, Any]) -> Awareness:
    """Awareness of these clients at these clocks."""
    return Awareness([AwarenessState(*state) for state in states])


# What y-protocols says is the same on both wires, but for the edits' numbers.
FROM_CLIENTS: dict[str, Any] = {
    "step 1 of one who has nothing": SyncRequest(NO_STATE, id=0),
    "step 2 with everything": Edit(WHOLE, 1, answers_sync=True),
    "step 2 with the deletions": Edit(DELETES, 1, answers_sync=True),
    "update that writes é😀": Edit(WRITES, 1),
    "update that deletes": Edit(DELETES, 1),
    "update of two places": Edit(WRITES_TWICE, 1),
    "awareness of one with nothing to tell": shown((1, 0, {})),
    "awareness of oneself": shown((1, 1, USER)),
    "awareness of somebody else, passed on": shown((OTHER, 3, POINTING)),
    "awareness of all, as asked": shown((1, 1, USER), (OTHER, 3, POINTING)),
    "awareness of one who leaves, passed on": shown((OTHER, 3, None)),
    "awareness of two, passed on": shown((OTHER, 4, USER)),
    "awareness of oneself, who has not left": shown((1, 2, USER)),
    "awareness of oneself, who leaves": shown((1, 3, None)),
    "awareness of oneself, who is back": shown((1, 4, USER)),
}


# What the server says -> the bodies of it, by their golden frames' names, on both wires.
FROM_THE_SERVER: list[tuple[Any, list[str]]] = [
    (
        Sync(NOTHING, NO_STATE, 0, id=0),
        ["step 1 of one who has nothing", "step 2 with nothing"],
    ),
    (Sync(NOTHING, HAS_SIX, 5), ["step 1 of one who has it all"]),
    (Changed(OTHERS_WRITE), ["update of somebody else"]),
    (Changed(OTHERS_DELETE, Person("zoé", "Zoé 😀")), ["update of somebody else that deletes"]),
    # For a slow reader, unasked: it is sent what it lacks, and asked for nothing.
    (Sync(OTHERS_WRITE, HAS_SIX, 5), ["update of somebody else"]),
    (shown((OTHER, 3, POINTING)), ["awareness of somebody else"]),
    (shown((OTHER, 3, None)), ["awareness of one who leaves"]),
    (shown((OTHER, 4, USER), (77, 0, None)), ["awareness of two"]),
    (shown((1, 1, None)), ["awareness that says the client itself has left, at its clock"]),
    (KeepAlive(), ["awareness of nobody"]),
]


def as_written_by_us(golden: Golden) -> bytes:
    """A server's golden frame; the JSON in it escaped, which any JSON reader reads alike."""
    if golden.message["type"] != "awareness":
        return golden.frame
    said = [(one["client"], one["clock"], one["state"]) for one in golden.message["states"]]
    key = golden.message.get("key")
    prefix = b"" if key is None else lib0.string(key)
    if all(json.dumps(state).isascii() and "\\u" not in json.dumps(state) for *_, state in said):
        assert prefix + lib0.awareness(*said) == golden.frame
        return golden.frame
    escaped = [
        (client, clock, json.dumps(state, separators=(",", ":"))) for client, clock, state in said
    ]
    return prefix + b"\x01" + lib0.chunk(lib0.states(escaped))
