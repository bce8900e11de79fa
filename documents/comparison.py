"""Do two updates say the same where they overlap? Two clients with one id do not. Pure.

pycrdt takes a struct whose clock it knows for a duplicate, and drops it unread: if it was not
one, somebody's words would vanish behind an acknowledgement.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter

from documents.admission import Reader
from documents.encoding import MAX_CLOCK, encode_number
from documents.errors import MissingPredecessors
from documents.values import read_content

_DELETED, _STRING = 1, 4
# What JavaScript makes of a surrogate pair that was cut in two; it differs between peers.
_CUT_PAIRS = range(0xD800, 0xE000)
_REPLACEMENT = 0xFFFD
_UTF_16 = "utf-16-le" if sys.byteorder == "little" else "utf-16-be"
# A clock, and the UTF-16 code units from there on.
_Text = tuple[int, "memoryview[int]"]


@dataclass(frozen=True, slots=True)
class _Struct:
    ref: int
    length: int
    # The left neighbour at the time of writing, or else the right one, or else the parent: which
    # of them, and it as encoded.
    origin: tuple[int, bytes]
    content: bytes


class _Recorder(Reader):
    """Reads an update, and notes every struct that carries content."""

    __slots__ = ("_client", "_clock", "_flags", "_origin", "structs")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.structs: dict[tuple[int, int], _Struct] = {}
        self._client = self._clock = self._flags = 0
        self._origin = b""

    def _struct(self, client: int, clock: int) -> int:
        self._client, self._clock, self._origin = client, clock, b""
        self._flags = self.data[self.at] & 0xC0
        return super()._struct(client, clock)

    def _dependency(self, owner: int, own_clock: int, *, end: int = 0) -> tuple[int, int]:
        start = self.at
        found = super()._dependency(owner, own_clock, end=end)
        self._origin = self._origin or self.data[start : self.at]
        return found

    def _content(self, ref: int, client: int, clock: int) -> int:
        start = self.at
        length = super()._content(ref, client, clock)
        content = self.data[start : self.at]
        # Behind a left neighbour the right one says nothing more.
        origin = (0x80 if self._flags & 0x80 else self._flags, self._origin)
        self.structs[self._client, self._clock] = _Struct(ref, length, origin, content)
        return length


def contradicts(update: bytes, held: bytes, *, known: Mapping[int, int]) -> bool:
    """Whether a well-formed update differs from `held` at clocks below `known`.

    What was deleted meanwhile on either side cannot be compared, and passes.
    """
    return _contradict(_record(update), _record(held), known)


class Record:
    """What a well-formed update says, read once to be compared with many."""

    __slots__ = ("_by_client",)

    def __init__(self, update: bytes) -> None:
        # Client id -> its structs in the order of their clocks.
        self._by_client: dict[int, list[tuple[int, _Struct]]] = {}
        for (client, clock), struct in sorted(_record(update).items()):
            self._by_client.setdefault(client, []).append((clock, struct))

    @property
    def clients(self) -> Set[int]:
        """Under whose ids it says anything."""
        return self._by_client.keys()

    def disagrees(self, other: "Record") -> bool:
        """Whether the two differ at clocks that both speak of; deletions pass.

        Costs as much as they overlap, however much else they say.
        """
        for client in self.clients & other.clients:
            (start, end), (other_start, other_end) = self.span(client), other.span(client)
            start, end = max(start, other_start), min(end, other_end)
            if start < end and _contradict(
                self.between(client, start, end),
                other.between(client, start, end),
                {client: MAX_CLOCK},
            ):
                return True
        return False

    def span(self, client: int) -> tuple[int, int]:
        """The client's clocks from the first to behind the last."""
        structs = self._by_client[client]
        clock, struct = structs[-1]
        return structs[0][0], clock + struct.length

    def between(self, client: int, start: int, end: int) -> dict[tuple[int, int], _Struct]:
        """The client's structs that reach into these clocks."""
        structs = self._by_client[client]
        first = max(0, bisect_right(structs, start, key=itemgetter(0)) - 1)
        last = bisect_left(structs, end, key=itemgetter(0))
        return {(client, clock): struct for clock, struct in structs[first:last]}


def mentions(update: bytes, client: int) -> bool:
    """Whether an update may say anything under this client id; False is certain."""
    # The last byte aside: whoever wishes can write the number longer than it has to be.
    return encode_number(client)[:-1] in update


