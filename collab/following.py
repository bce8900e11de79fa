"""A room's place in its log: which rows it has, and how it gets those that it lacks."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from collab import metrics
from documents.marks import Mark

# (seq, Yjs v1 update, author's user id)
LoggedRow = tuple[int, bytes, int | None]


class Follower:
    """Keeps `mark` in step with the log. `apply` gets rows in order, each seq once."""

    def __init__(
        self,
        mark: Mark,
        *,
        read: Callable[[int], Awaitable[Sequence[LoggedRow]]],
        apply: Callable[[Sequence[LoggedRow]], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        # Every row of the log up to this one is in the document.
        self.mark = mark
        self._read = read
        self._apply = apply
        self._spawn = spawn
        # A head that somebody is known to have reached; ours must follow.
        self._known_head = mark.seq
        self._reading = False
        self._paused = False
        self._stopped = False

    @property
    def head(self) -> int:
        """The last of the rows that are in the document, with all before it."""
        return self.mark.seq

    def wrote(self, payloads: Sequence[bytes], *, last_seq: int) -> None:
        """Our own rows, which the document holds already, were committed up to `last_seq`."""
        if last_seq - len(payloads) == self.head:
            self.mark = self.mark.after(payloads)
        else:
            # Somebody else's lie between, which were not heard of yet.
            self.follow(last_seq)

    def hear(self, *, last_seq: int, rows: Sequence[tuple[bytes, int | None]]) -> None:
        """Somebody else's rows end at `last_seq`; without `rows` they are to be read."""
        first_seq = last_seq - len(rows) + 1
        if rows and first_seq <= self.head + 1 and not self._paused:
            self._take([(first_seq + offset, *row) for offset, row in enumerate(rows)])
        else:
            self.follow(last_seq)

    def follow(self, seq: int) -> None:
        """The log is known to reach `seq`: read what is missing."""
        self._known_head = max(self._known_head, seq)
        behind = self._known_head > self.head
        if behind and not (self._reading or self._paused or self._stopped):
            self._reading = True
            self._spawn(self._read_gap())

    def pause(self) -> None:
        """The document is being built anew: take nothing until `resume`."""
        self._paused = True

    def resume(self, mark: Mark) -> None:
        """The document holds the log up to there."""
        self.mark = mark
        self._paused = False
        self.follow(mark.seq)

    def stop(self) -> None:
        """The room is closed."""
        self._stopped = True

    async def _read_gap(self) -> None:
        try:
            while self._known_head > self.head and not self._stopped:
                rows = await self._read(self.head)
                if self._paused or not rows:
                    return
                metrics.HEALED_ROWS.inc(len(rows))
                self._take(rows)
        finally:
            self._reading = False

    def _take(self, rows: Sequence[LoggedRow]) -> None:
        news = [row for row in rows if row[0] > self.head]
        if news and not self._stopped:
            self._apply(news)
            self.mark = self.mark.after(payload for _, payload, _ in news)
