"""How rows of the log are packed: every one whole, in a fraction of the bytes. Pure.

A keystroke's row is some 25 bytes that hardly differ from those before: client ids, a clock that
counts on. One after the other, zlib takes 6 to 8 bytes for each. So they are laid out in columns:
what all payloads of one length have at their first byte, then at their second, and so on; authors,
clients and times likewise. Now zlib takes 2 to 4.5, and 2.5 for a time in microseconds. That is why
it is zlib, which every Python has: zstandard takes as many, lzma a tenth fewer at three times the
cost (measured on `tests/data/traces`).

A segment is one zlib stream, which has a checksum: a line of JSON that says how many rows there are
and who wrote them, then the columns.
"""

import json
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from documents.errors import LogDamaged

T = TypeVar("T")

_FORMAT = 1
_LEVEL = 9
# Longer ones have little in common with each other.
_MAX_COLUMNS = 64
_NUMBER_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PackedRow:
    """One row, without its seq, which its place in the segment says."""

    payload: bytes
    # The author's primary key as a string, whatever it is in the project's user model.
    author: str | None
    client: int | None
    created_at: datetime


def pack(rows: Sequence[PackedRow]) -> bytes:
    """Pack at least one row."""
    authors = {author: number for number, author in enumerate({row.author: 0 for row in rows})}
    clients = {client: number for number, client in enumerate({row.client: 0 for row in rows})}
    times = [(row.created_at - _EPOCH) // _MICROSECOND for row in rows]
    header = {
        "format": _FORMAT,
        "rows": len(rows),
        "authors": list(authors),
        "clients": list(clients),
        "began": times[0],
    }
    parts = [
        json.dumps(header, separators=(",", ":")).encode(),
        b"\n",
        _write_numbers([len(row.payload) for row in rows]),
        _write_payloads([row.payload for row in rows]),
        _write_numbers([authors[row.author] for row in rows]),
        _write_numbers([clients[row.client] for row in rows]),
        _write_numbers([0, *(later - earlier for earlier, later in pairwise(times))]),
    ]
    return zlib.compress(b"".join(parts), _LEVEL)


def unpack(segment: bytes) -> list[PackedRow]:
    """The rows of a segment, in order; LogDamaged if it is not one."""
    return _read(segment, _Reader.rows)


def unpack_payloads(segment: bytes) -> list[bytes]:
    """Their payloads alone, which costs a quarter of it; LogDamaged if it is not a segment."""
    return _read(segment, _Reader.payloads)


def _read(segment: bytes, what: Callable[["_Reader"], T]) -> T:
    try:
        return what(_Reader(zlib.decompress(segment)))
    except (zlib.error, struct.error, ValueError, LookupError, TypeError, OverflowError) as error:
        raise LogDamaged(str(error)) from None


class _Reader:
    """Reads one segment from its beginning to its end."""

    def __init__(self, data: bytes) -> None:
        header, _, self._columns = data.partition(b"\n")
        self._header: dict[str, Any] = json.loads(header)
        if self._header["format"] != _FORMAT:
            raise ValueError(f"its format is {self._header['format']}, which is not known")
        self._count: int = self._header["rows"]
        self._at = 0

    def payloads(self) -> list[bytes]:
        sizes = self._numbers()
        return _read_payloads(sizes, self._take(sum(sizes)))

    def rows(self) -> list[PackedRow]:
        payloads = self.payloads()
        authors, clients = self._header["authors"], self._header["clients"]
        columns = zip(
            payloads,
            [authors[number] for number in self._numbers()],
            [clients[number] for number in self._numbers()],
            accumulate([self._header["began"], *self._numbers()[1:]]),
            strict=True,
        )
        return [
            PackedRow(payload, author, client, _EPOCH + time * _MICROSECOND)
            for payload, author, client, time in columns
        ]

    def _numbers(self) -> tuple[int, ...]:
        column = self._take(_NUMBER_BYTES * self._count)
        return struct.unpack(f"<{self._count}q", _untranspose(column, _NUMBER_BYTES))

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._columns):
            raise ValueError("it ends too early")
        return self._columns[start : self._at]


def _write_numbers(numbers: Sequence[int]) -> bytes:
    return _transpose(struct.pack(f"<{len(numbers)}q", *numbers), _NUMBER_BYTES)


def _write_payloads(payloads: Iterable[bytes]) -> bytes:
    by_size: dict[int, list[bytes]] = {}
    for payload in payloads:
        by_size.setdefault(_column_of(len(payload)), []).append(payload)
    return b"".join(
        _transpose(b"".join(alike), size) if size else b"".join(alike)
        for size, alike in sorted(by_size.items())
    )


def _read_payloads(sizes: Sequence[int], data: bytes) -> list[bytes]:
    """Their bytes, put back into the order in which they were written."""
    bytes_of: Counter[int] = Counter()
    for size in sizes:
        bytes_of[_column_of(size)] += size
    places: dict[int, int] = {}
    parts: list[bytes] = []
    at = 0
    for size, total in sorted(bytes_of.items()):
        places[size] = at
        part = data[at : at + total]
        parts.append(_untranspose(part, size) if size else part)
        at += total
    whole = b"".join(parts)
    payloads = []
    for size in sizes:
        column = _column_of(size)
        at = places[column]
        places[column] = at + size
        payloads.append(whole[at : at + size])
    return payloads


def _column_of(size: int) -> int:
    """Which payloads stand together: those of one size; 0 for all that are long."""
    return size if size <= _MAX_COLUMNS else 0


def _transpose(data: bytes, width: int) -> bytes:
    """All first bytes of pieces of that width, then all second ones, and so on."""
    return b"".join(data[column::width] for column in range(width))


def _untranspose(data: bytes, width: int) -> bytes:
    count = len(data) // width
    out = bytearray(len(data))
    for column in range(width):
        out[column::width] = data[column * count : (column + 1) * count]
    return bytes(out)
