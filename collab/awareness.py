"""Who is here and where their cursors are. Pure; never stored.

A client id belongs to the connection that first spoke for it, for as long as that is open. The
clocks are y-protocols': a state is news if its clock is higher, or, for leaving, not lower.

By these rules nobody listens to a client that returns at the clock at which others saw it leave,
as stock providers do after a lost connection, and it does not listen to them. So its clock is
raised, here and, by telling it that it left, there: it answers that it is here still.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from collab.wire.messages import AwarenessState, Person

# More than this many client ids for one connection are somebody's mistake.
MAX_CLIENTS_PER_CONNECTION = 100
# Of so many that left, the last clock is kept.
_MAX_LEFT = 1000
# With more people than this nobody's clock is raised for one who returns: they renew theirs anyway.
_MAX_RAISED = 100


@dataclass(slots=True)
class _Entry:
    clock: int
    state: Any
    connection: str
    username: str | None
    # The process it is connected to; "" for this one.
    origin: str
    heard_at: float
    # The clock is ahead of what the client itself counted.
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a connection's word about its clients."""

    # To be told to everybody else.
    news: Sequence[AwarenessState]
    # To be told to the connection itself: leavings, which it answers by going on from their clock.
    raised: Sequence[AwarenessState] = ()


class AwarenessStates:
    """The awareness of one document, over all processes."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        # Client id -> the clock at which others saw it leave, and whose it was.
        self._left: dict[int, tuple[int, str | None]] = {}
        # The connections that have spoken.
        self._spoke: set[str] = set()

    def states(self) -> list[AwarenessState]:
        """Everybody who is here."""
        return [
            AwarenessState(client, entry.clock, entry.state)
            for client, entry in self._entries.items()
            if entry.state is not None
        ]

    def owner_of(self, client: int) -> str | None:
        """The connection here that the client id belongs to."""
        entry = self._entries.get(client)
        return None if entry is None or entry.origin else entry.connection

    def apply(
        self,
        states: Iterable[AwarenessState],
        *,
        connection: str,
        person: Person,
        now: float,
        origin: str = "",
    ) -> Heard:
        """Take over what a connection says of its own clients.

        The user in a state is the one signed in, whatever the client claims.
        """
        news, raised = [], []
        owned = sum(entry.connection == connection for entry in self._entries.values())
        # Stock clients repeat what they hear of others: only the first word of a connection can
        # be about somebody who was here before.
        first_word = bool(origin) or connection not in self._spoke
        if not origin:
            self._spoke.add(connection)
        for said in states:
            entry = self._entries.get(said.client)
            is_new = entry is None or entry.connection != connection
            if entry is not None and not _may_speak(entry, connection, person, first_word):
                continue
            state = _signed(said.state, person)
            if is_new and entry is not None and state is None:
                # An echo of somebody's goodbye: it does not hand their client id over.
                continue
            clock = self._clock_of(said, state, person, may_return=is_new and first_word)
            if clock is None:
                if entry is not None:
                    entry.heard_at = now
                    if is_new and entry.state is not None and said.clock == entry.clock:
                        # It came back before its earlier connection was known to be dead.
                        entry.connection, entry.origin = connection, origin
                continue
            if is_new:
                if owned >= MAX_CLIENTS_PER_CONNECTION:
                    continue
                owned += 1
            self._left.pop(said.client, None)
            ahead = clock > said.clock
            if ahead:
                raised.append(AwarenessState(said.client, clock - 1, None))
            self._entries[said.client] = _Entry(
                clock, state, connection, person.username, origin, now, ahead
            )
            news.append(AwarenessState(said.client, clock, state))
        return Heard(news, raised)

    def _clock_of(
        self, said: AwarenessState, state: Any, person: Person, *, may_return: bool
    ) -> int | None:
        """The clock at which it is news; None if it is none."""
        entry = self._entries.get(said.client)
        if entry is None:
            left = self._left.get(said.client)
            if left is None or state is None:
                return None if state is None else said.clock
            is_back = may_return and left[1] == person.username
            return max(said.clock, left[0] + 1) if is_back else None
        if entry.state is None and may_return and entry.username == person.username:
            # It said goodbye on a connection that is not yet known to be closed, and is back.
            return None if state is None else max(said.clock, entry.clock + 1)
        if said.clock == entry.clock and entry.raised and state not in (None, entry.state):
            # It moved on before it heard that its clock was raised.
            return said.clock + 1
        if said.clock < entry.clock or (said.clock == entry.clock and state is not None):
            return None
        return said.clock

    def raise_clocks(self, *, apart_from: str) -> dict[str, Heard]:
        """Raise everybody's clock, so that one who returned can see them; by connection here."""
        here = {
            client: entry
            for client, entry in self._entries.items()
            if entry.state is not None and not entry.origin and entry.connection != apart_from
        }
        if len(here) > _MAX_RAISED:
            return {}
        news: dict[str, list[AwarenessState]] = {}
        raised: dict[str, list[AwarenessState]] = {}
        for client, entry in here.items():
            left = AwarenessState(client, entry.clock, None)
            raised.setdefault(entry.connection, []).append(left)
            entry.clock += 1
            entry.raised = True
            state = AwarenessState(client, entry.clock, entry.state)
            news.setdefault(entry.connection, []).append(state)
        return {connection: Heard(news[connection], raised[connection]) for connection in news}

    def leave(self, connection: str) -> list[AwarenessState]:
        """Forget a connection's clients; return how to tell the others."""
        self._spoke.discard(connection)
        return self._remove(
            [client for client, entry in self._entries.items() if entry.connection == connection]
        )

    def expire(self, *, before: float) -> list[AwarenessState]:
        """Forget other processes' clients that were not heard of since `before`."""
        return self._remove(
            [
                client
                for client, entry in self._entries.items()
                if entry.origin and entry.heard_at < before
            ]
        )

    def _remove(self, clients: Sequence[int]) -> list[AwarenessState]:
        left = []
        for client in clients:
            entry = self._entries.pop(client)
            self._left[client] = (entry.clock, entry.username)
            if len(self._left) > _MAX_LEFT:
                del self._left[next(iter(self._left))]
            if entry.state is not None:
                left.append(AwarenessState(client, entry.clock, None))
        return left


def _may_speak(entry: _Entry, connection: str, person: Person, first_word: bool) -> bool:  # noqa: FBT001
    if entry.connection == connection or entry.state is None:
        return True
    # One's own earlier connection, not yet known to be dead.
    return first_word and person.username is not None and entry.username == person.username


def _signed(state: Any, person: Person) -> Any:
    """The state with its user's name as it is known here; editors keep it in one of three ways."""
    if not isinstance(state, dict):
        return state
    match state.get("user"):
        case dict() as user:
            signed = {**user, "username": person.username, "name": person.name}
            return {**state, "user": signed}
        case str():
            return {**state, "user": person.name}
    if isinstance(state.get("name"), str):
        # Lexical's.
        return {**state, "name": person.name}
    return state
