"""The values inside items, read so that two encodings of the same one are equal. Pure.

pycrdt writes the keys of a map in any order, and some numbers otherwise than Yjs does.
"""

import json
import math
import struct
from collections.abc import Iterator
from typing import Any

from documents.encoding import Cursor


def read_content(ref: int, content: bytes) -> Iterator[Any]:
    """What an item of this kind holds, for comparison alone; the gate must have admitted it."""
    cursor = Cursor(content)
    match ref:
        case 8:
            for _ in range(cursor.number()):
                yield _read_value(cursor)
        case 6:
            yield cursor.chunk()
            yield json.loads(cursor.chunk())
        case 5:
            yield json.loads(cursor.chunk())
        case 4:
            yield cursor.chunk()
        case _:
            yield content


def _read_value(cursor: Cursor) -> Any:  # noqa: PLR0911 (one line per tag)
    """A value of lib0's `any` encoding; the gate has seen that it is not deep."""
    start = cursor.at
    tag = cursor.data[start]
    cursor.at += 1
    match tag:
        case 118:
            return {cursor.chunk(): _read_value(cursor) for _ in range(cursor.number())}
        case 117:
            return [_read_value(cursor) for _ in range(cursor.number())]
        case 119 | 116:
            return tag, cursor.chunk()
        case 125:
            return _read_signed(cursor)
        case 124:
            return _read_fixed(cursor, ">f", 4)
        case 123:
            return _read_fixed(cursor, ">d", 8)
        case 122:
            return tag, _read_fixed(cursor, ">q", 8)
        case _:
            return tag, b""


def _read_signed(cursor: Cursor) -> int:
    """lib0's signed number: of the first byte one bit says that more follow, one is the sign."""
    byte = cursor.data[cursor.at]
    cursor.at += 1
    magnitude = byte & 0x3F
    if byte & 0x80:
        magnitude |= cursor.number() << 6
    return -magnitude if byte & 0x40 else magnitude


def _read_fixed(cursor: Cursor, layout: str, size: int) -> Any:
    start = cursor.at
    cursor.skip(size)
    (number,) = struct.unpack(layout, cursor.data[start : cursor.at])
    # What is no number is not even equal to itself.
    return "NaN" if math.isnan(number) else number
