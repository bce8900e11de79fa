"""Hocuspocus's wire: the published providers' frames both ways, and which edits are paid when."""

from typing import get_args

import pytest

from collab.wire.hocuspocus import (
    PING,
    PONG,
    HocuspocusMessage,
    HocuspocusProtocol,
    document_name,
    split,
)
from collab.wire.messages import (
    Ack,
    Authenticate,
    AwarenessQuery,
    Changed,
    Detach,
    Directed,
    Edit,
    Error,
    ErrorCode,
    Event,
    KeepAlive,
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
from collab.wire.states import MAX_STATE_BYTES
from tests.collab.wire import golden, lib0
from tests.collab.wire.golden import Golden, as_written_by_us, shown

FRAMES = golden.read("hocuspocus_wire.json")
NOT_UNDERSTOOD = golden.read("hocuspocus_wire.json", part="not_understood")
V2, V3, V4 = VERSIONS = ["2.15.3", "3.4.4", "4.8.0"]
DOCUMENT = "0f9fb8ac-5ab5-4f6c-9f3e-1d2c3b4a5968"
SESSION = f"{DOCUMENT}\0004fzzzxjylrx"
REASON = "Nón 😀"
# A server may say these, and ours does not: it tells a client everybody's awareness unasked, and
# a refusal is a denial.
NEVER_SAID = {"query of awareness", "close"}

COMMON: dict[str, HocuspocusMessage] = {
    **golden.FROM_CLIENTS,
    "token": Authenticate("a token, é😀1"),
    "step 1 behind no token": SyncRequest(b"\0", id=0),
    "awareness behind no token": shown((1, 0, {})),
    "update that is to be stored": Edit(bytes.fromhex("01010106c40100010504f09f988000"), 1),
    "stateless": Stateless("é😀"),
    "close": Detach(),
}
OF_4 = {
    **COMMON,
    "token": Authenticate("a token, é😀1", V4),
    "token, as asked": Authenticate("a token, é😀2", V4),
    "token of one who has none": Authenticate(None, V4),
    "token, with a session": Authenticate("a token, é😀", V4),
    "step 1, with a session": SyncRequest(b"\0", id=0),
    "awareness, with a session": shown((1, 0, {})),
    "update, with a session": Edit(golden.WRITES, 1),
    "close, with a session": Detach(),
}
# It passes nothing on of what it hears, and says nothing of itself when others have it wrong.
for name in [name for name in OF_4 if name.endswith(("passed on", "who has not left"))]:
    del OF_4[name]
FROM_CLIENTS: dict[str, dict[str, HocuspocusMessage]] = {
    V2: {
        **COMMON,
        "awareness of oneself, who is destroyed": shown((1, 5, None)),
        "awareness of one who has left": shown((1, 6, None)),
        "awareness of one who was denied": shown((1, 0, None)),
    },
    V3: {
        **COMMON,
        "token, as asked": Authenticate("a token, é😀2"),
        "token of one who has none": Authenticate(None),
        "awareness of somebody else, of whom it hears no more": shown((golden.OTHER, 4, None)),
    },
    V4: OF_4,
}
# They are for the socket, and no message of a document.
BARE = {V2: set(), V3: set(), V4: {"pong"}}

PEOPLE = PresenceEntry("c", Person("vera", "Vera é😀"), "viewer", "2026-01-02T03:04:05Z")


def welcome(role: str) -> Welcome:
    return Welcome("c", PEOPLE.user, role, 1, 5, {}, 20)


FROM_THE_SERVER: list[tuple[ServerMessage, list[str]]] = [
    *golden.FROM_THE_SERVER,
    (Sync(b"\0\0", b"\0", 0, id=0), ["step 1 of one who has nothing", "step 2 once more"]),
    *(
        (said, [f"authenticated, {scope}"])
        for role, scope in {
            "owner": "read-write",
            "editor": "read-write",
            "commenter": "readonly",
            "viewer": "readonly",
        }.items()
        for said in (welcome(role), RoleChanged(role))
    ),
    (Stateless("é😀"), ["stateless"]),
    (Error(ErrorCode.READ_ONLY, REASON, cseq=1), ["sync status of what was not stored"]),
]
OF_3_AND_4: list[tuple[ServerMessage, list[str]]] = [(TokenWanted(), ["ask for a token"])]
NO_WORD_FOR: list[ServerMessage] = [
    PresenceFull([PEOPLE]),
    PresenceJoined(PEOPLE),
    PresenceLeft("c"),
    Pong(1),
    Said(1, PEOPLE.user, "é😀", "2026-01-02T03:04:05Z"),
    Directed("c", {"look": "é😀"}),
    Response(1, None),
    Push(1, 1, ListChange(Kind.REMOVED, 1)),
    Event("threads", ListChange(Kind.REMOVED, 1)),
    Error(ErrorCode.BAD_MESSAGE, REASON),
]
# Held by tests of their own, below.
IN_A_CONTEXT = {
    "denied",
    "sync status of what was stored",
    "ping",
    "authenticated, with a session",
    "step 2, with a session",
}


def of(version: str, direction: str) -> dict[str, Golden]:
    return {one.name: one for one in FRAMES if (one.version, one.direction) == (version, direction)}


def attach(version: str = V3, *, key: str = DOCUMENT) -> HocuspocusProtocol:
    """A document to which a client of that version has just attached."""
    protocol = HocuspocusProtocol(key)
    protocol.decode(lib0.token("é😀", version if version == V4 else None))
    return protocol


def told(protocol: HocuspocusProtocol, message: ServerMessage) -> list[dict]:
    return [lib0.read_from_server(frame, keyed=True) for frame in protocol.encode(message)]


# Golden frames -----------------------------------------------------------------------------


def test_every_golden_frame_of_every_version_is_held_by_a_test():
    assert sorted({one.version for one in FRAMES}) == VERSIONS
    assert len({(one.version, one.direction, one.name) for one in FRAMES}) == len(FRAMES)
    said = {name for _, names in FROM_THE_SERVER for name in names}
    later = {name for _, names in OF_3_AND_4 for name in names}
    for version in VERSIONS:
        held = FROM_CLIENTS[version].keys() | BARE[version]
        assert of(version, "client").keys() == held
        in_context = {name for name in IN_A_CONTEXT if version == V4 or "session" not in name}
        expected = said | NEVER_SAID | in_context | later
        if version != V4:
            expected -= {"ping"}
        if version == V2:
            expected -= later | {"close"}
        assert of(version, "server").keys() == expected


def test_there_is_a_golden_frame_for_every_message():
    understood = {
        type(message) for messages in FROM_CLIENTS.values() for message in messages.values()
    }
    # No stock client asks for awareness. See below.
    assert understood == set(get_args(HocuspocusMessage)) - {AwarenessQuery}
    said = {type(message) for message, _ in FROM_THE_SERVER + OF_3_AND_4} | {Ack}
    unsaid = {type(message) for message in NO_WORD_FOR}
    assert said | unsaid == set(get_args(ServerMessage))
    assert said & unsaid == {Error}


@pytest.mark.parametrize(
    "one",
    [one for one in FRAMES if one.direction == "client" and one.name not in BARE[one.version]],
    ids=str,
)
def test_golden_frame_of_a_client_is_understood(one):
    key, body = split(one.frame)
    assert key == one.message["key"]
    assert document_name(key) == DOCUMENT
    assert HocuspocusProtocol(key).decode(body) == FROM_CLIENTS[one.version][one.name]


@pytest.mark.parametrize("version", VERSIONS)
def test_whole_conversation_of_a_client_is_understood_and_its_edits_counted(version):
    protocols: dict[str, HocuspocusProtocol] = {}
    counted = {DOCUMENT: 0, SESSION: 0}
    for name, one in of(version, "client").items():
        if name in BARE[version]:
            continue
        key, body = split(one.frame)
        expected = FROM_CLIENTS[version][name]
        if isinstance(expected, Edit):
            counted[key] += 1
            expected = expected._replace(cseq=counted[key])
        assert protocols.setdefault(key, HocuspocusProtocol(key)).decode(body) == expected
    assert counted == {DOCUMENT: 6, SESSION: version == V4}


@pytest.mark.parametrize(
    ("version", "message", "names"),
    [
        (version, message, names)
        for version, said in {
            V2: FROM_THE_SERVER,
            V3: FROM_THE_SERVER + OF_3_AND_4,
            # It has a ping instead, see below.
            V4: [one for one in FROM_THE_SERVER + OF_3_AND_4 if one[0] != KeepAlive()],
        }.items()
        for message, names in said
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_golden_frames_of_the_server_are_what_the_codec_makes(version, message, names):
    expected = [of(version, "server")[name] for name in names]
    frames = attach(version).encode(message)
    assert frames == [as_written_by_us(one) for one in expected]
    assert [lib0.read_from_server(frame, keyed=True) for frame in frames] == [
        one.message for one in expected
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_denial_is_the_golden_frame(version):
    assert attach(version).deny(REASON) == of(version, "server")["denied"].frame


@pytest.mark.parametrize("version", VERSIONS)
def test_status_of_what_was_stored_is_the_golden_frame(version):
    protocol = attach(version)
    protocol.decode(lib0.update(golden.WRITES))
    expected = of(version, "server")["sync status of what was stored"].frame
    assert protocol.encode(Ack(1, 5, 1)) == [expected]


def test_ping_and_pong_are_the_golden_frames():
    assert of(V4, "server")["ping"].frame == PING
    assert of(V4, "client")["pong"].frame == PONG


@pytest.mark.parametrize("message", NO_WORD_FOR, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_wire_has_no_word_for_is_not_said(message, version):
    assert attach(version).encode(message) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_version_is_sent_what_it_does_not_understand(version):
    """But for the question for a token, which 2.x ignores, as if it had none to bring."""
    unwanted = {one.frame for one in NOT_UNDERSTOOD if one.version == version}
    assert unwanted
    protocol = attach(version)
    everything = [frame for message, _ in FROM_THE_SERVER for frame in protocol.encode(message)]
    everything += [protocol.deny(REASON)]
    assert not unwanted & set(everything)


def test_frames_with_a_session_are_answered_with_the_identical_key():
    server = of(V4, "server")
    protocol = attach(V4, key=SESSION)
    assert protocol.encode(welcome("editor")) == [server["authenticated, with a session"].frame]
    answer = protocol.encode(Sync(b"\0\0", b"\0", 0, id=0))
    assert answer[1] == server["step 2, with a session"].frame
    for message, _ in FROM_THE_SERVER:
        for frame in protocol.encode(message):
            assert frame == PING or lib0.read_from_server(frame, keyed=True)["key"] == SESSION
    assert lib0.read_from_server(protocol.deny(REASON), keyed=True)["key"] == SESSION


@pytest.mark.parametrize("key", ["é😀", "x", "x\0", "\0x", "a\0b\0c", " ", "\u2028"])
def test_whatever_the_key_is_the_answer_bears_it(key):
    raw, body = split(lib0.framed(key, lib0.token("é😀")))
    assert (raw, body) == (key, lib0.token("é😀"))
    assert HocuspocusProtocol(raw).deny("no é").startswith(lib0.string(key))


@pytest.mark.parametrize(
    ("key", "name"),
    [("x", "x"), ("x\0y", "x"), ("x\0", "x"), ("\0x", ""), ("x\0y\0z", "x"), ("é😀\0é", "é😀")],
)
def test_name_of_the_document_is_what_stands_before_the_first_nul(key, name):
    assert document_name(key) == name


def test_one_change_is_encoded_once_for_all_who_get_it():
    change = Changed(golden.OTHERS_WRITE)
    first = HocuspocusProtocol(DOCUMENT).encode(change)
    assert len(change.frames) == 1
    (body,) = change.frames.values()
    assert HocuspocusProtocol(SESSION).encode(change) == [lib0.string(SESSION) + body]
    assert first == [lib0.string(DOCUMENT) + body]


# Sync statuses -----------------------------------------------------------------------------
#
# The provider counts: one for the synchronisation that it begins (any count before is gone), one
# for each update. A status 1 counts one down; at zero it says that all is saved.


class Client:
    """The provider's side, as far as it counts; `packages/provider/src/HocuspocusProvider.ts`."""

    def __init__(self, *, key: str = DOCUMENT) -> None:
        self.protocol = HocuspocusProtocol(key)
        self.unsynced = 0
        self.refused = 0

    def begins(self) -> SyncRequest:
        self.unsynced = 1
        message = self.protocol.decode(lib0.step_1(b"\0"))
        assert isinstance(message, SyncRequest)
        return message

    def writes(self, update: bytes = golden.WRITES) -> int:
        """Type something; its number."""
        self.unsynced += 1
        return self._edit(lib0.update(update))

    def answers(self, update: bytes = b"\0\0") -> int:
        """Send step 2, as the answer to the server's step 1; its number."""
        return self._edit(lib0.step_2(update))

    def _edit(self, body: bytes) -> int:
        message = self.protocol.decode(body)
        assert isinstance(message, Edit)
        return message.cseq

    def hears(self, message: ServerMessage) -> int:
        """Take what the server says; how many statuses 1 there were."""
        saved = 0
        for said in told(self.protocol, message):
            if said["type"] == "sync_status":
                saved += said["saved"]
                self.refused += not said["saved"]
        assert self.unsynced >= saved, "more statuses than the provider waits for"
        self.unsynced -= saved
        return saved

    def joins(self) -> None:
        """Begin a synchronisation, answer the server's half of it, and hear that it is saved."""
        request = self.begins()
        self.hears(Sync(b"\0\0", b"\0", 0, id=request.id))
        number = self.answers()
        assert self.hears(Ack(number, 0, number)) == 1
        assert self.unsynced == 0


def asks() -> Sync:
    """The server's own question: it asks for what it lacks."""
    return Sync(b"\0\0", b"\0", 3)


def test_synchronisation_that_the_client_began_is_paid_when_its_state_is_stored():
    client = Client()
    request = client.begins()
    assert client.hears(Sync(b"\0\0", b"\0", 0, id=request.id)) == 0
    number = client.answers(golden.WHOLE)
    assert client.unsynced == 1
    assert client.hears(Ack(number, 1, number)) == 1
    assert client.unsynced == 0


def test_each_update_is_paid_once():
    client = Client()
    client.joins()
    for _ in range(3):
        number = client.writes()
        assert client.unsynced == 1
        assert client.hears(Ack(number, number, number)) == 1
        assert client.unsynced == 0
        assert client.hears(Ack(number, number, number)) == 0


def test_acknowledgement_of_a_stretch_pays_each_of_it():
    client = Client()
    client.joins()
    first, *_, last = [client.writes() for _ in range(5)]
    assert client.hears(Ack(last, 9, first)) == 5
    assert client.unsynced == 0


def test_acknowledgements_of_several_stretches_pay_each_its_own():
    client = Client()
    client.joins()
    numbers = [client.writes() for _ in range(6)]
    assert client.hears(Ack(numbers[1], 2, numbers[0])) == 2
    assert client.hears(Ack(numbers[2], 3, numbers[2])) == 1
    assert client.hears(Ack(numbers[5], 4, numbers[3])) == 3
    assert client.unsynced == 0


def test_stretch_that_holds_the_state_and_what_was_typed_meanwhile_pays_both():
    client = Client()
    request = client.begins()
    client.hears(Sync(b"\0\0", b"\0", 0, id=request.id))
    state, typed = client.answers(golden.WHOLE), client.writes()
    assert client.unsynced == 2
    assert client.hears(Ack(typed, 1, state)) == 2
    assert client.unsynced == 0


def test_answer_to_a_question_that_the_server_asked_of_itself_is_not_paid():
    client = Client()
    client.joins()
    assert client.hears(asks()) == 0
    number = client.answers(golden.WHOLE)
    assert client.hears(Ack(number, 4, number)) == 0


def test_questions_are_answered_in_their_order_whoever_asked():
    client = Client()
    client.joins()
    client.hears(asks())
    request = client.begins()
    client.hears(Sync(b"\0\0", b"\0", 3, id=request.id))
    client.hears(asks())
    first, second, third = (client.answers() for _ in range(3))
    assert client.hears(Ack(first, 4, first)) == 0
    assert client.hears(Ack(second, 4, second)) == 1
    assert client.hears(Ack(third, 4, third)) == 0


def test_what_a_slow_reader_is_sent_unasked_is_no_question():
    client = Client()
    client.joins()
    client.hears(Sync(golden.OTHERS_WRITE, golden.HAS_SIX, 5))
    request = client.begins()
    client.hears(Sync(b"\0\0", b"\0", 5, id=request.id))
    number = client.answers()
    assert client.hears(Ack(number, 6, number)) == 1


def test_update_that_was_overtaken_is_paid_by_the_next_whole_state():
    client = Client()
    client.joins()
    incomplete = client.writes()
    client.hears(asks())
    typed = client.writes()
    # What is behind it is committed, and it is not.
    assert client.hears(Ack(typed, 7, typed)) == 1
    assert client.unsynced == 1
    whole = client.answers(golden.WHOLE)
    assert client.hears(Ack(whole, 8, whole)) == 1
    assert client.unsynced == 0
    assert incomplete < typed < whole


def test_update_that_was_overtaken_is_paid_where_one_stretch_ends_with_the_whole_state():
    client = Client()
    client.joins()
    client.writes()
    client.hears(asks())
    typed, whole = client.writes(), client.answers(golden.WHOLE)
    assert client.hears(Ack(whole, 8, typed)) == 2
    assert client.unsynced == 0


def test_update_is_paid_by_no_whole_state_that_was_not_acknowledged():
    client = Client()
    client.joins()
    client.writes()
    client.hears(asks())
    client.answers(golden.WHOLE)
    typed = client.writes()
    # The state was overtaken as well: it was refused, or lacks something itself.
    assert client.hears(Ack(typed, 9, typed)) == 1
    assert client.unsynced == 1
    client.hears(asks())
    whole = client.answers(golden.WHOLE)
    assert client.hears(Ack(whole, 10, whole)) == 1
    assert client.unsynced == 0


def test_what_is_overtaken_behind_a_whole_state_waits_for_the_next():
    client = Client()
    client.joins()
    client.hears(asks())
    whole = client.answers(golden.WHOLE)
    client.writes()
    typed = client.writes()
    assert client.hears(Ack(whole, 3, whole)) == 0
    assert client.hears(Ack(typed, 4, typed)) == 1
    assert client.unsynced == 1


def test_updates_that_are_refused_have_a_status_0_each_and_never_a_1():
    client = Client()
    client.joins()
    for expected in (1, 2, 3):
        number = client.writes()
        error = Error(ErrorCode.READ_ONLY, "you may only read", cseq=number)
        assert client.hears(error) == 0
        assert client.refused == expected
    assert client.unsynced == 3


def test_reader_whose_state_holds_nothing_new_is_paid_for_it():
    client = Client()
    request = client.begins()
    client.hears(Sync(golden.WHOLE, golden.HAS_SIX, 5, id=request.id))
    number = client.answers(b"\0\0")
    assert client.hears(Ack(number, 5, number)) == 1
    assert (client.unsynced, client.refused) == (0, 0)


def test_reader_whose_state_holds_something_new_is_told_so_and_stays_unsaved():
    client = Client()
    request = client.begins()
    client.hears(Sync(golden.WHOLE, golden.HAS_SIX, 5, id=request.id))
    number = client.answers(golden.OTHERS_WRITE)
    client.hears(Error(ErrorCode.READ_ONLY, "you may only read", cseq=number))
    assert (client.unsynced, client.refused) == (1, 1)


def test_error_that_is_about_no_edit_is_no_status():
    client = Client()
    client.joins()
    client.hears(Error(ErrorCode.BAD_MESSAGE, "not a state vector", id=0))
    assert client.refused == 0


def test_frame_that_cannot_be_read_is_owed_nothing():
    client = Client()
    client.joins()
    with pytest.raises(WireError):
        client.protocol.decode(lib0.update(golden.WRITES)[:-1])
    number = client.writes()
    assert client.hears(Ack(number, 9, number)) == 1
    assert client.unsynced == 0


@pytest.mark.parametrize("pending", ["a question", "an update"])
def test_client_that_attaches_again_after_a_denial_begins_anew(pending):
    client = Client()
    client.joins()
    if pending == "a question":
        client.hears(asks())
    else:
        client.writes()
    client.protocol.deny("no é")
    client.protocol.decode(lib0.token("a better one é"))
    client.joins()


# Alive -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V2, V3])
def test_client_that_says_no_version_is_kept_alive_by_awareness_of_nobody(version):
    assert attach(version).encode(KeepAlive()) == [
        of(version, "server")["awareness of nobody"].frame
    ]
    assert HocuspocusProtocol(DOCUMENT).encode(KeepAlive()) == [
        lib0.framed(DOCUMENT, b"\x01\x01\x00")
    ]


def test_client_that_says_a_version_is_pinged():
    assert attach(V4).encode(KeepAlive()) == [PING]
    assert attach(V4, key=SESSION).encode(KeepAlive()) == [PING]


def test_version_said_once_is_remembered():
    protocol = attach(V4)
    assert protocol.decode(lib0.token("another é")) == Authenticate("another é", V4)
    assert protocol.encode(KeepAlive()) == [PING]


# Frames that are none ----------------------------------------------------------------------


def refuse(body: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        HocuspocusProtocol(DOCUMENT).decode(body)
    assert str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0",
        b"\x00\x00\x00\x01\x00",
        b"\x05abc",
        b"\x80",
        b"\xff" * 9,
        b"\xff" * 20,
        b"\x02\xc3\x28\x00\x00\x01\x00",
        b"\x03\xed\xa0\xbd\x03",
        lib0.string("x" * 1025) + lib0.step_1(b"\0"),
        lib0.string("é" * 10_000) + lib0.step_1(b"\0"),
        lib0.number(2**53 - 1) + b"x",
    ],
    ids=lambda frame: frame[:6].hex() or "empty",
)
def test_frame_without_a_key_is_refused(frame):
    with pytest.raises(WireError):
        split(frame)


def test_body_without_a_type_is_refused():
    assert split(lib0.string(DOCUMENT)) == (DOCUMENT, b"")
    assert refuse(b"").code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("type_", [4, 6, 8, 9, 10, 11, 127, 128, 2**53 - 1])
def test_type_that_is_not_a_clients_is_unsupported(type_):
    assert refuse(lib0.number(type_)).code is ErrorCode.UNSUPPORTED
    assert refuse(lib0.number(type_) + lib0.string("é😀")).code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("kind", [1, 2, 3, 127, 2**53 - 1])
def test_authentication_that_is_not_a_clients_is_refused(kind):
    assert refuse(b"\x02" + lib0.number(kind) + lib0.string("é")).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\xc3", b"\xed\xa0\xbd"], ids=["no UTF-8", "half", "half a pair"]
)
def test_strings_that_are_not_utf_8_are_refused(raw):
    refuse(b"\x02\x00" + lib0.chunk(raw))
    refuse(lib0.token("é") + lib0.chunk(raw))
    refuse(b"\x05" + lib0.chunk(raw))


def test_empty_token_is_none_at_all():
    protocol = HocuspocusProtocol(DOCUMENT)
    assert protocol.decode(lib0.token("")) == Authenticate(None)
    assert protocol.decode(lib0.token("", "")) == Authenticate(None, "")


def test_stateless_message_has_at_most_64_kib():
    assert refuse(lib0.stateless("x" * (MAX_STATE_BYTES + 1))).code is ErrorCode.TOO_LARGE
    most = "é" * (MAX_STATE_BYTES // 2)
    assert HocuspocusProtocol(DOCUMENT).decode(lib0.stateless(most)) == Stateless(most)


def test_stateless_message_is_measured_in_bytes():
    assert refuse(lib0.stateless("😀" * MAX_STATE_BYTES)).code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "name", [name for name in FROM_CLIENTS[V3] if not name.startswith(("token", "close"))]
)
def test_golden_frame_that_is_cut_off_or_goes_on_is_refused(name):
    _, body = split(of(V3, "client")[name].frame)
    for end in range(len(body)):
        assert refuse(body[:end]).code is ErrorCode.BAD_MESSAGE
    assert refuse(body + b"\0").code is ErrorCode.BAD_MESSAGE


def test_token_that_is_cut_off_is_refused():
    body = lib0.token("é😀")
    for end in range(len(body)):
        refuse(body[:end])
    for end in range(1, 6):
        refuse(body + lib0.string(V4)[:end])
