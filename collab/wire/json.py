"""Our own protocol, `collab.json.v1`: one JSON object per text frame, binary as base64."""

import binascii
import json
import uuid
from base64 import b64encode
from binascii import a2b_base64
from typing import Any, assert_never

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
from collab.wire.states import MAX_STATES, check_direct, check_state

SUBPROTOCOL = "collab.json.v1"
VERSION = 1
JsonMessage = (
    Hello
    | SyncRequest
    | Edit
    | Awareness
    | Ping
    | Chat
    | Direct
    | Request
    | Unsubscribe
    | Subscribe
)

# Made once: json.loads and json.dumps make one for each call that has options.
# ASCII only: a lone surrogate in somebody's state must not break everybody's frame.
_encode_json = json.JSONEncoder(separators=(",", ":")).encode

# The largest number that JavaScript counts exactly.
_MAX_NUMBER = 2**53 - 1
_MAX_ID_CHARACTERS = 200
_MAX_METHOD_CHARACTERS = 100
# Topics and documents of one `subscribe`.
_MAX_CHOSEN = 100


def decode(frame: str) -> JsonMessage:  # noqa: C901, PLR0911, PLR0912 (a case for each type)
    """The message in a text frame; WireError says what is wrong with it."""
    try:
        fields = _decode_json(frame)
    except (ValueError, RecursionError):
        raise WireError("The frame is not JSON.") from None
    if not isinstance(fields, dict):
        raise WireError("The frame is not a JSON object.")
    match fields.get("type"):
        case "update":
            cseq = _number(fields, "cseq")
            return Edit(update=_bytes(fields, "update", cseq=cseq), cseq=cseq)
        case "awareness":
            return Awareness(_states(fields.get("states")))
        case "sync":
            id_ = _id(fields)
            epoch = None if fields.get("epoch") is None else _number(fields, "epoch", id_=id_)
            state_vector = _bytes(fields, "state_vector", id_=id_)
            return SyncRequest(state_vector=state_vector, id=id_, epoch=epoch)
        case "hello":
            token = fields.get("token")
            if token is not None and not isinstance(token, str):
                raise WireError("`token` is not a string.")
            return Hello(token or None)
        case "ping":
            return Ping(_id(fields))
        case "chat":
            id_ = _id(fields)
            return Chat(_text(fields, "text", id_=id_), id_)
        case "direct":
            return _direct(fields)
        case "request":
            return _request(fields)
        case "unsubscribe":
            id_ = _id(fields)
            return Unsubscribe(_number(fields, "subscription", id_=id_), id_)
        case "subscribe":
            return _subscribe(fields)
        case str() as name:
            raise WireError(
                f"There is no message of type {name[:50]!r}.",
                code=ErrorCode.UNSUPPORTED,
                id=_id(fields),
            )
        case _:
            raise WireError("The message has no `type`.")


def encode(message: ServerMessage) -> str:
    """The message as a text frame."""
    if isinstance(message, Changed):
        frame: str | None = message.frames.get(SUBPROTOCOL)
        if frame is None:
            frame = message.frames[SUBPROTOCOL] = _dump(message)
        return frame
    return _dump(message)


def _dump(message: ServerMessage) -> str:
    return _encode_json(_fields(message))


def _fields(message: ServerMessage) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912
    match message:
        case Changed():
            fields: dict[str, Any] = {"type": "update", "update": _base64(message.update)}
            if message.user is not None:
                fields["user"] = _person(message.user)
            return fields
        case Ack():
            fields = {"type": "ack", "cseq": message.cseq, "seq": message.seq}
            if message.from_cseq != message.cseq:
                fields["from_cseq"] = message.from_cseq
            return fields
        case Awareness():
            states = [
                {"client": state.client, "clock": state.clock, "state": state.state}
                for state in message.states
            ]
            return {"type": "awareness", "states": states}
        case Sync():
            fields = {
                "type": "sync",
                "update": _base64(message.update),
                "state_vector": _base64(message.state_vector),
                "seq": message.seq,
            }
            return fields if message.id is None else {**fields, "id": message.id}
        case PresenceJoined():
            return {"type": "presence", "joined": _entry(message.entry)}
        case PresenceLeft():
            return {"type": "presence", "left": message.connection}
        case PresenceFull():
            return {"type": "presence", "full": [_entry(entry) for entry in message.entries]}
        case Welcome():
            return {
                "type": "welcome",
                "version": VERSION,
                "connection": message.connection,
                "user": _person(message.user),
                "role": message.role,
                "epoch": message.epoch,
                "head": message.head,
                "limits": message.limits,
                "ping_seconds": message.ping_seconds,
            }
        case RoleChanged():
            return {"type": "role", "role": message.role}
        case Pong():
            return {"type": "pong", "id": message.id}
        case Said():
            fields = {
                "type": "chat",
                "message": message.message,
                "user": _person(message.user),
                "text": message.text,
                "at": message.at,
            }
            return fields if message.id is None else {**fields, "id": message.id}
        case Directed():
            return {"type": "direct", "from": message.sender, "data": message.data}
        case Response():
            fields = {"type": "response", "id": message.id, "result": message.result}
            if message.subscription is not None:
                fields["subscription"] = message.subscription
            return fields
        case Push():
            return {
                "type": "push",
                "subscription": message.subscription,
                "n": message.n,
                "event": _change(message.change),
            }
        case Event():
            fields = {"type": "event", "topic": message.topic}
            if message.document is not None:
                fields["document"] = message.document
            return {**fields, "event": _change(message.change)}
        case Error():
            optional = {"id": message.id, "cseq": message.cseq, "retry_ms": message.retry_ms}
            given = {name: value for name, value in optional.items() if value is not None}
            return {"type": "error", "code": message.code, "detail": message.detail, **given}
        case Stateless() | KeepAlive() | TokenWanted():
            raise TypeError(f"{SUBPROTOCOL} has no {type(message).__name__}")
        case _:
            assert_never(message)


