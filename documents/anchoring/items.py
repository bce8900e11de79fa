"""The items of a document in the order in which they stand, deleted ones included. Pure.

pycrdt's own sticky indices count UTF-8 bytes where Yjs counts UTF-16 units, panic behind an é,
and know no XML. So the state is read here as Yjs reads it: its items are put in order by the
rules of YATA (yjs `src/structs/Item.js`, `integrate`).
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from documents.comparison import Deletions, lies_within
from documents.errors import BadUpdate, MissingPredecessors

# Putting items in order costs the square of how many were written to one place at once: so many
# comparisons are made, which is a second or two, and more than people can bring about.
MAX_COMPARISONS = 2_000_000

_COLLECTED, _STRING, _TYPE, _SKIPPED = 0, 4, 7, 10
Id = tuple[int, int]


@dataclass(slots=True, eq=False)
class Container:
    """What items stand in: a root, or the shared type that an item is."""

    first: "Item | None" = None


@dataclass(slots=True, eq=False)
class Item:
    """A block of one client's that stands in one piece."""

    client: int
    clock: int
    ref: int
    # In clocks: UTF-16 units of a text.
    length: int = 1
    # The neighbours when it was written, as ids: the end of the left one, the start of the right.
    origin: Id | None = None
    right_origin: Id | None = None
    # Where it was written to if it had no neighbour: a root's name, or the id of a type's item.
    parent: str | Id | None = None
    # The value of a key, not part of a sequence.
    is_keyed: bool = False
    is_deleted: bool = False
    text: str = ""
    # Which shared type it is, and what stands in it.
    kind: int | None = None
    held: Container = field(default_factory=Container)
    container: Container | None = None
    left: "Item | None" = None
    right: "Item | None" = None
    # Characters before it and before its end, in the order of the document; -1: not part of it.
    before: int = -1
    after: int = -1

    @property
    def id(self) -> Id:
        """Of its first clock."""
        return self.client, self.clock