def _contradict(
    said: Mapping[tuple[int, int], _Struct],
    there: Mapping[tuple[int, int], _Struct],
    known: Mapping[int, int],
) -> bool:
    for (client, clock), struct in said.items():
        other = there.get((client, clock))
        if other is not None and _DELETED not in (struct.ref, other.ref):
            if struct.ref != other.ref or struct.origin != other.origin:
                return True
            if struct.length == other.length and not _same_content(struct, other):
                return True
    texts_there = _texts(there, known)
    return any(
        _differ(texts, texts_there[client])
        for client, texts in _texts(said, known).items()
        if client in texts_there
    )


def covers_deletions(held: bytes, update: bytes) -> bool:
    """Whether all that a well-formed update deletes is deleted in `held` too."""
    there = read_deletions(held)
    return all(
        lies_within(there.get(client, []), start, end)
        for client, ranges in read_deletions(update).items()
        for start, end in ranges
    )


def _same_content(struct: _Struct, other: _Struct) -> bool:
    """Of the same kind and length. Texts are compared as such."""
    if struct.ref == _STRING or struct.content == other.content:
        return True
    # One thing may be written in several ways.
    return [*read_content(struct.ref, struct.content)] == [*read_content(other.ref, other.content)]


class Deletions(Reader):
    """Reads an update, and notes what it deletes."""

    __slots__ = ("ranges",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        # Client id -> the clocks that are deleted, as (first, behind the last).
        self.ranges: dict[int, list[tuple[int, int]]] = {}

    def _delete_set(
        self, known: Mapping[int, int], reached: Mapping[int, int]
    ) -> tuple[bool, bool]:
        start = self.at
        found = super()._delete_set(known, reached)
        self.at = start
        for _ in range(self.number()):
            ranges = self.ranges.setdefault(self.number(), [])
            for _ in range(self.number()):
                clock = self.number()
                ranges.append((clock, clock + self.number()))
        return found

    def joined(self) -> dict[int, list[tuple[int, int]]]:
        """The same in as few ranges as can be, in order."""
        return {client: _joined(ranges) for client, ranges in self.ranges.items()}


def read_deletions(update: bytes) -> dict[int, list[tuple[int, int]]]:
    """What a well-formed update deletes: client id -> (first clock, behind the last), joined."""
    reader = Deletions(update)
    with suppress(MissingPredecessors):
        reader.read({})
    return reader.joined()


def lies_within(joined: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether these clocks are all in one of the joined ranges."""
    at = bisect_right(joined, start, key=itemgetter(0)) - 1
    return at >= 0 and end <= joined[at][1]


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same clocks in as few ranges as can be, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _record(update: bytes) -> dict[tuple[int, int], _Struct]:
    recorder = _Recorder(update)
    # Said at the end, when all is read: on nothing, most updates lack something.
    with suppress(MissingPredecessors):
        recorder.read({})
    return recorder.structs


def _texts(
    structs: Mapping[tuple[int, int], _Struct], known: Mapping[int, int]
) -> dict[int, list[_Text]]:
    """Client id -> what it wrote at known clocks, in their order."""
    texts: dict[int, list[_Text]] = {}
    for (client, clock), struct in sorted(structs.items()):
        length = min(struct.length, known.get(client, 0) - clock)
        if struct.ref == _STRING and length > 0:
            units = Reader(struct.content).chunk().decode().encode(_UTF_16)
            texts.setdefault(client, []).append((clock, memoryview(units).cast("H")[:length]))
    return texts


def _differ(said: Sequence[_Text], there: Sequence[_Text]) -> bool:
    """Whether two clients' texts, each in the order of their clocks, differ where both speak."""
    first = 0
    for clock, units in said:
        while first < len(there) and there[first][0] + len(there[first][1]) <= clock:
            first += 1
        for place in range(first, len(there)):
            other_clock, other_units = there[place]
            start = max(clock, other_clock)
            end = min(clock + len(units), other_clock + len(other_units))
            if start >= end:
                break
            ours = units[start - clock : end - clock]
            theirs = other_units[start - other_clock : end - other_clock]
            # Compared at once; unit by unit only to see whether it is cut pairs that differ.
            if bytes(ours) != bytes(theirs) and any(
                unit != other and not (_is_cut(unit) and _is_cut(other))
                for unit, other in zip(ours, theirs, strict=True)
            ):
                return True
    return False


def _is_cut(unit: int) -> bool:
    return unit == _REPLACEMENT or unit in _CUT_PAIRS
