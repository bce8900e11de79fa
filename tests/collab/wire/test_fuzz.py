"""Whatever comes in on the three wires: a message or a WireError, and soon.

More of it: `FUZZ_EXAMPLES=20000 pytest tests/collab/wire/test_fuzz.py`, or `fuzz.py` by itself.
"""

import json
import os
from base64 import b64encode
from collections import deque
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collab.wire import json as json_wire
from collab.wire.hocuspocus import HocuspocusProtocol, split
from collab.wire.messages import (
    Ack,
    Authenticate,
    Awareness,
    AwarenessState,
    Detach,
    Edit,
    Hello,
    Ping,
    Stateless,
    Sync,
    SyncRequest,
    WireError,
)
from collab.wire.yjs import YjsProtocol
from tests.collab.wire import fuzz, lib0

BINARY = ["yjs", "hocuspocus"]
WIRES = [*BINARY, "json"]
FRAMES = fuzz.frames_of_clients()
SOME = settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200")), deadline=2000)

counts = st.integers(0, 2**53 - 1)
odd_counts = st.integers(0, 2**70) | st.sampled_from(
    [2**k + d for k in (7, 31, 53, 63) for d in (-1, 0)]
)
# Half characters too: JSON can carry them, UTF-8 cannot.
texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["é😀", "\ud83d", "\0"])
whole_texts = st.text(max_size=20) | st.just("é😀")
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
clients_states = st.lists(
    st.tuples(counts, counts, st.none() | st.dictionaries(texts, values, max_size=3)), max_size=4
)


def as_messages(said: list[tuple[int, int, Any]]) -> Awareness:
    return Awareness([AwarenessState(*state) for state in said])


# Nonsense ----------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES)
@SOME
@given(frame=st.binary(max_size=200))
@example(frame=b"")
@example(frame=b"\x80" * 200)
def test_any_bytes_are_a_message_or_refused(wire, frame):
    fuzz.check(wire, frame)


@pytest.mark.parametrize("wire", BINARY)
@SOME
@given(type_=st.integers(0, 11), rest=st.binary(max_size=60))
def test_any_bytes_behind_a_type_are_a_message_or_refused(wire, type_, rest):
    key = b"" if wire == "yjs" else lib0.string(fuzz.KEY)
    fuzz.check(wire, key + lib0.number(type_) + rest)


@SOME
@given(
    st.text(st.characters(codec=None))
    | values.map(json.dumps)
    | st.dictionaries(st.sampled_from(["type", "id", "cseq", "update"]), values).map(json.dumps)
)
def test_any_text_is_a_json_message_or_refused(text):
    # With halves of characters, which fuzz.check cannot hand over.
    with suppress(WireError):
        json_wire.decode(text)


@pytest.mark.parametrize("wire", WIRES)
@SOME
@given(data=st.data())
def test_damaged_frame_is_a_message_or_refused(wire, data):
    frame = bytearray(data.draw(st.sampled_from(FRAMES[wire])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(frame)))
        damage = data.draw(st.binary(max_size=4) | odd_counts.map(lib0.number))
        frame[at : at + data.draw(st.integers(0, 3))] = damage
    fuzz.check(wire, bytes(frame))


@pytest.mark.parametrize("wire", WIRES)
def test_every_golden_frame_cut_off_anywhere_is_a_message_or_refused(wire):
    for frame in FRAMES[wire]:
        for end in range(len(frame) + 1):
            fuzz.check(wire, frame[:end])


@SOME
@given(
    said=st.lists(st.tuples(odd_counts, odd_counts, st.sampled_from(fuzz.ODD_JSON)), max_size=3),
    count=st.none() | odd_counts,
    wire=st.sampled_from(BINARY),
)
def test_awareness_of_anything_is_repeated_as_json_or_refused(said, count, wire):
    states = lib0.states(said)
    if count is not None:
        states = lib0.number(count) + states[1:]
    body = b"\x01" + lib0.chunk(states)
    fuzz.check(wire, body if wire == "yjs" else lib0.framed(fuzz.KEY, body))


def test_more_of_it_by_the_fuzzer_itself():
    seen = fuzz.run(seconds=30, seed=1, at_most=3000)
    for wire in WIRES:
        refused = seen[f"{wire} WireError"]
        understood = sum(count for name, count in seen.items() if name.startswith(wire)) - refused
        assert min(refused, understood) > 100, seen


def test_fuzzer_notices_what_no_client_can_read(monkeypatch):
    monkeypatch.setattr(lib0.Reader, "end", lambda self: lib0._refuse_constant("what follows"))
    with pytest.raises(fuzz.Fault, match="seed 1"):
        fuzz.run(seconds=30, seed=1, at_most=3000)


# Sense -------------------------------------------------------------------------------------


def read(wire: str, body: bytes) -> Any:
    if wire == "yjs":
        return YjsProtocol().decode(body)
    key, rest = split(lib0.framed(fuzz.KEY, body))
    assert key == fuzz.KEY
    return HocuspocusProtocol(key).decode(rest)


@pytest.mark.parametrize("wire", BINARY)
@SOME
@given(payload=st.binary(max_size=300))
def test_sync_messages_of_any_bytes_are_understood(wire, payload):
    assert read(wire, lib0.step_1(payload)) == SyncRequest(payload, id=0)
    assert read(wire, lib0.step_2(payload)) == Edit(payload, 1, answers_sync=True)
    assert read(wire, lib0.update(payload)) == Edit(payload, 1)


