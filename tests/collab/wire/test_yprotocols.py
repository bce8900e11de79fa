"""What the binary wires have in common: sync and awareness, byte for byte, and how they end."""

import json
import time
import tracemalloc

import pytest

from collab.wire.messages import (
    AwarenessState,
    Changed,
    Close,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    Sync,
    SyncRequest,
    WireError,
)
from collab.wire.refusals import end_of
from collab.wire.states import MAX_STATE_BYTES, MAX_STATES
from collab.wire.yprotocols import (
    NO_AWARENESS,
    Body,
    read_awareness,
    read_sync,
    write_awareness,
    write_change,
    write_sync,
    write_text,
)
from tests.collab.wire import golden, lib0


def sync(body: bytes, *, cseq: int = 1) -> SyncRequest | Edit:
    """The message in a sync body, type included."""
    rest = Body(body)
    assert rest.number() == 0
    return read_sync(rest, cseq=cseq)


def hear(*said: tuple[int, int, str]) -> list[AwarenessState]:
    """The states of an awareness message with this JSON."""
    return list(read_awareness(Body(lib0.chunk(lib0.states(said)))).states)


def refuse(body: bytes) -> WireError:
    """Why that is no message."""
    rest = Body(body)
    is_sync = rest.number() == 0
    with pytest.raises(WireError) as caught:
        read_sync(rest, cseq=1) if is_sync else read_awareness(rest)
    assert str(caught.value)
    return caught.value


def refuse_state(text: str) -> WireError:
    return refuse(b"\x01" + lib0.chunk(lib0.states([(1, 0, text)])))


# Numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("00", 0),
        ("7f", 127),
        ("8001", 128),
        ("ff7f", 16_383),
        ("808001", 16_384),
        ("ffffffff0f", 2**32 - 1),
        ("ffffffffffffff0f", 2**53 - 1),
        # Longer than need be, as no encoder writes it; every decoder reads it.
        ("8000", 0),
        ("8180808000", 1),
    ],
)
def test_number_is_read(raw, number):
    body = Body(bytes.fromhex(raw))
    assert body.number() == number == lib0.Reader(bytes.fromhex(raw)).number()
    body.expect_end()


@pytest.mark.parametrize(
    "raw",
    ["", "80", "ffff", "8080808080808010", "ffffffffffffff10", "ff" * 9 + "01", "80" * 100],
    ids=lambda raw: raw[:20] or "nothing",
)
def test_number_that_is_cut_off_or_beyond_javascripts_is_refused(raw):
    with pytest.raises(WireError):
        Body(bytes.fromhex(raw)).number()


def test_number_without_an_end_is_given_up_at_once():
    endless = Body(b"\xff" * 64 * 2**20)
    started = time.perf_counter()
    with pytest.raises(WireError):
        endless.number()
    assert time.perf_counter() - started < 0.1
    assert endless.at < 16


# Sync --------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\0", b"\xff" * 127, b"\x80" * 128])
def test_sync_messages_carry_whatever_bytes_there_are(payload):
    assert sync(lib0.step_1(payload)) == SyncRequest(payload, id=0)
    assert sync(lib0.step_2(payload), cseq=7) == Edit(payload, 7, answers_sync=True)
    assert sync(lib0.update(payload), cseq=8) == Edit(payload, 8)


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("size", [1, 127, 128, 2**14, 2**31, 2**32, 2**53 - 1, 2**53, 2**63])
def test_payload_that_is_promised_and_not_there_is_refused_at_once(step, size):
    tracemalloc.start()
    try:
        refuse(bytes((0, step)) + lib0.number(size))
        refuse(bytes((0, step)) + lib0.number(size) + b"\0" * min(size - 1, 100))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_bytes_behind_a_sync_message_are_refused():
    for body in (lib0.step_1(b"\0"), lib0.step_2(b"\0\0"), lib0.update(golden.WRITES)):
        assert "1 bytes after the end" in str(refuse(body + b"\0"))


def test_answer_to_a_question_is_a_question_and_an_answer():
    bodies = write_sync(Sync(golden.WHOLE, golden.HAS_SIX, 9, id=0))
    assert bodies == [lib0.step_1(golden.HAS_SIX), lib0.step_2(golden.WHOLE)]


def test_unasked_sync_is_a_question_or_what_was_missed():
    assert write_sync(Sync(b"\0\0", golden.HAS_SIX, 9)) == [lib0.step_1(golden.HAS_SIX)]
    assert write_sync(Sync(golden.WHOLE, golden.HAS_SIX, 9)) == [lib0.update(golden.WHOLE)]


def test_change_of_some_size_is_an_update_behind_its_number():
    payload = b"\x01" * 300
    assert write_change(Changed(payload)) == b"\x00\x02\xac\x02" + payload


def test_text_is_measured_in_bytes():
    assert write_text("é😀") == b"\x06" + "é😀".encode()
    assert write_text("") == b"\0"


