"""Who is here and where their cursors are. Pure; never stored.

A client id belongs to the connection that first spoke for it, for as long as that is open. The
clocks are y-protocols': a state is news if its clock is higher, or, for leaving, not lower.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from collab.wire.messages import AwarenessState, Person

# More than this many client ids for one connection are somebody's mistake.
MAX_CLIENTS_PER_CONNECTION = 100


@dataclass(slots=True)
class _Entry:
    clock: int
    state: Any
    connection: str
    username: str | None
    # The process it is connected to; "" for this one.
    origin: str
    heard_at: float


class AwarenessStates:
    """The awareness of one document, over all processes."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}

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
    ) -> list[AwarenessState]:
        """Take over what a connection says of its own clients; return what is news.

        The user in a state is the one signed in, whatever the client claims.
        """
        news = []
        owned = sum(entry.connection == connection for entry in self._entries.values())
        for said in states:
            entry = self._entries.get(said.client)
            if entry is None:
                if owned >= MAX_CLIENTS_PER_CONNECTION or said.state is None:
                    continue
                owned += 1
            elif not _may_speak(entry, connection, person):
                continue
            elif said.clock < entry.clock or (said.clock == entry.clock and said.state is not None):
                entry.heard_at = now
                continue
            elif entry.connection != connection:
                if owned >= MAX_CLIENTS_PER_CONNECTION:
                    continue
                owned += 1
            state = AwarenessState(said.client, said.clock, _signed(said.state, person))
            self._entries[said.client] = _Entry(
                said.clock, state.state, connection, person.username, origin, now
            )
            news.append(state)
        return news

    def leave(self, connection: str) -> list[AwarenessState]:
        """Forget a connection's clients; return how to tell the others."""
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
            if entry.state is not None:
                left.append(AwarenessState(client, entry.clock, None))
        return left


def _may_speak(entry: _Entry, connection: str, person: Person) -> bool:
    if entry.connection == connection or entry.state is None:
        return True
    # One's own earlier connection, not yet known to be dead.
    return person.username is not None and entry.username == person.username


def _signed(state: Any, person: Person) -> Any:
    if isinstance(state, dict) and isinstance(state.get("user"), dict):
        signature = {"username": person.username, "name": person.name}
        return {**state, "user": {**state["user"], **signature}}
    return state
