"""Are two full states the same document? Pure.

The same document has many encodings: where its blocks are cut, in which order clients and the
keys of maps stand, and whether what was deleted left a tombstone or less depends on the way that
it was built. So states are compared block by block, joined as far as they can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents.admission import Reader
from documents.comparison import lies_within, read_deletions
from documents.values import read_content

_DELETED, _STRING, _ANY = 1, 4, 8


@dataclass(slots=True)
class _Run:
    """Blocks of one client that follow each other in its clocks and in the document."""

    start: int
    end: int
    ref: int
    # The left and the right neighbour at the time of writing, as (client, clock).
    left: tuple[int, int] | None
    right: tuple[int, int] | None
    # The parent and the key as encoded, where no neighbour says them.
    place: bytes
    # Text as bytes, values as they can be compared; nothing of what is deleted.
    content: list[Any]

    def joins(self, client: int, other: "_Run") -> bool:
        """Whether `other` goes on where this ends."""
        return (
            self.end == other.start
            and self.ref == other.ref
            and self.ref in (_DELETED, _STRING, _ANY)
            and other.left == (client, other.start)
            and self.right == other.right
        )

    def left_of(self, client: int, clock: int) -> tuple[int, int] | None:
        """The left neighbour of what this run has at that clock."""
        return self.left if clock == self.start else (client, clock)


@dataclass(frozen=True, slots=True)
class _State:
    clocks: Mapping[int, int]
    deletions: Mapping[int, Sequence[tuple[int, int]]]
    # Client id -> what is there, and the tombstones, each in the order of the clocks.
    live: Mapping[int, Sequence[_Run]]
    tombstones: Mapping[int, Sequence[_Run]]


def find_difference(state: bytes, other: bytes) -> str | None:
    """What differs first between two full states that the gate admits; None if nothing does."""
    if state == other:
        return None
    ours, theirs = _read(state), _read(other)
    for client in sorted(ours.clocks.keys() | theirs.clocks.keys()):
        have, has = ours.clocks.get(client, 0), theirs.clocks.get(client, 0)
        if have != has:
            return f"client {client} ends at clock {have} here, at {has} there"
        if ours.deletions.get(client) != theirs.deletions.get(client):
            return f"other parts of what client {client} wrote are deleted"
    for client in sorted(ours.clocks):
        at = _first_difference(ours.live.get(client, []), theirs.live.get(client, []))
        if at is None:
            at = _first_displaced(
                client, ours.tombstones.get(client, []), theirs.tombstones.get(client, [])
            )
        if at is not None:
            return f"what client {client} wrote at clock {at} differs"
    return None


def _first_difference(ours: Sequence[_Run], theirs: Sequence[_Run]) -> int | None:
    for ours_next, theirs_next in zip(ours, theirs, strict=False):
        if ours_next != theirs_next:
            return min(ours_next.start, theirs_next.start)
    if len(ours) == len(theirs):
        return None
    return [*ours, *theirs][min(len(ours), len(theirs))].start


def _first_displaced(client: int, ours: Sequence[_Run], theirs: Sequence[_Run]) -> int | None:
    """Where tombstones that both have stand at different places; others hang on to them."""
    first = 0
    for run in ours:
        while first < len(theirs) and theirs[first].end <= run.start:
            first += 1
        for place in range(first, len(theirs)):
            other = theirs[place]
            at = max(run.start, other.start)
            if at >= run.end:
                break
            if run.right != other.right or run.left_of(client, at) != other.left_of(client, at):
                return at
    return None


class _Structs(Reader):
    """Reads a full state, and notes every struct but those that say nothing."""

    __slots__ = ("_links", "_start", "structs")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.structs: dict[int, list[_Run]] = {}
        self._start = 0
        self._links: list[tuple[int, int]] = []

    def _struct(self, client: int, clock: int) -> int:
        self._start, self._links = self.at, []
        return super()._struct(client, clock)

    def _dependency(self, owner: int, own_clock: int, *, end: int = 0) -> tuple[int, int]:
        found = super()._dependency(owner, own_clock, end=end)
        self._links.append(found)
        return found

    def _content(self, ref: int, client: int, clock: int) -> int:
        start, info = self.at, self.data[self._start]
        length = super()._content(ref, client, clock)
        links = iter(self._links)
        self.structs.setdefault(client, []).append(
            _Run(
                start=clock,
                end=clock + length,
                ref=ref,
                left=next(links) if info & 0x80 else None,
                right=next(links) if info & 0x40 else None,
                place=b"" if info & 0xC0 else self.data[self._start + 1 : start],
                content=list(read_content(ref, self.data[start : self.at])),
            )
        )
        return length


def _read(state: bytes) -> _State:
    deletions = read_deletions(state)
    reader = _Structs(state)
    clocks = reader.read({}).ends
    live: dict[int, list[_Run]] = {}
    tombstones: dict[int, list[_Run]] = {}
    for client, structs in reader.structs.items():
        for struct in structs:
            deleted = lies_within(deletions.get(client, []), struct.start, struct.end)
            if deleted:
                struct.ref, struct.content = _DELETED, []
            runs = (tombstones if deleted else live).setdefault(client, [])
            if runs and runs[-1].joins(client, struct):
                runs[-1].end = struct.end
                runs[-1].content += struct.content
            else:
                runs.append(struct)
        for run in live.get(client, []):
            if run.ref == _STRING:
                run.content = [b"".join(run.content)]
    return _State(clocks, deletions, live, tombstones)
