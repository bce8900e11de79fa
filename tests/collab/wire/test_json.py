"""The codec of collab.json.v1: golden frames both ways, and everything that is no message."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.wire import json as wire
from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessState,
    Changed,
    Chat,
    Direct,
    Directed,
    Edit,
    Error,
    ErrorCode,
    Event,
    Hello,
    KeepAlive,
    Kind,
    ListChange,
    Person,
    Ping,
    Pong,
    PresenceEntry,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
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
    TokenWanted,
    Unsubscribe,
    Welcome,
    WireError,
)
from collab.wire.states import MAX_STATE_BYTES

# Stock providers need them, and we do not.
OF_OTHER_WIRES = {Stateless, KeepAlive, TokenWanted}
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "json.json").read_text("utf-8"))
GOLDEN = {(vector["direction"], vector["name"]): vector["frame"] for vector in VECTORS}

WRITTEN = bytes.fromhex("010101000401017406c3a9f09f988000")
DELETED = bytes.fromhex("0001010101")
HAS_THREE = bytes.fromhex("010103")
NAME = "é😀"
PLAN = "7d1c5a52-6f0c-4d38-9a0e-0d0a4c1c9f11"
ZOE = Person("zoé", "Zoé 😀")
GUEST = Person(None, "Guest")
ZOE_HERE = PresenceEntry(
    "6b1f9f0e-3c53-4c5e-9a55-0d8f5f7d1a11", ZOE, "editor", "2026-01-02T03:04:05.678901Z"
)
GUEST_HERE = PresenceEntry(
    "0e8f4b7a-11d4-4b7e-8a8e-5d9c31a0c2f2", GUEST, "viewer", "2026-01-02T03:04:05Z"
)
CURSOR = {
    "user": {"name": "Zoé 😀", "color": "#e8590c"},
    "cursor": {
        "anchor": {
            "type": None,
            "tname": "default",
            "item": {"client": 1, "clock": 2},
            "assoc": 0,
        },
        "head": None,
    },
}

FROM_CLIENTS: dict[str, wire.JsonMessage] = {
    "hello without a token": Hello(None),
    "hello with a token": Hello("0123456789abcdef0123456789abcdef01234567"),
    "sync of one who has nothing": SyncRequest(b"\0", id=1),
    "sync of one who comes back": SyncRequest(HAS_THREE, id=2, epoch=1),
    "sync with a name for an id": SyncRequest(HAS_THREE, id=NAME),
    "update that writes é😀": Edit(WRITTEN, cseq=1),
    "update that deletes": Edit(DELETED, cseq=2),
    "update that says nothing": Edit(b"\0\0", cseq=2**53 - 1),
    "awareness of a cursor": Awareness([AwarenessState(1, 0, CURSOR)]),
    "awareness of one who leaves and one who stays": Awareness(
        [AwarenessState(1, 3, None), AwarenessState(2**32 - 1, 7, {})]
    ),
    "awareness of nobody": Awareness([]),
    "ping": Ping(7),
    "chat": Chat(NAME, id=1),
    "direct to one": Direct(GUEST_HERE.connection, {"look": {"at": 7}, "é": NAME}, id=2),
    "direct of nothing": Direct(GUEST_HERE.connection, None, id=NAME),
    "request for a list": Request("members.list", {}, live=False, id=1),
    "request for a live list": Request(
        "documents.list", {"q": NAME, "page_size": 10}, live=True, id=NAME
    ),
    "request about another document": Request(
        "versions.list", {"document": PLAN}, live=False, id=2
    ),
    "unsubscribe": Unsubscribe(1, id=3),
    "subscribe to topics": Subscribe(["documents", "notifications"], id=4),
    "subscribe to topics of documents": Subscribe(["threads"], [UUID(PLAN)], id=5),
}

LIMITS = {
    "max_frame_bytes": 16_777_216,
    "connections_per_user": 2000,
    "connections_per_address": 10_000,
}
FROM_THE_SERVER: dict[str, ServerMessage] = {
    "welcome of a member": Welcome(ZOE_HERE.connection, ZOE, "editor", 1, 42, LIMITS, 20),
    "welcome of a visitor by link": Welcome(
        GUEST_HERE.connection, GUEST, "viewer", 3, 0, {"max_frame_bytes": 1024}, 5
    ),
    "welcome to events": Welcome(ZOE_HERE.connection, ZOE, None, None, None, LIMITS, 20),
    "chat of one's own": Said(17, ZOE, NAME, "2026-01-02T03:04:05.678901Z", id=1),
    "chat of somebody else": Said(18, GUEST, NAME, "2026-01-02T03:04:05Z"),
    "direct from one": Directed(ZOE_HERE.connection, {"look": {"at": 7}, "é": NAME}),
    "direct of nothing from one": Directed(ZOE_HERE.connection, None),
    "response": Response(
        1,
        {
            "results": [{"user": {"username": "zoé", "name": "Zoé 😀"}, "role": "editor"}],
            "next": None,
        },
    ),
    "response of a live list": Response(NAME, {"results": [], "next": None}, 1),
    "response without a result": Response(3, None),
    "push of what was added": Push(1, 1, ListChange(Kind.ADDED, PLAN, {"id": PLAN, "title": NAME})),
    "push of what has changed": Push(
        1, 2, ListChange(Kind.CHANGED, PLAN, {"id": PLAN, "title": "Plan"})
    ),
    "push of what was removed": Push(2, 1, ListChange(Kind.REMOVED, 17)),
    "event of one's own": Event(
        "notifications", ListChange(Kind.ADDED, 9, {"id": 9, "kind": "mention"})
    ),
    "event of a document": Event("threads", ListChange(Kind.REMOVED, 17), PLAN),
    "sync as the answer": Sync(WRITTEN, HAS_THREE, 42, id=1),
    "sync as the answer to a name": Sync(b"\0\0", HAS_THREE, 42, id=NAME),
    "sync unasked": Sync(b"\0\0", b"\0", 0),
    "ack of one update": Ack(cseq=1, seq=43, from_cseq=1),
    "ack of a stretch": Ack(cseq=9, seq=44, from_cseq=2),
    "update by one person": Changed(WRITTEN, ZOE),
    "update by a visitor": Changed(DELETED, GUEST),
    "update by several": Changed(WRITTEN),
    "awareness of a cursor": Awareness([AwarenessState(1, 0, CURSOR)]),
    "awareness of one who left": Awareness(
        [AwarenessState(1, 3, None), AwarenessState(2, 0, {"user": {"name": "Bob"}})]
    ),
    "presence of all": PresenceFull([ZOE_HERE, GUEST_HERE]),
    "presence of one who joined": PresenceJoined(GUEST_HERE),
    "presence of one who left": PresenceLeft(GUEST_HERE.connection),
    "role of viewer": RoleChanged("viewer"),
    "role of commenter": RoleChanged("commenter"),
    "role of editor": RoleChanged("editor"),
    "role of owner": RoleChanged("owner"),
    "pong": Pong(7),
    "pong to a name": Pong(NAME),
    "pong to a ping without an id": Pong(),
    "error about nothing in particular": Error(ErrorCode.BAD_MESSAGE, "The frame is not JSON."),
    "error about an update": Error(
        ErrorCode.READ_ONLY, "As viewer you may read this document, not edit it.", cseq=3
    ),
    "error about a request": Error(
        ErrorCode.UNSUPPORTED, "There is no message of type 'é😀'.", id=NAME
    ),
    "error to try again": Error(ErrorCode.RATE_LIMITED, "Slow down.", id=5, cseq=6, retry_ms=1500),
    **{
        f"error {code}": Error(code, NAME, cseq=1)
        for code in ErrorCode
        if code in {"bad_update", "forbidden", "not_found", "conflict", "too_large"}
    },
}


def names(direction: str) -> set[str]:
    return {name for way, name in GOLDEN if way == direction}


# Golden frames -----------------------------------------------------------------------------


def test_every_golden_frame_is_held_by_a_test():
    assert len(GOLDEN) == len(VECTORS), "two golden frames have one name"
    assert names("client") == set(FROM_CLIENTS)
    assert names("server") == set(FROM_THE_SERVER)
    assert len(FROM_CLIENTS) + len(FROM_THE_SERVER) == len(GOLDEN)


def test_there_is_a_golden_frame_for_every_message_and_every_error():
    assert {type(message) for message in FROM_CLIENTS.values()} == set(get_args(wire.JsonMessage))
    assert {type(message) for message in FROM_THE_SERVER.values()} == (
        set(get_args(ServerMessage)) - OF_OTHER_WIRES
    )
    said = {message.code for message in FROM_THE_SERVER.values() if isinstance(message, Error)}
    assert said == set(ErrorCode)


@pytest.mark.parametrize("name", sorted(FROM_CLIENTS))
def test_golden_frame_of_a_client_is_understood(name):
    assert wire.decode(json.dumps(GOLDEN["client", name])) == FROM_CLIENTS[name]


@pytest.mark.parametrize("name", sorted(FROM_CLIENTS))
def test_golden_frame_of_a_client_is_understood_with_its_characters_unescaped(name):
    frame = json.dumps(GOLDEN["client", name], ensure_ascii=False)
    assert wire.decode(frame) == FROM_CLIENTS[name]


@pytest.mark.parametrize("name", sorted(FROM_THE_SERVER))
def test_golden_frame_of_the_server_is_what_the_codec_makes(name):
    frame = wire.encode(FROM_THE_SERVER[name])
    assert json.loads(frame) == GOLDEN["server", name]
    assert frame.startswith(f'{{"type":"{GOLDEN["server", name]["type"]}"'), "`type` is first"
    assert frame.isascii()


def test_one_change_is_encoded_once_for_all_who_get_it():
    change = Changed(WRITTEN, ZOE)
    assert wire.encode(change) is wire.encode(change)


def test_null_for_what_may_be_left_out_is_as_good_as_leaving_it_out():
    assert decode(type="hello", token=None) == Hello(None)
    assert decode(type="sync", id=None, state_vector="AA==", epoch=None) == SyncRequest(b"\0")
    assert decode(type="ping", id=None) == Ping()


def test_fields_that_are_not_known_yet_are_ignored():
    assert decode(type="ping", id=1, colour="é😀", type2=[]) == Ping(1)


# Frames that are none ----------------------------------------------------------------------


def decode(**fields: Any) -> wire.JsonMessage:
    return wire.decode(json.dumps(fields))


def refuse(frame: str) -> WireError:
    with pytest.raises(WireError) as caught:
        wire.decode(frame)
    assert str(caught.value)
    return caught.value


def refuse_fields(**fields: Any) -> WireError:
    return refuse(json.dumps(fields))


@pytest.mark.parametrize(
    "frame",
    [
        "",
        " ",
        "hello",
        "{",
        '{"type":"ping"',
        '{"type":"ping"}}',
        '{"type":"ping"} {"type":"ping"}',
        "{'type':'ping'}",
        '{"type":"ping",}',
        '{type:"ping"}',
        '{"type":"ping","id":01}',
        '{"type":"ping","id":"\n"}',
        '{"type":"ping","id":"\\x"}',
        '\ufeff{"type":"ping"}',
        "\x00",
        "\ud83d",
        "é😀",
    ],
)
def test_frame_that_is_not_json_is_refused(frame):
    assert refuse(frame).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("frame", ["null", "true", "1", '"ping"', "[]", '[{"type":"ping"}]', "-0"])
def test_frame_that_is_not_an_object_is_refused(frame):
    assert refuse(frame).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("type_", [None, 1, True, ["ping"], {"ping": 1}, 1.5])
def test_message_without_a_type_is_refused(type_):
    assert refuse("{}").code is ErrorCode.BAD_MESSAGE
    assert refuse_fields(type=type_).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("type_", ["fireworks", "Ping", "ping ", "", "ack", "welcome", "é😀"])
def test_unknown_type_is_unsupported_and_answered_with_its_id(type_):
    error = refuse_fields(type=type_, id="é1")
    assert (error.code, error.id) == (ErrorCode.UNSUPPORTED, "é1")


def test_unknown_type_is_not_repeated_at_length():
    assert len(str(refuse_fields(type="x" * 100_000))) < 200


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"ping","id":%s}',
        '{"type":"awareness","states":[{"client":1,"clock":1,"state":{"x":%s}}]}',
        '{"type":"hello","else":[%s]}',
    ],
)
def test_numbers_that_are_not_json_are_refused(frame, constant):
    refuse(frame % constant)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5_000])
@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"awareness","states":[{"client":1,"clock":1,"state":{"x":[%s]}}]}',
        '{"type":"awareness","states":[{"client":%s,"clock":1,"state":{}}]}',
        '{"type":"update","cseq":%s,"update":"AAA="}',
        '{"type":"sync","epoch":%s,"state_vector":"AA=="}',
        '{"type":"ping","id":%s}',
    ],
)
def test_numbers_that_overflow_are_refused(frame, number):
    assert refuse(frame % number).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("bracket", ["[", '{"a":', '{"type":"ping","id":['])
def test_nesting_of_100_000_levels_is_refused(bracket):
    refuse(bracket * 100_000)


def test_nested_state_of_100_000_levels_is_refused():
    deep = "[" * 100_000 + "]" * 100_000
    frame = '{"type":"awareness","states":[{"client":1,"clock":1,"state":{"x":%s}}]}'
    refuse(frame % deep)


NO_NUMBERS = [None, True, False, -1, -(2**53), 2**53, 10**30, 1.0, 1.5, "1", [1], {"n": 1}]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_cseq_that_is_not_a_count_is_refused(value):
    error = refuse_fields(type="update", cseq=value, update="AAA=")
    assert (error.code, error.cseq) == (ErrorCode.BAD_MESSAGE, None)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("field", ["client", "clock"])
def test_state_whose_client_or_clock_is_not_a_count_is_refused(field, value):
    state = {"client": 1, "clock": 1, "state": {}, field: value}
    assert refuse_fields(type="awareness", states=[state]).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("value", NO_NUMBERS[1:])
def test_epoch_that_is_not_a_count_is_refused_with_the_id(value):
    error = refuse_fields(type="sync", id=5, state_vector="AA==", epoch=value)
    assert (error.code, error.id) == (ErrorCode.BAD_MESSAGE, 5)


@pytest.mark.parametrize("field", ["cseq", "update"])
def test_update_that_lacks_a_field_is_refused(field):
    fields = {"type": "update", "cseq": 1, "update": "AAA="}
    del fields[field]
    refuse_fields(**fields)


@pytest.mark.parametrize("field", ["client", "clock"])
def test_state_that_lacks_a_field_is_refused(field):
    state = {"client": 1, "clock": 1, "state": {}}
    del state[field]
    refuse_fields(type="awareness", states=[state])


NO_BASE64 = [
    None,
    1,
    True,
    [0, 0],
    {},
    "A",
    "AA",
    "AAA",
    "AAA=A",
    "AAA==",
    "=AAA",
    "AA=A",
    "AAA= ",
    " AAA=",
    "AA\nA=",
    "_-8=",
    "é😀==",
    "\udc80===",
    "AAA=\x00",
]


@pytest.mark.parametrize("value", NO_BASE64)
def test_update_that_is_not_standard_base64_is_refused_with_its_cseq(value):
    error = refuse_fields(type="update", cseq=3, update=value)
    assert (error.code, error.cseq) == (ErrorCode.BAD_MESSAGE, 3)


@pytest.mark.parametrize("value", NO_BASE64)
def test_state_vector_that_is_not_standard_base64_is_refused_with_its_id(value):
    error = refuse_fields(type="sync", id="é", state_vector=value)
    assert (error.code, error.id) == (ErrorCode.BAD_MESSAGE, "é")


@pytest.mark.parametrize("id_", [1.5, True, [], {}, "x" * 201, 2**53, -(2**53), 10**400])
def test_id_that_is_neither_a_count_nor_a_short_string_is_refused(id_):
    for fields in (
        {"type": "ping"},
        {"type": "sync", "state_vector": "AA=="},
        {"type": "fireworks"},
    ):
        assert refuse_fields(**fields, id=id_).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("token", [1, True, ["t"], {"t": 1}])
def test_token_that_is_not_a_string_is_refused(token):
    assert refuse_fields(type="hello", token=token).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("states", [None, {}, "states", 1, [1], [None], [[]], ["state"]])
def test_states_that_are_not_a_list_of_objects_are_refused(states):
    assert refuse_fields(type="awareness", states=states).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("state", [1, True, "cursor", [], 1.5])
def test_state_that_is_neither_an_object_nor_null_is_refused(state):
    item = {"client": 1, "clock": 1, "state": state}
    assert refuse_fields(type="awareness", states=[item]).code is ErrorCode.BAD_MESSAGE


def test_more_than_a_thousand_states_are_refused():
    states = [{"client": client, "clock": 1, "state": None} for client in range(1001)]
    assert len(decode(type="awareness", states=states[:1000]).states) == 1000
    refuse_fields(type="awareness", states=states)


def test_state_that_is_larger_than_a_cursor_is_too_large():
    def sized(size: int) -> dict[str, Any]:
        return {"client": 1, "clock": 1, "state": {"x": "y" * (size - len('{"x": ""}'))}}

    decode(type="awareness", states=[sized(MAX_STATE_BYTES)])
    error = refuse_fields(type="awareness", states=[sized(MAX_STATE_BYTES + 1)])
    assert error.code is ErrorCode.TOO_LARGE


def test_state_with_half_a_surrogate_pair_reaches_others_as_plain_ascii():
    heard = wire.decode(
        '{"type":"awareness","states":[{"client":1,"clock":1,"state":{"name":"\\ud83d"}}]}'
    )
    assert isinstance(heard, Awareness)
    frame = wire.encode(heard)
    assert frame.encode("ascii")
    assert json.loads(frame)["states"][0]["state"] == {"name": "\ud83d"}


@pytest.mark.parametrize("frame", ['{"type":"\ud83d"}', '{"type":"x","id":"\ud83d"}'])
def test_answer_to_half_a_surrogate_pair_can_be_sent(frame):
    error = refuse(frame)
    assert wire.encode(Error(error.code, str(error), id=error.id)).isascii()


# Fuzz --------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    ["id", "token", "cseq", "update", "state_vector", "epoch", "states", "client", "clock", "state"]
)
TYPES = st.sampled_from(["hello", "sync", "update", "awareness", "ping", "ack", "chat"])
LIKELY = (
    JSON_VALUES
    | st.binary().map(lambda raw: b64encode(raw).decode())
    | st.integers(0, 2**54)
    | st.lists(
        st.fixed_dictionaries(
            {}, optional={"client": JSON_VALUES, "clock": JSON_VALUES, "state": JSON_VALUES}
        )
    )
)


def decode_or_refuse(frame: str) -> None:
    try:
        message = wire.decode(frame)
    except WireError as error:
        answer = Error(error.code, str(error), id=error.id, cseq=error.cseq)
        assert json.loads(wire.encode(answer))["detail"]
    else:
        assert isinstance(message, wire.JsonMessage)


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_is_a_message_or_refused(frame):
    decode_or_refuse(frame)


@given(JSON_VALUES)
def test_any_json_is_a_message_or_refused(value):
    decode_or_refuse(json.dumps(value))


@given(TYPES, st.dictionaries(FIELDS, LIKELY))
def test_any_fields_are_a_message_or_refused(type_, fields):
    decode_or_refuse(json.dumps({"type": type_, **fields}))


@given(st.binary(), st.integers(0, 2**53 - 1))
def test_any_update_arrives_as_it_was_sent(update, cseq):
    encoded = b64encode(update).decode()
    assert decode(type="update", cseq=cseq, update=encoded) == Edit(update, cseq)
    assert b64decode(json.loads(wire.encode(Changed(update)))["update"]) == update
