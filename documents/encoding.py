"""lib0's encoding, as Yjs uses it: numbers, chunks, state vectors. Pure."""

from collections.abc import Mapping

from documents.errors import BadUpdate

# Yjs counts clocks in doubles, pycrdt in 32 bits.
MAX_CLOCK = 2**31 - 1
MAX_CLIENT = 2**53 - 1


class Cursor:
    """A place in bytes. IndexError means that they ended too early."""

    __slots__ = ("at", "data", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.at = 0

    def number(self) -> int:
        data, at = self.data, self.at
        byte = data[at]
        if byte < 0x80:
            self.at = at + 1
            return byte
        number, shift = byte & 0x7F, 7
        while True:
            at += 1
            byte = data[at]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at + 1
                return number
            shift += 7
            if shift > 63:
                raise BadUpdate("A number is longer than 64 bits.")

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > self.size:
            raise IndexError

    def chunk(self) -> bytes:
        size = self.number()
        start = self.at
        self.skip(size)
        return self.data[start : self.at]

    def expect_end(self) -> None:
        if self.at != self.size:
            raise BadUpdate(f"There are {self.size - self.at} bytes after the end.")


def decode_state_vector(state_vector: bytes) -> dict[int, int]:
    """Client id -> clock; BadUpdate if malformed."""
    reader = Cursor(state_vector)
    try:
        clocks = {}
        for _ in range(reader.number()):
            client = reader.number()
            clocks[client] = reader.number()
    except IndexError:
        raise BadUpdate("The state vector is cut off.") from None
    reader.expect_end()
    if any(client > MAX_CLIENT or clock > MAX_CLOCK for client, clock in clocks.items()):
        raise BadUpdate("The state vector has a client id or clock out of range.")
    return clocks


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The inverse of `decode_state_vector`."""
    out = bytearray(encode_number(len(clocks)))
    for client, clock in clocks.items():
        out += encode_number(client)
        out += encode_number(clock)
    return bytes(out)


def encode_number(number: int) -> bytes:
    """An unsigned LEB128 number."""
    if number <= 0x7F:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