# Awareness ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("null", None),
        ("{}", {}),
        ('{"name":"Zoé 😀"}', {"name": "Zoé 😀"}),
        ('{"name":"Zo\\u00e9 \\ud83d\\ude00"}', {"name": "Zoé 😀"}),
        (' { "a" : [ 1 , -0.5 , 1e3 , true , null ] } ', {"a": [1, -0.5, 1000.0, True, None]}),
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"half of 😀":"\\ud83d"}', {"half of 😀": "\ud83d"}),
        ('{"n":123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
    ],
)
def test_state_is_an_object_or_null_of_any_json(text, state):
    assert hear((1, 0, text), (2**53 - 1, 2**53 - 1, "null")) == [
        AwarenessState(1, 0, state),
        AwarenessState(2**53 - 1, 2**53 - 1, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "undefined",
        "nul",
        "{",
        '{"a":}',
        "{'a':1}",
        '{"a":1,}',
        "{}{}",
        "\ufeff{}",
        '{"a":"\n"}',
        "1",
        '"é😀"',
        "[]",
        "[{}]",
        "true",
        "NaN",
        "Infinity",
        '{"a":NaN}',
        '{"a":[Infinity]}',
        '{"a":-Infinity}',
        '{"a":1e400}',
        '{"a":[[-1e400]]}',
        '{"a":' + "9" * 5000 + "}",
        '{"a":' + "[" * 30_000 + "]" * 30_000 + "}",
        "[" * 60_000,
        '{"a":' * 12_000,
    ],
    ids=lambda text: text[:20] or "nothing",
)
def test_state_that_is_no_object_that_javascript_can_read_is_refused(text):
    assert refuse_state(text).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xed\xa0\xbd", b"\xc0\x80", b'"\xf0\x9f"'])
def test_state_that_is_not_utf_8_is_refused(raw):
    said = b"\x01\x01\x00" + lib0.chunk(raw)
    assert refuse(b"\x01" + lib0.chunk(said)).code is ErrorCode.BAD_MESSAGE


def test_state_of_64_kib_is_repeated_and_a_larger_one_is_not():
    room = MAX_STATE_BYTES - len('{"a": ""}')
    (state,) = hear((1, 0, json.dumps({"a": "x" * room})))
    assert len(state.state["a"]) == room
    assert refuse_state(json.dumps({"a": "x" * (room + 1)})).code is ErrorCode.TOO_LARGE


def test_thousand_states_are_heard_and_more_are_not():
    assert len(hear(*[(client, 0, "{}") for client in range(MAX_STATES)])) == MAX_STATES
    said = lib0.states([(client, 0, "{}") for client in range(MAX_STATES + 1)])
    assert refuse(b"\x01" + lib0.chunk(said)).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("count", [1, 2, 1000, 1001, 2**31, 2**53 - 1, 2**53, 2**63])
def test_states_that_are_promised_and_not_there_are_refused_at_once(count):
    started = time.perf_counter()
    refuse(b"\x01" + lib0.chunk(lib0.number(count)))
    refuse(b"\x01" + lib0.chunk(lib0.number(count) + b"\x01\x00\x04null\x02\x00")[:-1])
    assert time.perf_counter() - started < 0.1


def test_bytes_behind_awareness_are_refused_within_it_and_behind_it():
    said = lib0.states([(1, 0, "null")])
    refuse(b"\x01" + lib0.chunk(said) + b"\0")
    refuse(b"\x01" + lib0.chunk(said + b"\0"))
    refuse(b"\x01" + lib0.chunk(b""))


def test_state_beyond_all_measure_costs_no_more_memory_than_its_frame():
    frame = lib0.chunk(lib0.states([(1, 0, '{"a":[' + "{}," * 1_000_000 + "{}]}")]))
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            read_awareness(Body(frame))
        assert tracemalloc.get_traced_memory()[1] < 4 * len(frame)
    finally:
        tracemalloc.stop()


def test_awareness_is_written_as_the_specification_has_it():
    states = golden.shown((1, 1, None)).states
    assert write_awareness(states) == bytes.fromhex("010801 0101046e756c6c")
    assert write_awareness([]) == NO_AWARENESS == bytes.fromhex("010100")


def test_json_of_states_is_ascii_so_that_half_a_character_harms_nobody():
    written = write_awareness([AwarenessState(300, 0, {"é😀": "\ud83d"})])
    text = rb'{"\u00e9\ud83d\ude00":"\ud83d"}'
    assert written == b"\x01\x24\x01\xac\x02\x00\x1f" + text


def test_state_that_was_heard_can_be_written_from_wherever_the_server_writes():
    """However deep it is nested: others' connections must not end over it."""
    (state,) = hear((1, 0, nested(deepest_state_heard())))
    further_down(50, lambda: write_awareness([state]))


def nested(depth: int) -> str:
    return '{"a":' + "[" * depth + "]" * depth + "}"


def deepest_state_heard() -> int:
    least, beyond = 1, 100_000
    while beyond - least > 1:
        middle = (least + beyond) // 2
        try:
            hear((1, 0, nested(middle)))
            least = middle
        except WireError:
            beyond = middle
    return least


def further_down(levels: int, work):
    return further_down(levels - 1, work) if levels else work()


# Refusals that end a session ---------------------------------------------------------------


def test_reader_may_stay():
    for retry_ms in (None, 1500):
        error = Error(ErrorCode.READ_ONLY, "you may only read é😀", cseq=1, retry_ms=retry_ms)
        assert end_of(error) is None


@pytest.mark.parametrize("retry_ms", [None, 1, 5000])
def test_what_is_too_large_is_final(retry_ms):
    error = Error(ErrorCode.TOO_LARGE, "é😀", cseq=1, retry_ms=retry_ms)
    assert end_of(error) == Close(CloseCode.TOO_LARGE, "é😀")


@pytest.mark.parametrize(
    "code", sorted(set(ErrorCode) - {ErrorCode.READ_ONLY, ErrorCode.TOO_LARGE})
)
def test_session_ends_over_anything_else_and_for_good_unless_a_retry_helps(code):
    assert end_of(Error(code, "é😀", cseq=1)) == Close(CloseCode.BAD_MESSAGE, "é😀")
    for retry_ms in (0, 1, 5000):
        later = Error(code, "é😀", cseq=1, retry_ms=retry_ms)
        assert end_of(later) == Close(CloseCode.TRY_AGAIN_LATER, "é😀")
