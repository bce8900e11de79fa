"""Where characters beyond 16 bits stand: JavaScript counts two for them, and no one may cut them.

A bit for each clock, in pages, so that a text of nothing but emoji costs less than its bytes. Pure.
"""

from collections.abc import Iterator

_PAGE_BITS = 12
_PAGE_BYTES = 2**_PAGE_BITS // 8
_IN_PAGE = 2**_PAGE_BITS - 1


class Pairs:
    """The places, as (client, clock), of the second halves of surrogate pairs."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[tuple[int, int], bytearray] = {}

    def add(self, client: int, clock: int) -> None:
        """There is one here."""
        page = self._pages.get((client, clock >> _PAGE_BITS))
        if page is None:
            page = self._pages[client, clock >> _PAGE_BITS] = bytearray(_PAGE_BYTES)
        page[(clock & _IN_PAGE) >> 3] |= 1 << (clock & 7)

    def update(self, others: "Pairs") -> None:
        """Take over all of the others'."""
        for place, theirs in others._pages.items():  # noqa: SLF001 (of the same class)
            ours = self._pages.get(place)
            if ours is None:
                self._pages[place] = bytearray(theirs)
            else:
                both = int.from_bytes(ours) | int.from_bytes(theirs)
                ours[:] = both.to_bytes(_PAGE_BYTES)

    def __contains__(self, place: tuple[int, int]) -> bool:
        client, clock = place
        page = self._pages.get((client, clock >> _PAGE_BITS))
        return page is not None and bool(page[(clock & _IN_PAGE) >> 3] & 1 << (clock & 7))

    def __bool__(self) -> bool:
        return bool(self._pages)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for (client, page_number), page in self._pages.items():
            for at, byte in enumerate(page):
                for bit in range(8) if byte else ():
                    if byte & 1 << bit:
                        yield client, page_number << _PAGE_BITS | at << 3 | bit


NO_PAIRS = Pairs()