def _change(change: ListChange) -> dict[str, Any]:
    fields = {"kind": change.kind, "id": change.id}
    return fields if change.item is None else {**fields, "item": change.item}


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _person(person: Person) -> dict[str, Any]:
    return {"username": person.username, "name": person.name}


def _entry(entry: PresenceEntry) -> dict[str, Any]:
    return {
        "connection": entry.connection,
        "user": _person(entry.user),
        "role": entry.role,
        "since": entry.since,
    }


def _direct(fields: dict[str, Any]) -> Direct:
    id_ = _id(fields)
    to = _text(fields, "to", id_=id_)
    if "data" not in fields:
        raise WireError("`data` is missing.", id=id_)
    try:
        return Direct(to, check_direct(fields["data"]), id_)
    except WireError as error:
        raise WireError(str(error), code=error.code, id=id_) from None


def _text(fields: dict[str, Any], name: str, *, id_: Any) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise WireError(f"`{name}` is not a string.", id=id_)
    return value


def _request(fields: dict[str, Any]) -> Request:
    id_ = _id(fields)
    method, params, live = fields.get("method"), fields.get("params"), fields.get("live", False)
    if not isinstance(method, str) or len(method) > _MAX_METHOD_CHARACTERS:
        raise WireError("`method` is not the name of a method.", id=id_)
    if not isinstance(params or {}, dict):
        raise WireError("`params` is not an object.", id=id_)
    if not isinstance(live, bool):
        raise WireError("`live` is neither true nor false.", id=id_)
    if id_ is None:
        raise WireError("`id` is missing: the answer bears it.")
    return Request(method, params or {}, live, id_)


def _subscribe(fields: dict[str, Any]) -> Subscribe:
    id_ = _id(fields)
    topics = _strings(fields, "topics", id_=id_)
    if fields.get("documents") is None:
        return Subscribe(topics, None, id_)
    try:
        documents = [uuid.UUID(each) for each in _strings(fields, "documents", id_=id_)]
    except ValueError:
        raise WireError("`documents` holds what is not the id of a document.", id=id_) from None
    return Subscribe(topics, documents, id_)


def _strings(fields: dict[str, Any], name: str, *, id_: Any) -> list[str]:
    value = fields.get(name)
    if isinstance(value, list) and len(value) <= _MAX_CHOSEN:
        strings = [item for item in value if isinstance(item, str)]
        if len(strings) == len(value):
            return strings
    raise WireError(f"`{name}` is not a list of at most {_MAX_CHOSEN} strings.", id=id_)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _id(fields: dict[str, Any]) -> int | str | None:
    """The client's `id`: a string or a whole number of its choice."""
    id_ = fields.get("id")
    if id_ is None:
        return None
    if isinstance(id_, int) and not isinstance(id_, bool) and abs(id_) <= _MAX_NUMBER:
        return id_
    if isinstance(id_, str) and len(id_) <= _MAX_ID_CHARACTERS:
        return id_
    raise WireError(f"`id` is not a whole number or a string of at most {_MAX_ID_CHARACTERS}.")


def _number(fields: dict[str, Any], name: str, *, id_: Any = None, cseq: int | None = None) -> int:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER:
        return value
    raise WireError(f"`{name}` is not a whole number from 0 to 2^53-1.", id=id_, cseq=cseq)


def _bytes(fields: dict[str, Any], name: str, *, id_: Any = None, cseq: int | None = None) -> bytes:
    value = fields.get(name)
    if not isinstance(value, str):
        raise WireError(f"`{name}` is not a base64 string.", id=id_, cseq=cseq)
    try:
        return a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        raise WireError(f"`{name}` is not standard base64.", id=id_, cseq=cseq) from None


def _states(value: Any) -> list[AwarenessState]:
    if not isinstance(value, list) or len(value) > MAX_STATES:
        raise WireError(f"`states` is not a list of at most {MAX_STATES}.")
    states = []
    for item in value:
        if not isinstance(item, dict):
            raise WireError("A state is not an object.")
        state = check_state(item.get("state"))
        states.append(AwarenessState(_number(item, "client"), _number(item, "clock"), state))
    return states
