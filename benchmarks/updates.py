"""Yjs updates of one character each, made by hand, and the reader of what servers make of them.

A client types at the end of what it typed itself: its first struct names the root, every other
one its own predecessor as origin. What a server sends is read for one thing only, which clocks
of which client it holds, so that a merged frame counts as the updates that are in it.

The format is Yjs's update v1: yjs `src/utils/encoding.js`, `src/structs/Item.js`.
"""

from collections.abc import Iterator

ROOT = "content"
# Client id -> the clocks it brings, as (from, to) with `to` excluded.
Clocks = list[tuple[int, int, int]]

ALPHABET = 26

_A = ord("a")
_ORIGIN, _RIGHT_ORIGIN, _PARENT_SUB = 0x80, 0x40, 0x20
_GC, _DELETED, _STRING, _SKIP = 0, 1, 4, 10


class UpdateError(Exception):
    """An update holds what no client of a benchmark has written."""


def write_number(number: int) -> bytes:
    """LEB128, unsigned."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def write_bytes(content: bytes) -> bytes:
    """A length, and the bytes."""
    return write_number(len(content)) + content


# The parent by name, in place of an origin.
_FIRST_PLACE = bytes((_STRING, 1)) + write_bytes(ROOT.encode())


def character(clock: int) -> str:
    """What a client types at that clock: the alphabet, again and again."""
    return chr(_A + clock % ALPHABET)


def type_characters(client: int, start: int, count: int) -> list[bytes]:
    """`count` updates, from the clock `start`, of one character each."""
    author = write_number(client)
    # One client, one struct; an origin on the left; the parent follows from it.
    head, origin = b"\x01\x01" + author, bytes((_ORIGIN | _STRING,)) + author
    updates = []
    for clock in range(start, start + count):
        place = origin + write_number(clock - 1) if clock else _FIRST_PLACE
        updates.append(
            head + write_number(clock) + place + b"\x01" + character(clock).encode() + b"\x00"
        )
    return updates


def paste_characters(client: int, start: int, count: int) -> bytes:
    """The same characters as one update."""
    author = write_number(client)
    origin = bytes((_ORIGIN | _STRING,)) + author
    place = origin + write_number(start - 1) if start else _FIRST_PLACE
    text = "".join(character(clock) for clock in range(start, start + count))
    head = b"\x01\x01" + author + write_number(start)
    return head + place + write_bytes(text.encode()) + b"\x00"


def state_vector(clocks: dict[int, int]) -> bytes:
    """What somebody has who has everything below these clocks."""
    return write_number(len(clocks)) + b"".join(
        write_number(client) + write_number(clock) for client, clock in clocks.items()
    )


class _Reader:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def bytes(self) -> "bytes":
        size = self.number()
        self.at += size
        return self.data[self.at - size : self.at]


def read_clocks(update: bytes) -> Clocks:
    """The clocks that an update brings: (client, from, to), `to` excluded."""
    reader = _Reader(update)
    return [found for _ in range(reader.number()) for found in _read_client(reader)]


def _read_client(reader: _Reader) -> Iterator[tuple[int, int, int]]:
    structs, client, start = reader.number(), reader.number(), reader.number()
    clock = start
    for _ in range(structs):
        info = reader.data[reader.at]
        reader.at += 1
        kind = info & 0x1F
        if kind == _SKIP:
            if clock > start:
                yield client, start, clock
            clock += reader.number()
            start = clock
            continue
        if kind != _GC:
            _skip_place(reader, info)
        clock += _read_length(reader, kind)
    yield client, start, clock


def _skip_place(reader: _Reader, info: int) -> None:
    for side in (_ORIGIN, _RIGHT_ORIGIN):
        if info & side:
            reader.number()
            reader.number()
    if not info & (_ORIGIN | _RIGHT_ORIGIN):
        if reader.number():
            reader.bytes()
        else:
            reader.number()
            reader.number()
        if info & _PARENT_SUB:
            reader.bytes()


def _read_length(reader: _Reader, kind: int) -> int:
    match kind:
        case 0 | 1:  # _GC, _DELETED
            return reader.number()
        case 4:  # _STRING
            # A clock is a UTF-16 unit.
            return len(reader.bytes().decode().encode("utf-16-le")) // 2
        case _:
            raise UpdateError(f"a struct of kind {kind} in {reader.data[:64].hex()}")
