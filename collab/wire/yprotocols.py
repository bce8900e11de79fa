"""What the binary wires have in common: y-protocols' messages of sync and awareness.

The format is that of y-protocols (`PROTOCOL.md`, `sync.js`, `awareness.js`), in lib0's encoding.
A body is a type and what belongs to it: all of a frame on one wire, behind a key on another.
"""

import json
from collections.abc import Sequence

from collab.wire.messages import (
    Awareness,
    AwarenessState,
    Changed,
    Edit,
    Sync,
    SyncRequest,
    WireError,
)
from collab.wire.states import MAX_STATES, parse_state
from documents.encoding import Cursor, encode_number
from documents.errors import BadUpdate

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = range(4)
STEP_1, STEP_2, UPDATE = range(3)

NO_AWARENESS = bytes((AWARENESS, 1, 0))
# Where a change keeps the body it became: the same on every binary wire.
_BODY = "y-protocols"
# The answer to a question has its id; a frame that counts for all unasked ones has none.
_ASKED = 0
# The type, the step and the size of a short update.
_HEAD_SIZE = 3
# An update with nothing in it.
_NOTHING = b"\x00\x00"
_MAX_NUMBER = 2**53 - 1


class Body(Cursor):
    """Reads a frame or a part of it; WireError for what it cannot be."""

    def number(self) -> int:
        """An unsigned number that JavaScript counts exactly."""
        try:
            number = super().number()
        except (IndexError, BadUpdate):
            raise WireError("The frame is cut off.") from None
        if number > _MAX_NUMBER:
            raise WireError("A number is above 2^53-1.")
        return number

    def chunk(self) -> bytes:
        """Bytes behind their number."""
        try:
            return super().chunk()
        except IndexError:
            raise WireError("The frame is cut off.") from None

    def text(self) -> str:
        """UTF-8 behind the number of its bytes."""
        try:
            return self.chunk().decode()
        except UnicodeDecodeError:
            raise WireError("A string is not UTF-8.") from None

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self.at != self.size:
            raise WireError(f"There are {self.size - self.at} bytes after the end of the message.")


def read_keystroke(body: bytes) -> bytes | None:
    """The update, if the body is a short one and nothing else: most of all bodies are."""
    is_one = len(body) >= _HEAD_SIZE and body[0] == SYNC and body[1] == UPDATE
    # A size from 128 on has a second byte: it is no size of what follows.
    return body[_HEAD_SIZE:] if is_one and body[2] == len(body) - _HEAD_SIZE < 128 else None


def read_sync(body: Body, *, cseq: int) -> SyncRequest | Edit:
    """What follows the type SYNC; `cseq` is for the edit, if it is one."""
    match body.number():
        case 0:
            message: SyncRequest | Edit = SyncRequest(body.chunk(), id=_ASKED)
        case 1:
            message = Edit(body.chunk(), cseq, answers_sync=True)
        case 2:
            message = Edit(body.chunk(), cseq)
        case step:
            raise WireError(f"There is no sync message of type {step}.")
    body.expect_end()
    return message


def read_awareness(body: Body) -> Awareness:
    """What follows the type AWARENESS."""
    said = Body(body.chunk())
    body.expect_end()
    count = said.number()
    if count > MAX_STATES:
        raise WireError(f"There are {count} states in a message; at most {MAX_STATES} may be.")
    states = []
    for _ in range(count):
        client, clock, text = said.number(), said.number(), said.text()
        states.append(AwarenessState(client, clock, parse_state(text)))
    said.expect_end()
    return Awareness(states)


def write_sync(message: Sync) -> list[bytes]:
    """The bodies for what a client lacks and what it is asked for."""
    step_1 = bytes((SYNC, STEP_1)) + _chunk(message.state_vector)
    if message.id is not None:
        return [step_1, bytes((SYNC, STEP_2)) + _chunk(message.update)]
    if message.update == _NOTHING:
        return [step_1]
    return [_update(message.update)]


def write_change(message: Changed) -> bytes:
    """The body for a change by others; made once for all who get it."""
    body: bytes | None = message.frames.get(_BODY)
    if body is None:
        body = message.frames[_BODY] = _update(message.update)
    return body


def write_awareness(states: Sequence[AwarenessState]) -> bytes:
    """The body for cursors."""
    out = bytearray(encode_number(len(states)))
    for state in states:
        out += encode_number(state.client)
        out += encode_number(state.clock)
        # ASCII only: a lone surrogate in somebody's state must not break everybody's frame.
        out += _chunk(json.dumps(state.state, separators=(",", ":")).encode())
    return bytes((AWARENESS,)) + _chunk(bytes(out))


def write_text(text: str) -> bytes:
    """UTF-8 behind the number of its bytes."""
    return _chunk(text.encode(errors="replace"))


def _update(update: bytes) -> bytes:
    return bytes((SYNC, UPDATE)) + _chunk(update)


def _chunk(raw: bytes) -> bytes:
    return encode_number(len(raw)) + raw
