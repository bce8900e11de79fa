"""The y-websocket wire: the published providers' frames both ways, and what it has no word for."""

from typing import get_args

import pytest

from collab.wire.messages import (
    Ack,
    AwarenessQuery,
    Changed,
    Directed,
    Edit,
    Error,
    ErrorCode,
    Event,
    Kind,
    ListChange,
    Person,
    Pong,
    PresenceEntry,
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
from collab.wire.yjs import YjsMessage, YjsProtocol
from tests.collab.wire import golden, lib0
from tests.collab.wire.golden import Golden, as_written_by_us, shown

FRAMES = golden.read("yjs_wire.json")
VERSIONS = {"2.1.0", "3.1.0"}
REASON = "Nón 😀"
# A server may say it, and ours does not: it tells a client everybody's awareness unasked.
NEVER_SAID = {"query of awareness"}

FROM_CLIENTS: dict[str, YjsMessage] = {
    **golden.FROM_CLIENTS,
    "awareness of oneself, who disconnects": shown((1, 4, None)),
    "step 1 of one who comes back": SyncRequest(bytes.fromhex("02ffffffff0f030106"), id=0),
    "awareness of one who comes back": shown((1, 4, golden.USER)),
}
WHOLE_OF_TWO = bytes.fromhex(
    "0202ffffffff0f00010107636f6e74656e740184ffffffff0f0004f09f9880030100010107636f6e74656e74"
    "0184010006f09f98806162c40100010102c3a902ffffffff0f01000101010001"
)
FROM_THE_SERVER: list[tuple[ServerMessage, list[str]]] = [
    *golden.FROM_THE_SERVER,
    (
        Sync(WHOLE_OF_TWO, golden.NO_STATE, 9, id=0),
        ["step 1 of one who has nothing", "step 2 with everything"],
    ),
    (Error(ErrorCode.READ_ONLY, REASON, cseq=1), ["denied"]),
]
VERA = PresenceEntry("c", Person("vera", "Vera é😀"), "viewer", "2026-01-02T03:04:05Z")
NO_WORD_FOR: list[ServerMessage] = [
    Ack(cseq=2, seq=5, from_cseq=1),
    Welcome("c", VERA.user, "viewer", 1, 5, {}, 20),
    PresenceFull([VERA]),
    PresenceJoined(VERA),
    PresenceLeft("c"),
    RoleChanged("viewer"),
    Pong(1),
    Said(1, Person("vera", "Vera é😀"), "é😀", "2026-01-02T03:04:05Z"),
    Directed("c", {"look": "é😀"}),
    Response(1, None),
    Push(1, 1, ListChange(Kind.REMOVED, 1)),
    Event("threads", ListChange(Kind.REMOVED, 1)),
    Stateless("é😀"),
    TokenWanted(),
]


def of(version: str, direction: str) -> dict[str, Golden]:
    return {one.name: one for one in FRAMES if (one.version, one.direction) == (version, direction)}


# Golden frames -----------------------------------------------------------------------------


def test_every_golden_frame_of_every_version_is_held_by_a_test():
    assert {one.version for one in FRAMES} == VERSIONS
    said = {name for _, names in FROM_THE_SERVER for name in names}
    for version in VERSIONS:
        assert of(version, "client").keys() == FROM_CLIENTS.keys()
        assert of(version, "server").keys() == said | NEVER_SAID
    assert len({(one.version, one.direction, one.name) for one in FRAMES}) == len(FRAMES)


def test_there_is_a_golden_frame_for_every_message():
    understood = {type(message) for message in FROM_CLIENTS.values()}
    # No stock client asks for awareness. See below.
    assert understood == set(get_args(YjsMessage)) - {AwarenessQuery}
    said = {type(message) for message, _ in FROM_THE_SERVER}
    unsaid = {type(message) for message in NO_WORD_FOR}
    assert said | unsaid == set(get_args(ServerMessage))
    assert not said & unsaid
    kinds = {one.message["type"] for one in FRAMES}
    assert kinds == {"step1", "step2", "update", "awareness", "query_awareness", "denied"}


@pytest.mark.parametrize("one", [one for one in FRAMES if one.direction == "client"], ids=str)
def test_golden_frame_of_a_client_is_understood(one):
    assert YjsProtocol().decode(one.frame) == FROM_CLIENTS[one.name]


@pytest.mark.parametrize("version", sorted(VERSIONS))
@pytest.mark.parametrize(
    ("message", "names"), FROM_THE_SERVER, ids=lambda value: value if isinstance(value, str) else ""
)
def test_golden_frames_of_the_server_are_what_the_codec_makes(version, message, names):
    expected = [of(version, "server")[name] for name in names]
    frames = YjsProtocol().encode(message)
    assert frames == [as_written_by_us(one) for one in expected]
    assert [lib0.read_from_server(frame, keyed=False) for frame in frames] == [
        one.message for one in expected
    ]


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_whole_conversation_of_a_client_is_understood_and_its_edits_counted(version):
    protocol = YjsProtocol()
    counted = 0
    for one in of(version, "client").values():
        expected = FROM_CLIENTS[one.name]
        if isinstance(expected, Edit):
            counted += 1
            expected = expected._replace(cseq=counted)
        assert protocol.decode(one.frame) == expected
    assert counted == 5


def test_frames_of_the_specification_are_understood():
    protocol = YjsProtocol()
    hi = bytes.fromhex("010101000401017402686900")
    assert protocol.decode(bytes.fromhex("00000100")) == SyncRequest(b"\0", id=0)
    assert protocol.decode(b"\x00\x02\x0c" + hi) == Edit(hi, 1)
    assert protocol.decode(bytes.fromhex("01080101 01046e756c6c")) == shown((1, 1, None))
    assert protocol.decode(b"\x03") == AwarenessQuery()


def test_answer_of_the_specification_is_what_the_codec_makes():
    frames = YjsProtocol().encode(Sync(b"\0\0", b"\0", 0, id=0))
    assert [frame.hex() for frame in frames] == ["00000100", "0001020000"]


@pytest.mark.parametrize("message", NO_WORD_FOR, ids=lambda message: type(message).__name__)
def test_what_the_wire_has_no_word_for_is_not_said(message):
    assert YjsProtocol().encode(message) == []


def test_one_change_is_encoded_once_for_all_who_get_it():
    change = Changed(golden.OTHERS_WRITE)
    assert YjsProtocol().encode(change)[0] is YjsProtocol().encode(change)[0]


# Numbers of edits --------------------------------------------------------------------------


def test_what_is_no_edit_or_cannot_be_read_takes_no_number():
    protocol = YjsProtocol()
    assert protocol.decode(lib0.update(golden.WRITES)) == Edit(golden.WRITES, 1)
    protocol.decode(lib0.step_1(b"\0"))
    protocol.decode(lib0.awareness((1, 0, {})))
    for broken in (lib0.update(golden.WRITES)[:-1], lib0.step_2(b"\0\0") + b"\0"):
        with pytest.raises(WireError):
            protocol.decode(broken)
    assert protocol.decode(lib0.step_2(b"\0\0")) == Edit(b"\0\0", 2, answers_sync=True)


# One warning for readers -------------------------------------------------------------------


def refused(detail: str = REASON) -> Error:
    return Error(ErrorCode.READ_ONLY, detail, cseq=1)


def test_reader_is_told_once_why_nothing_is_kept():
    protocol = YjsProtocol()
    assert protocol.encode(refused()) == [b"\x02\x00" + lib0.string(REASON)]
    assert protocol.encode(refused()) == []
    assert protocol.encode(refused("something else é")) == []


def test_reader_whose_role_has_changed_is_told_anew():
    protocol = YjsProtocol()
    assert protocol.encode(refused())
    assert protocol.encode(RoleChanged("editor")) == []
    assert protocol.encode(RoleChanged("viewer")) == []
    assert protocol.encode(refused())
    assert not protocol.encode(refused())


def test_each_client_has_its_own_warning():
    assert YjsProtocol().encode(refused()) == YjsProtocol().encode(refused()) != []


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - {ErrorCode.READ_ONLY}))
@pytest.mark.parametrize("retry_ms", [None, 1500])
def test_error_that_ends_the_session_is_left_to_the_close_code(code, retry_ms):
    protocol = YjsProtocol()
    assert protocol.encode(Error(code, REASON, cseq=1, retry_ms=retry_ms)) == []
    # Nor does it use up the warning.
    assert protocol.encode(refused())


