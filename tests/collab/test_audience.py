"""The people in one room, here and in other processes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collab import audience as audience_module
from collab.audience import AWARENESS_EXPIRES_SECONDS, Audience
from collab.outbox import Outbox
from collab.sessions import Session, Transport
from collab.wire.messages import (
    Awareness,
    AwarenessState,
    Changed,
    CloseCode,
    Person,
    PresenceEntry,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    RoleChanged,
    ServerMessage,
)
from documents.roles import Role

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(audience_module, "time", clock)
    return clock


@pytest.fixture
def audience(clock: Clock) -> Audience:
    return Audience()


def session_of(user_id: int | None, name: str = "Bob é😀", role: Role = Role.EDITOR) -> Session:
    async def unused(_message: Any) -> None:
        raise AssertionError("nobody writes here")

    return Session(
        user_id=user_id,
        person=Person(None if user_id is None else f"user{user_id}", name),
        role=role,
        transport=Transport(unused, unused),
        outbox=Outbox(max_bytes=1000),
        since=SINCE,
        stalled_seconds=1,
        synced=True,
    )


def joined(audience: Audience, *user_ids: int | None) -> list[Session]:
    sessions = [session_of(user_id) for user_id in user_ids]
    for session in sessions:
        audience.join(session)
    for session in sessions:
        heard(session)
    return sessions


def heard(session: Session) -> list[ServerMessage]:
    def resync(_since: bytes) -> Any:
        raise AssertionError("nothing was dropped")

    def full() -> Any:
        raise AssertionError("no presence was dropped")

    return session.outbox.take(resync, full)


def far(connection: str, role: str = "editor") -> PresenceEntry:
    return PresenceEntry(connection, Person("vera", "Vera"), role, "2026-01-02T03:04:05Z")


def test_entry_says_who_and_what_and_since_when():
    session = session_of(1)
    assert session.entry() == PresenceEntry(
        session.connection, Person("user1", "Bob é😀"), "editor", "2026-01-02T03:04:05Z"
    )


def test_one_who_joins_gets_everybody_and_is_told_to_the_others_once(audience):
    (first,) = joined(audience, 1)
    audience.set_elsewhere([far("x")])
    heard(first)
    second = session_of(2)
    audience.join(second)
    assert heard(first) == [PresenceJoined(second.entry())]
    assert heard(second) == [PresenceFull([first.entry(), second.entry(), far("x")])]


def test_one_who_leaves_is_told_once(audience):
    first, second = joined(audience, 1, 2)
    audience.leave(second)
    audience.leave(second)
    assert heard(first) == [PresenceLeft(second.connection)]
    assert heard(second) == []
    assert second not in audience


def test_audience_knows_since_when_it_is_empty(audience, clock):
    assert audience.empty_since == 1000
    first, second = joined(audience, 1, 2)
    assert audience.empty_since is None
    audience.leave(first)
    assert audience.empty_since is None
    clock.now = 1234
    audience.leave(second)
    assert audience.empty_since == 1234


def test_of_other_processes_only_news_is_told(audience):
    (session,) = joined(audience, 1)
    audience.set_elsewhere([far("x"), far("y")])
    assert heard(session) == [PresenceJoined(far("x")), PresenceJoined(far("y"))]
    audience.set_elsewhere([far("x"), far("y", "viewer")])
    assert heard(session) == [PresenceJoined(far("y", "viewer"))]
    audience.set_elsewhere([far("y", "viewer")])
    assert heard(session) == [PresenceLeft("x")]


def test_session_of_this_process_is_not_elsewhere(audience):
    (session,) = joined(audience, 1)
    audience.set_elsewhere([session.entry()])
    assert heard(session) == []
    assert audience.roster() == [session.entry()]


def test_cursors_leave_with_the_process_that_took_them_along(audience):
    (session,) = joined(audience, 1)
    audience.set_elsewhere([far("x")])
    audience.hear_awareness_elsewhere(
        [AwarenessState(9, 4, {})], connection="x", person=Person("vera", "Vera"), origin="p2"
    )
    heard(session)
    audience.set_elsewhere([])
    assert heard(session) == [PresenceLeft("x"), Awareness([AwarenessState(9, 4, None)])]


def test_cursor_of_a_silent_process_expires(audience, clock):
    (session,) = joined(audience, 1)
    audience.hear_awareness(session, [AwarenessState(1, 0, {})])
    audience.hear_awareness_elsewhere(
        [AwarenessState(9, 4, {})], connection="x", person=Person("vera", "Vera"), origin="p2"
    )
    heard(session)
    clock.now += AWARENESS_EXPIRES_SECONDS
    audience.expire_awareness()
    assert heard(session) == []
    clock.now += 1
    audience.expire_awareness()
    assert heard(session) == [Awareness([AwarenessState(9, 4, None)])]


def test_only_who_asked_for_the_state_is_told_changes_and_cursors(audience):
    first, second, author = joined(audience, 1, 2, 3)
    second.synced = False
    change = Changed(b"\0\0")
    audience.tell_change(change, before=dict, apart_from=author)
    audience.tell_awareness([AwarenessState(1, 0, {})], apart_from=author)
    assert heard(first) == [change, Awareness([AwarenessState(1, 0, {})])]
    assert heard(second) == heard(author) == []


def test_nothing_is_said_of_no_cursors(audience):
    (session,) = joined(audience, 1)
    audience.tell_awareness([])
    audience.show_awareness(session)
    assert heard(session) == []


def test_access_that_ended_closes_and_a_new_role_is_told_to_all(audience):
    gone, changed, same, guest = joined(audience, 1, 2, 3, None)
    roles = {1: None, 2: Role.VIEWER, 3: Role.EDITOR}
    assert audience.change_access(roles) == [changed]
    assert gone.closing is not None
    assert gone.closing.code == CloseCode.FORBIDDEN
    assert heard(changed) == [RoleChanged("viewer"), PresenceJoined(changed.entry())]
    assert heard(same) == heard(guest) == [PresenceJoined(changed.entry())]
    assert not changed.may_edit
    assert guest.closing is None


def test_visitors_lose_access_together(audience):
    member, *guests = joined(audience, 1, None, None)
    audience.change_access({None: None, 1: Role.EDITOR})
    assert [guest.closing is not None for guest in guests] == [True, True]
    assert member.closing is None


def test_closing_closes_everybody_with_the_same_word(audience):
    sessions = joined(audience, 1, 2)
    sessions[0].close(CloseCode.FORBIDDEN, "first")
    audience.close(CloseCode.RESTARTING, "later")
    assert [session.closing.code for session in sessions if session.closing] == [4403, 1012]
    assert audience.roster() == []


def test_person_is_found_by_user_id(audience):
    joined(audience, 1, None)
    assert audience.person_of(1) == Person("user1", "Bob é😀")
    assert audience.person_of(2) is None
    assert audience.person_of(None) is None


def test_witness_is_another_persons_session_that_owns_the_client_id(audience):
    alice, also_alice, bob, guest = joined(audience, 1, 1, 2, None)
    audience.hear_awareness(alice, [AwarenessState(7, 0, {})])
    audience.hear_awareness(guest, [AwarenessState(8, 0, {})])
    (other_guest,) = joined(audience, None)
    assert audience.witness_of(7, bob) is alice
    assert audience.witness_of(7, alice) is audience.witness_of(7, also_alice) is None
    assert audience.witness_of(8, other_guest) is guest
    assert audience.witness_of(9, bob) is None
