"""Finds a quoted text again whose own characters are gone: an undo writes them anew. Pure.

So does an editor that turns a paragraph into a heading, or takes back a cut.
"""

from collections.abc import Iterator

CONTEXT = 32
# So many places are looked at: a quote that is everywhere is nowhere.
_MAX_PLACES = 100


def find_again(
    text: str, *, quote: str, before: str, after: str, near: tuple[int, int] | None
) -> tuple[int, int] | None:
    """Where the quote stands now, in code points; None if that cannot be told for sure.

    It is where it touches `near`, the place that its positions have now; else at the only place
    where what stood before it or behind it (CONTEXT characters each) still does.
    """
    size = len(quote)
    if near is not None:
        for start in (near[1] - size, near[0]):
            if start >= 0 and text.startswith(quote, start):
                return start, start + size
        if near[0] < near[1]:
            # It is there, and says something else now.
            return None
    alike = [at for at in _places(text, quote) if _stands(text, at, size, before, after)]
    return (alike[0], alike[0] + size) if len(alike) == 1 else None


def _places(text: str, quote: str) -> Iterator[int]:
    at = text.find(quote)
    for _ in range(_MAX_PLACES):
        if at < 0:
            return
        yield at
        at = text.find(quote, at + 1)


def _stands(text: str, at: int, size: int, before: str, after: str) -> bool:
    has_before = text[max(at - CONTEXT, 0) : at] == before
    has_after = text[at + size : at + size + CONTEXT] == after
    # An empty side says nothing, unless the quote was all there was.
    if not before and not after:
        return has_before and has_after
    return (bool(before) and has_before) or (bool(after) and has_after)
