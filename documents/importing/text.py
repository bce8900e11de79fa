"""Edits a shared Text. Positions are code points of what the reader sees as its text.

pycrdt counts UTF-8 bytes, and panics outside of its range or within a character: every
position is checked and converted here, before anything is changed.
"""

from typing import assert_never

from pycrdt import Text

from documents.importing.operations import (
    Append,
    Delete,
    Insert,
    Operation,
    Replace,
    parse_operations,
    refuse_operation,
    require_range,
    require_unicode,
)


def apply_text_ops(text: Text, ops: object) -> None:
    """Apply the operations of a request in order, in one transaction.

    `ops` is `[{"insert": str, "at": int} | {"delete": int, "at": int} | {"replace": str}]`.
    Raises EditError, and changes nothing, when any of them is malformed or out of range.
    """
    apply_text_operations(text, parse_operations(ops))


def apply_text_operations(text: Text, operations: list[Operation]) -> None:
    """As `apply_text_ops`, for operations that are already parsed."""
    _require_ranges(len(str(text)), operations)
    with text.doc.transaction():
        for operation in operations:
            match operation:
                case Insert(at, inserted):
                    insert_at(text, at, inserted)
                case Delete(at, count):
                    delete_at(text, at, count)
                case Replace(whole):
                    replace_text(text, whole)
                case Append():
                    pass  # refused above
                case _:
                    assert_never(operation)


def insert_at(text: Text, at: int, inserted: str) -> None:
    """Put text before the code point at this position. Raises EditError."""
    require_unicode(inserted, where="insert")
    current = str(text)
    require_range(Insert(at, inserted), length=len(current), index=0)
    if inserted:
        text.insert(_find_index(text, current, at), inserted)


def delete_at(text: Text, at: int, count: int) -> None:
    """Take away this many code points from this position on. Raises EditError."""
    current = str(text)
    require_range(Delete(at, count), length=len(current), index=0)
    if count:
        start = _find_index(text, current, at)
        stop = _find_index(text, current, at + count)
        del text[start:stop]


def replace_text(text: Text, new: str) -> None:
    """Make this the whole text, touching only what differs between its two ends.

    Cursors and concurrent edits in what stays the same keep their place.
    """
    require_unicode(new, where="replace")
    old = str(text)
    prefix = _common_prefix(old, new)
    suffix = _common_prefix(old[prefix:][::-1], new[prefix:][::-1])
    with text.doc.transaction():
        delete_at(text, prefix, len(old) - suffix - prefix)
        insert_at(text, prefix, new[prefix : len(new) - suffix])


def _require_ranges(length: int, operations: list[Operation]) -> None:
    """Play the operations through on the length alone."""
    for index, operation in enumerate(operations):
        match operation:
            case Insert(_, inserted):
                require_range(operation, length=length, index=index)
                length += len(inserted)
            case Delete(_, count):
                require_range(operation, length=length, index=index)
                length -= count
            case Replace(whole):
                length = len(whole)
            case Append():
                raise refuse_operation(operation, kind="text", index=index)
            case _:
                assert_never(operation)


def _find_index(text: Text, current: str, at: int) -> int:
    """pycrdt's index of a code point: the UTF-8 bytes before it, and 1 for each embedded thing."""
    if len(text) == len(current.encode()):
        return len(current[:at].encode())
    index = 0
    for value, _ in text.diff():
        if not isinstance(value, str):
            index += 1
        elif at <= len(value):
            return index + len(value[:at].encode())
        else:
            index += len(value.encode())
            at -= len(value)
    return index


def _common_prefix(left: str, right: str) -> int:
    """How many code points two texts begin with alike; compares slices, not characters."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
