"""Whoever is connected to this process: how many they may be, and for how long.

A session ends with what its client came with: with the log-out of its browser, its API token, the
time of its ticket, and its user. What is said over the layer makes that quick; a look at everybody
now and then makes it certain.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from collab import doors
from collab.options import Options
from collab.sessions import Session
from collab.wire.messages import CloseCode
from documents import bus
from documents.revocation import digest_of

T = TypeVar("T")

# So many session keys and tokens that are over are remembered, by digest.
_MAX_REMEMBERED = 1000


class Services(Protocol):
    """What the guard needs of its process."""

    async def read(self, work: Callable[[], T]) -> T:
        """Run a database call in a thread."""

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a task that ends with the process."""


@dataclass(slots=True)
class _Stay:
    address: str
    credentials: doors.Credentials
    # Of the session key or token.
    digest: str
    ends: asyncio.TimerHandle | None = None


class Guard:
    """Counts the sessions of a process, and ends those whose credentials end."""

    def __init__(self, services: Services, options: Options) -> None:
        self._services = services
        self._options = options
        self._stays: dict[Session, _Stay] = {}
        self._connections: Counter[str] = Counter()
        # A log-out is heard of before its session is deleted: who comes with it meanwhile is late.
        self._over: dict[str, None] = {}

    def check(self, credentials: doors.Credentials, *, user_id: int | None, address: str) -> None:
        """Whether somebody whom the doors let in may come; doors.Refused if not."""
        if _digest(credentials) in self._over:
            raise doors.Refused(CloseCode.NOT_AUTHENTICATED, doors.SIGNED_OUT)
        by_user = user_id is not None and (
            self._connections[f"user {user_id}"] >= self._options.connections_per_user
        )
        by_address = self._connections[f"address {address}"]
        if by_user or by_address >= self._options.connections_per_address:
            raise doors.Refused(CloseCode.TRY_AGAIN_LATER, "too many connections")

    def admit(
        self,
        session: Session,
        credentials: doors.Credentials,
        *,
        address: str,
        until: datetime | None = None,
    ) -> None:
        """A session is there; `until`: when it is to be closed."""
        self._connections.update(_places(session, address))
        stay = self._stays[session] = _Stay(address, credentials, _digest(credentials))
        if until is not None:
            stay.ends = asyncio.get_running_loop().call_later(
                (until - datetime.now(UTC)).total_seconds(),
                lambda: session.close(CloseCode.NOT_AUTHENTICATED, "the ticket has expired"),
            )

    def renew(self, session: Session, credentials: doors.Credentials) -> None:
        """The session goes on by other credentials."""
        if (stay := self._stays.get(session)) is not None:
            stay.credentials, stay.digest = credentials, _digest(credentials)

    def release(self, session: Session) -> None:
        """The session's socket is gone."""
        stay = self._stays.pop(session, None)
        if stay is None:
            return
        if stay.ends is not None:
            stay.ends.cancel()
        self._connections.subtract(places := _places(session, stay.address))
        for place in places:
            if not self._connections[place]:
                del self._connections[place]

    def close(self, code: CloseCode, reason: str) -> None:
        """Close every session."""
        for session in self._stays:
            session.close(code, reason)

    def hear(self, hint: bus.CredentialsHint) -> None:
        """Somebody signed out, or is to be looked at."""
        over, user_id = hint["over"], hint["user"]
        if over is not None:
            self._over[over] = None
            if len(self._over) > _MAX_REMEMBERED:
                del self._over[next(iter(self._over))]
            for session, stay in self._stays.items():
                if stay.digest == over:
                    session.close(CloseCode.FORBIDDEN, doors.SIGNED_OUT)
        if user_id is not None:
            self._services.spawn(self.recheck(user_id), name="look at a user")

    async def recheck(self, user_id: int | None = None) -> None:
        """Look at what everybody came with, or one user."""
        entered = {
            session: (session.user_id, stay.credentials)
            for session, stay in self._stays.items()
            if session.user_id is not None and user_id in (None, session.user_id)
        }
        if not entered:
            return
        over = await self._services.read(lambda: doors.find_over(set(entered.values())))
        for session, came in entered.items():
            stay = self._stays.get(session)
            # It may have brought a new token meanwhile.
            if stay is not None and stay.credentials == came[1] and came in over:
                session.close(over[came].code, over[came].reason)


def _digest(credentials: doors.Credentials) -> str:
    return digest_of(credentials.token or credentials.session_key or "")


def _places(session: Session, address: str) -> list[str]:
    by_user = [] if session.user_id is None else [f"user {session.user_id}"]
    return [*by_user, f"address {address}"]