class Items(Deletions):
    """All items of a state, each in its place. `state` is a whole Doc as one Yjs v1 update.

    BadUpdate if they cannot be put in order, or not within MAX_COMPARISONS.
    """

    __slots__ = ("_clocks", "_comparisons", "_done", "_of_client", "_text", "roots")

    def __init__(self, state: bytes) -> None:
        super().__init__(state)
        self.roots: dict[str, Container] = {}
        self._text = ""
        self._comparisons = 0
        # Client id -> where its items begin, the items, and how many are in their places.
        self._clocks: dict[int, list[int]] = {}
        self._of_client: dict[int, list[Item]] = {}
        self._done: dict[int, int] = {}
        with suppress(MissingPredecessors):
            self.read({})
        deletions = self.joined()
        for client, items in self._of_client.items():
            gone = deletions.get(client)
            for item in items if gone else ():
                item.is_deleted = lies_within(gone or (), item.clock, item.clock + item.length)
            self._place_up_to(client, len(items) - 1)

    def find(self, place: Id) -> Item | None:
        """The item that has this clock; None if there is none, or it was collected."""
        client, clock = place
        index = bisect_right(self._clocks.get(client, ()), clock) - 1
        if index < 0:
            return None
        found = self._of_client[client][index]
        if clock >= found.clock + found.length or found.ref in (_COLLECTED, _SKIPPED):
            return None
        return found

    def reaches(self, place: Id) -> bool:
        """Whether this was ever written here, collected or not."""
        client, clock = place
        items = self._of_client.get(client)
        return items is not None and clock < items[-1].clock + items[-1].length

    def _struct(self, client: int, clock: int) -> int:
        info = self.data[self.at]
        item = Item(client, clock, info & 0x1F)
        self._clocks.setdefault(client, []).append(clock)
        self._of_client.setdefault(client, []).append(item)
        if info in (_COLLECTED, _SKIPPED):
            item.length = super()._struct(client, clock)
            return item.length
        self.at += 1
        if info & 0xC0:
            if info & 0x80:
                item.origin = (self.number(), self.number())
            if info & 0x40:
                item.right_origin = (self.number(), self.number())
        elif self.number():
            item.parent = self.chunk().decode()
        else:
            item.parent = (self.number(), self.number())
        if info & 0x20 and not info & 0xC0:
            self.chunk()
            item.is_keyed = True
        if item.ref == _TYPE:
            item.kind = self.data[self.at]
        item.length = self._content(item.ref, client, clock)
        if item.ref == _STRING:
            item.text = self._text
        return item.length

    def _string(self, client: int, clock: int) -> int:  # noqa: ARG002 (the reader's signature)
        """Keep the text; nothing is cut here, so no pairs need be known."""
        self._text = self.chunk().decode()
        return count_units(self._text)

    def _place_up_to(self, client: int, index: int) -> None:
        """Put a client's items in their places, and before each what it builds on."""
        waiting = [(client, index)]
        while waiting:
            client, index = waiting[-1]
            done = self._done.get(client, 0)
            if done > index:
                waiting.pop()
                continue
            item = self._of_client[client][done]
            missing = self._find_missing(item)
            if missing is not None:
                if any(missing[0] == other for other, _ in waiting):
                    raise BadUpdate("Items build on each other in a circle.")
                waiting.append(missing)
                continue
            if item.ref not in (_COLLECTED, _SKIPPED):
                self._place(item)
            self._done[client] = done + 1

    def _find_missing(self, item: Item) -> tuple[int, int] | None:
        for needed in (item.origin, item.right_origin, item.parent):
            if not isinstance(needed, tuple) or needed[0] == item.client:
                continue
            client, clock = needed
            index = bisect_right(self._clocks.get(client, ()), clock) - 1
            if index >= self._done.get(client, 0):
                return client, index
        return None

    def _place(self, item: Item) -> None:
        left: Item | Container | None = None if item.origin is None else self.find(item.origin)
        right = None if item.right_origin is None else self.find(item.right_origin)
        for neighbour in (left, right):
            if item.container is None and isinstance(neighbour, Item):
                item.container, item.is_keyed = neighbour.container, neighbour.is_keyed
        if isinstance(item.parent, str):
            item.container = self.roots.setdefault(item.parent, Container())
        elif item.parent is not None and (holder := self.find(item.parent)) is not None:
            item.container = holder.held
        if item.container is None or item.is_keyed:
            return
        left = self._settle(item, left or item.container, right)
        if isinstance(left, Container):
            item.right, left.first = left.first, item
        else:
            item.left, item.right, left.right = left, left.right, item
        if item.right is not None:
            item.right.left = item

    def _settle(self, item: Item, left: Item | Container, right: Item | None) -> Item | Container:
        """What the item stands behind, among those who were written to the same place."""
        other = left.first if isinstance(left, Container) else left.right
        conflicting: set[Item] = set()
        passed: set[Item] = set()
        while other is not None and other is not right:
            self._comparisons += 1
            if self._comparisons > MAX_COMPARISONS:
                raise BadUpdate("Too much was written to one place at once.")
            passed.add(other)
            conflicting.add(other)
            if item.origin == other.origin:
                if other.client < item.client:
                    left = other
                    conflicting.clear()
                elif item.right_origin == other.right_origin:
                    break
            elif other.origin is not None and (origin := self.find(other.origin)) in passed:
                if origin not in conflicting:
                    left = other
                    conflicting.clear()
            else:
                break
            other = other.right
        return left


def count_units(text: str) -> int:
    """How long JavaScript finds a text: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def walk(container: Container, *, is_open: frozenset[int]) -> Iterator[Item]:
    """The text items of a container and of the shared types in it, in order; sets where all are.

    `is_open` are the kinds of shared types that are gone into.
    """
    count = 0
    # Where to go on, and the item whose end that is.
    pending: list[tuple[Item | None, Item | None]] = [(container.first, None)]
    while pending:
        item, holder = pending.pop()
        while item is not None:
            item.before = item.after = count
            if item.is_deleted:
                item = item.right
                continue
            if item.ref == _STRING:
                count += len(item.text)
                item.after = count
                yield item
            elif item.kind in is_open:
                pending.append((item.right, holder))
                item, holder = item.held.first, item
                continue
            item = item.right
        if holder is not None:
            holder.after = count
