"""What waits to be written to one client. Pure: merges what waits, and bounds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collab.live_doc import merge
from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessState,
    Changed,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    ServerMessage,
    Stateless,
    Sync,
)

# pycrdt's merge costs the square of their number: beyond, a resynchronisation is cheaper.
_MAX_MERGED = 200
# More comings and goings than this are told as the roster that came of them.
_MAX_PRESENCE = 200
_MAX_STATELESS = 1000


@dataclass(slots=True)
class _Waiting:
    messages: list[Changed]
    size: int
    # The document's clocks before the first of them.
    before: Mapping[int, int]


class Outbox:
    """Messages for one client, in an order that never shows it an effect before its cause."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._control: list[ServerMessage] = []
        self._changes: _Waiting | None = None
        self._dropped_since: Mapping[int, int] | None = None
        self._presence: list[ServerMessage] = []
        self._presence_dropped = False
        self._awareness: dict[int, AwarenessState] = {}
        self._acks: list[Ack] = []
        self._stateless: list[Stateless] = []
        self._stateless_size = 0

    def __len__(self) -> int:
        """How many messages wait that are neither merged nor dropped."""
        return len(self._control) + len(self._acks)

    def put(self, message: ServerMessage) -> None:
        """Anything that is neither merged nor dropped."""
        self._control.append(message)

    def put_presence(self, message: PresenceJoined | PresenceLeft) -> None:
        """Somebody came, went or changed role."""
        if self._presence_dropped:
            return
        self._presence.append(message)
        if len(self._presence) > _MAX_PRESENCE:
            self._presence = []
            self._presence_dropped = True

    def put_change(self, message: Changed, *, before: Mapping[int, int]) -> None:
        """A change by others; `before` is the document's clocks without it."""
        if self._dropped_since is not None:
            return
        waiting = self._changes
        if waiting is None:
            self._changes = _Waiting([message], len(message.update), before)
            return
        waiting.messages.append(message)
        waiting.size += len(message.update)
        if waiting.size > self._max_bytes or len(waiting.messages) > _MAX_MERGED:
            self._dropped_since = waiting.before
            self._changes = None

    def put_stateless(self, message: Stateless) -> bool:
        """What another client says; False if more waits than may."""
        self._stateless.append(message)
        self._stateless_size += len(message.payload)
        return self._stateless_size <= self._max_bytes and len(self._stateless) <= _MAX_STATELESS

    def put_ack(self, ack: Ack) -> None:
        """An acknowledgement; neighbours in one log row become one."""
        if self._acks:
            last = self._acks[-1]
            if last.seq == ack.seq and last.cseq + 1 == ack.from_cseq:
                self._acks[-1] = Ack(ack.cseq, ack.seq, last.from_cseq)
                return
        self._acks.append(ack)

    def put_awareness(self, message: Awareness) -> None:
        """Of each client only the latest state is of interest."""
        for state in message.states:
            self._awareness[state.client] = state

    def take(
        self, resync: Callable[[Mapping[int, int]], Sync], full: Callable[[], PresenceFull]
    ) -> list[ServerMessage]:
        """All that waits, merged; `resync` and `full` make good what was dropped.

        `resync` gives what the document gained since some clocks, `full` the roster.
        """
        taken, self._control = self._control, []
        taken += [full()] if self._presence_dropped else self._presence
        self._presence, self._presence_dropped = [], False
        if self._dropped_since is not None:
            taken.append(resync(self._dropped_since))
            self._dropped_since = None
        if self._changes is not None:
            taken.append(_merged(self._changes.messages))
            self._changes = None
        if self._awareness:
            taken.append(Awareness(list(self._awareness.values())))
            self._awareness = {}
        taken.extend(self._stateless)
        self._stateless, self._stateless_size = [], 0
        taken.extend(self._acks)
        self._acks = []
        return taken


def _merged(messages: list[Changed]) -> Changed:
    if len(messages) == 1:
        # The very object that others get too: it is encoded once for all of them.
        return messages[0]
    first = messages[0].user
    same = all(message.user == first for message in messages)
    return Changed(merge([message.update for message in messages]), first if same else None)