def test_detail_with_half_a_character_reaches_the_client_all_the_same():
    (frame,) = YjsProtocol().encode(refused("half of 😀 is \ud83d"))
    assert lib0.read_from_server(frame, keyed=False) == {
        "type": "denied",
        "reason": "half of 😀 is ?",
    }


# Frames that are none ----------------------------------------------------------------------


def refuse(frame: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        YjsProtocol().decode(frame)
    assert str(caught.value)
    return caught.value


@pytest.mark.parametrize("type_", [2, 4, 5, 6, 7, 8, 9, 10, 127, 128, 2**53 - 1])
def test_unknown_type_is_unsupported(type_):
    assert refuse(lib0.number(type_)).code is ErrorCode.UNSUPPORTED
    assert refuse(lib0.number(type_) + b"\x00\x01\x00").code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("step", [3, 4, 127, 128, 2**53 - 1])
def test_unknown_step_is_refused(step):
    assert refuse(b"\x00" + lib0.number(step) + b"\x01\x00").code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "name", [one.name for one in FRAMES if (one.version, one.direction) == ("3.1.0", "client")]
)
def test_golden_frame_that_is_cut_off_or_goes_on_is_refused(name):
    frame = of("3.1.0", "client")[name].frame
    for end in range(len(frame)):
        assert refuse(frame[:end]).code is ErrorCode.BAD_MESSAGE
    assert refuse(frame + b"\0").code is ErrorCode.BAD_MESSAGE


def test_question_with_something_behind_it_is_refused():
    refuse(b"\x03\x00")
