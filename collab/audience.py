"""The people in one room: their sessions, the roster over all processes, their cursors."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from collab import metrics
from collab.awareness import AwarenessStates, Heard
from collab.sessions import Session
from collab.wire.messages import (
    Awareness,
    AwarenessState,
    Changed,
    CloseCode,
    Directed,
    KeepAlive,
    Person,
    PresenceEntry,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    RoleChanged,
    Said,
    Stateless,
)
from documents.permissions import Role

# Clients renew their state every 15 s; one of another process that did not for this long is gone.
AWARENESS_EXPIRES_SECONDS = 45.0


class Audience:
    """Who is in the room, and how to tell them."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        # When the last session left, on the monotonic clock; None while there is one.
        self.empty_since: float | None = time.monotonic()
        # Connections of other processes.
        self._elsewhere: dict[str, PresenceEntry] = {}
        self._awareness = AwarenessStates()

    def __contains__(self, session: Session) -> bool:
        return session.connection in self.sessions

    def join(self, session: Session) -> None:
        """Add a session: it gets the roster, and everybody else hears of it."""
        self._tell(PresenceJoined(session.entry()))
        self.sessions[session.connection] = session
        if not session.is_stock:
            session.send(self.full_presence())
        self.empty_since = None
        metrics.SESSIONS.inc()

    def leave(self, session: Session) -> list[AwarenessState]:
        """Remove a session and its cursors; return what was told of them."""
        if self.sessions.pop(session.connection, None) is None:
            return []
        metrics.SESSIONS.dec()
        self._tell(PresenceLeft(session.connection))
        gone = self._awareness.leave(session.connection)
        self.tell_awareness(gone)
        if not self.sessions:
            self.empty_since = time.monotonic()
        return gone

    def close(self, code: CloseCode, reason: str) -> None:
        """Close every session."""
        for session in self.sessions.values():
            session.close(code, reason)
        metrics.SESSIONS.dec(len(self.sessions))
        self.sessions.clear()

    def roster(self) -> list[PresenceEntry]:
        """Everybody in the document, in every process."""
        here = [session.entry() for session in self.sessions.values()]
        return here + list(self._elsewhere.values())

    def full_presence(self) -> PresenceFull:
        """The roster, as a session is told it."""
        return PresenceFull(self.roster())

    def set_role(self, session: Session, role: Role) -> None:
        """The session may do more, or less, from now on; everybody hears of it."""
        session.role = role
        session.send(RoleChanged(role.slug))
        self._tell(PresenceJoined(session.entry()))

    def set_elsewhere(self, entries: Iterable[PresenceEntry]) -> None:
        """What the database says of the roster; of what is news in other processes all hear."""
        found = {
            entry.connection: entry for entry in entries if entry.connection not in self.sessions
        }
        for connection in self._elsewhere.keys() - found.keys():
            self._tell(PresenceLeft(connection))
            self.tell_awareness(self._awareness.leave(connection))
        for connection, entry in found.items():
            if self._elsewhere.get(connection) != entry:
                self._tell(PresenceJoined(entry))
        self._elsewhere = found

    def tell_change(
        self,
        message: Changed,
        *,
        before: Callable[[], Mapping[int, int]],
        apart_from: Session | None = None,
    ) -> None:
        """Send a change to all who asked for the state; `before`: the clocks without it."""
        for session in self.sessions.values():
            if session.synced and session is not apart_from:
                session.send_change(message, before=before)

    def hear_awareness(self, session: Session, states: Sequence[AwarenessState]) -> Heard:
        """What a session says of itself; it is told where its clock was raised."""
        heard = self._awareness.apply(
            states, connection=session.connection, person=session.person, now=time.monotonic()
        )
        if heard.raised:
            session.send(Awareness(heard.raised))
        return heard

    def raise_clocks(self, *, apart_from: str) -> list[tuple[Session, Sequence[AwarenessState]]]:
        """For one who returned: say anew who is here, so that they listen; return what was said."""
        said = []
        for connection, heard in self._awareness.raise_clocks(apart_from=apart_from).items():
            owner = self.sessions[connection]
            owner.send(Awareness(heard.raised))
            self.tell_awareness(heard.news, apart_from=owner)
            said.append((owner, heard.news))
        return said

    def hear_awareness_elsewhere(
        self, states: Sequence[AwarenessState], *, connection: str, person: Person, origin: str
    ) -> None:
        """What another process passed on."""
        now = time.monotonic()
        heard = self._awareness.apply(
            states, connection=connection, person=person, now=now, origin=origin
        )
        self.tell_awareness(heard.news)

    def expire_awareness(self) -> None:
        """Let go of cursors whose process fell silent."""
        before = time.monotonic() - AWARENESS_EXPIRES_SECONDS
        self.tell_awareness(self._awareness.expire(before=before))

    def tell_awareness(
        self, states: Sequence[AwarenessState], *, apart_from: Session | None = None
    ) -> None:
        """Send cursors to all who asked for the state; whoever told of them may need to hear it."""
        if not states:
            return
        message = Awareness(states)
        for session in self.sessions.values():
            if session.synced and (session is not apart_from or session.is_stock):
                session.send_awareness(message)

    def show_awareness(self, session: Session) -> None:
        """Send all cursors to one that has the state now."""
        if states := self._awareness.states():
            session.send_awareness(Awareness(states))

    def tell_stateless(self, message: Stateless, *, apart_from: Session | None = None) -> None:
        """Pass on what one says to the others, on the wire that has such a message."""
        for session in self.sessions.values():
            if session.hears_stateless and session is not apart_from:
                session.send_stateless(message)

    def tell_said(self, message: Said, *, apart_from: Session | None = None) -> None:
        """Tell what was said in the chat; who does not keep up finds it in the list."""
        for session in self.sessions.values():
            if not session.is_stock and session is not apart_from and not session.is_behind():
                session.send(message)

    def is_elsewhere(self, connection: str) -> bool:
        """Whether it is in the document, in another process."""
        return connection in self._elsewhere

    def hand_over(self, connection: str, message: Directed) -> bool:
        """Give it to one session here; False if there is none that could take it now."""
        session = self.sessions.get(connection)
        if session is None or session.is_stock or session.is_behind():
            return False
        session.send(message)
        return True

    def keep_alive(self, *, quiet_since: float) -> None:
        """Say something to those who have heard nothing since then, and would not bear it."""
        for session in self.sessions.values():
            if session.is_stock and session.told_at < quiet_since:
                session.send(KeepAlive())

    def witness_of(self, client: int, session: Session) -> Session | None:
        """Another person's session here that the client id belongs to."""
        owner = self.sessions.get(self._awareness.owner_of(client) or "")
        if owner is None or owner is session or not owner.may_edit:
            # Whoever may not write has nothing to confirm it with.
            return None
        same_user = owner.user_id is not None and owner.user_id == session.user_id
        return None if same_user else owner

    def person_of(self, user_id: int | None) -> Person | None:
        """Somebody who is here in this process, by user id."""
        if user_id is None:
            return None
        for session in self.sessions.values():
            if session.user_id == user_id:
                return session.person
        return None

    def change_access(
        self, roles: Mapping[int | None, Role | None], *, among: Iterable[Session] | None = None
    ) -> list[Session]:
        """Roles by user id (None: visitors), looked up anew; return whose role changed.

        `among`: the sessions that the look-up was for; all if None.
        """
        changed = []
        for session in list(self.sessions.values() if among is None else among):
            if session not in self or session.user_id not in roles:
                continue
            role = roles[session.user_id]
            if role is None:
                session.close(CloseCode.FORBIDDEN, "you may no longer read this document")
            elif role != session.role:
                self.set_role(session, role)
                changed.append(session)
        return changed

    def _tell(self, message: PresenceJoined | PresenceLeft) -> None:
        for session in self.sessions.values():
            session.send_presence(message)
