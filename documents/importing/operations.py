"""The operations of an edit, as they come out of JSON and as we work with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from documents.importing.errors import EditError, UnsupportedEdit

# Each one may cost a look through the whole text.
MAX_OPERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Insert:
    """Put text before the code point at this position."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Take away this many code points from this position on."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Replace:
    """Make this the whole content: text, or Markdown on rich text."""

    text: str


@dataclass(frozen=True, slots=True)
class Append:
    """Add this Markdown to the end of rich text."""

    text: str


Operation = Insert | Delete | Replace | Append

_MEMBERS = {
    "insert": {"insert", "at"},
    "delete": {"delete", "at"},
    "replace": {"replace"},
    "append": {"append"},
}


def parse_operations(ops: object) -> list[Operation]:
    """The operations of a request, checked except for their range. Raises EditError."""
    if not isinstance(ops, Sequence) or isinstance(ops, str | bytes):
        raise EditError("“ops” must be a list of operations.")
    if len(ops) > MAX_OPERATIONS:
        raise EditError(f"At most {MAX_OPERATIONS} operations in one edit; send the rest after it.")
    return [_parse_operation(op, index) for index, op in enumerate(ops)]


def _parse_operation(op: Any, index: int) -> Operation:
    names = _MEMBERS.keys() & op.keys() if isinstance(op, dict) else set()
    if len(names) != 1:
        raise EditError(
            f"ops[{index}] must be an object with exactly one of insert, delete, replace, append."
        )
    name = names.pop()
    if unknown := sorted(str(member) for member in op.keys() - _MEMBERS[name]):
        raise EditError(f"ops[{index}] has members that “{name}” does not: {', '.join(unknown)}.")
    match name:
        case "insert":
            return Insert(at=_number(op, "at", index), text=_text(op, name, index))
        case "delete":
            return Delete(at=_number(op, "at", index), count=_number(op, name, index))
        case "replace":
            return Replace(_text(op, name, index))
        case _:
            return Append(_text(op, name, index))


def _number(op: dict[str, Any], name: str, index: int) -> int:
    value = op.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise EditError(f"ops[{index}]: “{name}” must be a whole number of code points from 0 on.")
    return value


def _text(op: dict[str, Any], name: str, index: int) -> str:
    value = op[name]
    if not isinstance(value, str):
        raise EditError(f"ops[{index}]: “{name}” must be a string.")
    require_unicode(value, where=f"ops[{index}]")
    return value


def require_unicode(text: str, *, where: str) -> None:
    """Refuse half of a surrogate pair, which JSON can carry and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EditError(
            f"{where}: the text is not valid Unicode at position {error.start} "
            "(half of a surrogate pair)."
        ) from None


def require_range(operation: Insert | Delete, *, length: int, index: int) -> None:
    """Refuse a position outside of a text of this many code points."""
    count = operation.count if isinstance(operation, Delete) else 0
    if operation.at + count > length:
        what = f"{count} code points at {operation.at}" if count else f"position {operation.at}"
        raise EditError(f"ops[{index}]: {what} is beyond the text, which has {length} code points.")


def refuse_operation(operation: Operation, *, kind: str, index: int) -> UnsupportedEdit:
    """The error for an operation that this kind of document does not have."""
    name = type(operation).__name__.lower()
    has = "insert, delete and replace" if kind == "text" else "append and replace, with Markdown"
    return UnsupportedEdit(f"ops[{index}]: “{name}” is not supported on {kind}, which has {has}.")
