"""When the links of documents end: then whoever is there by them is looked at again."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime


class LinkEnds:
    """One timer for each document whose link ends."""

    def __init__(self, ended: Callable[[uuid.UUID], None]) -> None:
        """`ended` is told the document; what it finds out is expected here again."""
        self._ended = ended
        self._timers: dict[uuid.UUID, asyncio.TimerHandle] = {}

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._timers

    def expect(self, document_id: uuid.UUID, at: datetime | None) -> None:
        """The document's link was open when it was looked at, and ends then; None: it does not.

        Whoever looks a moment too early expects it again.
        """
        self.forget(document_id)
        if at is not None:
            seconds = (at - datetime.now(UTC)).total_seconds()
            self._timers[document_id] = asyncio.get_running_loop().call_later(
                max(seconds, 0), self._end, document_id
            )

    def _end(self, document_id: uuid.UUID) -> None:
        del self._timers[document_id]
        self._ended(document_id)

    def forget(self, document_id: uuid.UUID) -> None:
        """Nobody is there any more."""
        if (timer := self._timers.pop(document_id, None)) is not None:
            timer.cancel()
