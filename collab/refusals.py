"""Slows clients that are refused again and again: not all stock providers understand a no. Pure.

They connect anew at once, for ever. What is slow is the answer, not the refusal: a socket that
waits for it costs nothing, and keeps its client from opening another.
"""

from collections.abc import Hashable

WINDOW_SECONDS = 10.0
# Stock clients give a silent socket up after 30 s, and open another.
_MAX_DELAY_SECONDS = 20.0
# More clients than this are not kept in mind.
_MAX_CLIENTS = 10_000


class Refusals:
    """When each client was refused last."""

    def __init__(self) -> None:
        # The times of the last two refusals, the latest last.
        self._last: dict[Hashable, tuple[float, float]] = {}

    def delay_seconds(self, client: Hashable, *, now: float) -> float:
        """How long the next refusal is to wait, so that three make a window at least."""
        before_last, last = self._last.pop(client, (now - WINDOW_SECONDS, now - WINDOW_SECONDS))
        at = min(max(now, before_last + WINDOW_SECONDS), now + _MAX_DELAY_SECONDS)
        self._last[client] = (max(last, now - WINDOW_SECONDS), at)
        if len(self._last) > _MAX_CLIENTS:
            # The one that was refused the longest ago.
            del self._last[next(iter(self._last))]
        return at - now