@pytest.mark.parametrize("wire", BINARY)
@SOME
@given(said=clients_states)
def test_awareness_of_any_json_is_understood_and_repeated(wire, said):
    body = b"\x01" + lib0.chunk(lib0.states((c, clock, json.dumps(s)) for c, clock, s in said))
    message = read(wire, body)
    assert message == as_messages(said)
    fuzz.expect_readable(message)


@SOME
@given(text=whole_texts, version=st.none() | whole_texts, key=whole_texts.filter(bool))
def test_what_hocuspocus_has_of_its_own_is_understood(text, version, key):
    raw, rest = split(lib0.framed(key, lib0.token(text, version)))
    assert (raw, HocuspocusProtocol(raw).decode(rest)) == (key, Authenticate(text or None, version))
    assert read("hocuspocus", lib0.stateless(text)) == Stateless(text)
    assert read("hocuspocus", b"\x07") == Detach()
    denial = lib0.read_from_server(HocuspocusProtocol(key).deny(text), keyed=True)
    assert denial == {"key": key, "type": "denied", "reason": text}


@SOME
@given(
    payload=st.binary(max_size=100),
    number=counts,
    id_=counts | st.text(max_size=10),
    said=clients_states,
)
def test_json_messages_of_anything_are_understood(payload, number, id_, said):
    def decode(**fields: Any) -> Any:
        return json_wire.decode(json.dumps(fields))

    encoded = b64encode(payload).decode()
    assert decode(type="update", cseq=number, update=encoded) == Edit(payload, number)
    assert decode(type="sync", id=id_, state_vector=encoded, epoch=number) == SyncRequest(
        payload, id_, number
    )
    assert decode(type="ping", id=id_) == Ping(id_)
    assert decode(type="hello", token=encoded) == Hello(encoded or None)
    states = [{"client": c, "clock": clock, "state": state} for c, clock, state in said]
    assert decode(type="awareness", states=states) == as_messages(said)


# Statuses ----------------------------------------------------------------------------------


class Pair:
    """A provider that counts, and a server that takes its edits, or lacks what they build on.

    A status 1 counts one down. The server asks for the whole state when it lacks something, and
    acknowledges what it took, in order and in stretches; the rest is made good by a whole state.
    """

    def __init__(self) -> None:
        self.protocol = HocuspocusProtocol(fuzz.KEY)
        self.unsynced = 0
        # What the client has sent that is not stored: number -> whether it is a whole state.
        self.unstored: dict[int, bool] = {}
        self.questions = 0
        self.sent: deque[int] = deque()
        # Taken by the server, to be acknowledged.
        self.taken: list[int] = []
        self.attach()

    def attach(self) -> None:
        self.unsynced = 1
        request = self.protocol.decode(lib0.step_1(b"\0"))
        self.hear(Sync(b"\0\0", b"\0", 0, id=request.id))
        self.answer()

    def hear(self, message: Any) -> None:
        for frame in self.protocol.encode(message):
            said = lib0.read_from_server(frame, keyed=True)
            self.questions += said["type"] == "step1"
            self.unsynced -= said["type"] == "sync_status"
        assert self.unsynced >= 0

    def send(self, body: bytes) -> None:
        edit = self.protocol.decode(body)
        self.unstored[edit.cseq] = edit.answers_sync
        self.sent.append(edit.cseq)

    def write(self) -> None:
        self.unsynced += 1
        self.send(lib0.update(b"\0\0"))

    def answer(self) -> None:
        if self.questions:
            self.questions -= 1
            self.send(lib0.step_2(b"\0\0"))

    def take(self) -> None:
        """The server has what the next edit builds on."""
        if self.sent:
            self.taken.append(self.sent.popleft())

    def lack(self) -> None:
        """The server lacks what the next edit builds on; a whole state builds on nothing."""
        if not self.sent:
            return
        if self.unstored[self.sent[0]]:
            self.take()
            return
        self.sent.popleft()
        self.hear(Sync(b"\0\0", b"\0", 0))

    def acknowledge(self) -> None:
        """All that is taken is committed."""
        taken, self.taken = self.taken, []
        while taken:
            first = last = taken.pop(0)
            while taken and taken[0] == last + 1:
                last = taken.pop(0)
            self.store(first, last)
            self.hear(Ack(last, last, first))
            # What it says is saved must be.
            assert self.unsynced or not self.unstored_updates()

    def store(self, first: int, last: int) -> None:
        for number in [one for one in self.unstored if first <= one <= last]:
            if self.unstored.pop(number):
                # It holds all that the client had written before.
                self.unstored = {n: w for n, w in self.unstored.items() if n > number}

    def unstored_updates(self) -> list[int]:
        return [number for number, is_whole in self.unstored.items() if not is_whole]

    def settle(self) -> None:
        while self.questions or self.sent or self.taken:
            self.answer()
            self.take()
            self.acknowledge()


@SOME
@given(st.lists(st.sampled_from(["write", "answer", "take", "take", "lack", "acknowledge"])))
def test_provider_counts_down_to_nothing_and_never_too_early(steps):
    pair = Pair()
    for step in steps:
        getattr(pair, step)()
    pair.settle()
    assert not pair.unstored_updates()
    assert pair.unsynced == 0
