"""Looks at what stands in what inside one root of an encoded state, before pycrdt walks it.

Pure: bytes in, a refusal or nothing out. pycrdt turns maps and arrays into JSON recursively,
and waits for ever where a string stands in an array; only a forged update brings that about.
"""

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass

from documents.admission import Reader
from documents.errors import MissingPredecessors
from documents.export.errors import Unreadable
from documents.export.schema import MAX_DEPTH

_COLLECTED, _STRING, _TYPE, _SKIPPED = 0, 4, 7, 10
_ARRAY = 0


@dataclass(slots=True)
class _Item:
    ref: int
    # The neighbour that it was written next to: both are in the same container.
    neighbour: tuple[int, int] | None = None
    # What it was written into: the name of a root, or the id of a shared type's item.
    parent: str | tuple[int, int] | None = None
    # Which shared type it is, if it is one.
    kind: int | None = None
    # Filled in later; None also where it stands in what was collected.
    container: "str | _Item | None" = None
    is_placed: bool = False
    # Shared types only: the root it is in, and how many levels below.
    root: str | None = None
    depth: int = 0


def check_nesting(state: bytes, root: str) -> None:
    """Raise Unreadable if the root's shared types cannot be walked recursively.

    `state` is the whole of a Doc as one Yjs v1 update, as `documents.crdt.encode` gives it.
    Costs a few microseconds for each struct.
    """
    survey = _Survey(state)
    with suppress(MissingPredecessors):
        survey.read({})
    for item in survey.items:
        container = survey.place(item)
        if item.ref == _TYPE:
            survey.measure(item)
            if item.root == root and item.depth > MAX_DEPTH:
                raise Unreadable(
                    f"The root “{root}” is nested more than {MAX_DEPTH} levels; export it as yjs."
                )
        elif item.ref == _STRING and isinstance(container, _Item) and container.kind == _ARRAY:
            survey.measure(container)
            if container.root == root:
                raise Unreadable(
                    f"The root “{root}” has text in a list of values: export it as yjs."
                )


class _Survey(Reader):
    """Reads a state, and keeps of every item where it stands."""

    __slots__ = ("_clocks", "_of_client", "items")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.items: list[_Item] = []
        # Client id -> the clocks at which its items begin, and the items.
        self._clocks: dict[int, list[int]] = {}
        self._of_client: dict[int, list[_Item]] = {}

    def _struct(self, client: int, clock: int) -> int:
        info = self.data[self.at]
        item = _Item(info & 0x1F)
        self._clocks.setdefault(client, []).append(clock)
        self._of_client.setdefault(client, []).append(item)
        if info in (_COLLECTED, _SKIPPED):
            return super()._struct(client, clock)
        self.items.append(item)
        self.at += 1
        if info & 0xC0:
            for flag in (0x80, 0x40):
                if info & flag:
                    item.neighbour = (self.number(), self.number())
        elif self.number():
            item.parent = self.chunk().decode()
        else:
            item.parent = (self.number(), self.number())
        if info & 0x20 and not info & 0xC0:
            self.chunk()
        if item.ref == _TYPE:
            item.kind = self.data[self.at]
        return self._content(item.ref, client, clock)

    def _find(self, place: tuple[int, int]) -> _Item | None:
        client, clock = place
        index = bisect_right(self._clocks.get(client, ()), clock) - 1
        found = self._of_client[client][index] if index >= 0 else None
        return None if found is None or found.ref in (_COLLECTED, _SKIPPED) else found

    def place(self, item: _Item) -> "str | _Item | None":
        """What an item stands in: its neighbours' container, and theirs, to the first of all."""
        passed: list[_Item] = []
        current: _Item | None = item
        while current is not None and not current.is_placed:
            # Marked on the way, so that a circle ends.
            current.is_placed = True
            passed.append(current)
            if current.neighbour is not None:
                current = self._find(current.neighbour)
                continue
            parent = current.parent
            current.container = self._find(parent) if isinstance(parent, tuple) else parent
        container = None if current is None else current.container
        for one in passed:
            one.container = container
        return container

    def measure(self, item: _Item) -> None:
        """Fill in the root and the depth of a shared type."""
        passed: list[_Item] = []
        current: str | _Item | None = item
        while isinstance(current, _Item) and not current.depth:
            current.depth = 1
            passed.append(current)
            current = self.place(current)
        root, depth = (current.root, current.depth) if isinstance(current, _Item) else (current, 0)
        for one in reversed(passed):
            depth += 1
            one.root, one.depth = root, depth
