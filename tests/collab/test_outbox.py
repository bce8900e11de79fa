"""What waits for one client: merged, bounded, and in an order that makes sense."""

import pytest
from pycrdt import Text

from collab.live_doc import LiveDoc
from collab.outbox import Outbox
from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessState,
    Changed,
    Person,
    Pong,
    PresenceEntry,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    ServerMessage,
    Sync,
)

ALICE, BOB = Person("alice", "Alice"), Person("bob", "Bob é😀")
ENTRY = PresenceEntry("1", ALICE, "editor", "2026-01-01T00:00:00Z")

SYNC = Sync(b"\0\0", b"\0", 7)


def full_roster() -> PresenceFull:
    return PresenceFull([ENTRY])


def letter(number: int) -> bytes:
    """Client 1's letter of that number, on top of those before it."""
    place = bytes([0x04, 1, 1]) + b"t" if number == 0 else bytes([0x84, 1, number - 1])
    return bytes([1, 1, 1, number]) + place + b"\1" + bytes([ord("a") + number % 26, 0])


def take(outbox: Outbox) -> list[ServerMessage]:
    """Everything, where nothing was dropped."""

    def resync(_since: bytes) -> Sync:
        raise AssertionError("nothing was dropped")

    def full() -> PresenceFull:
        raise AssertionError("no presence was dropped")

    return outbox.take(resync, full)


def test_empty_outbox_gives_nothing():
    assert take(Outbox(max_bytes=100)) == []


def test_one_change_is_passed_on_as_the_very_object():
    outbox, change = Outbox(max_bytes=100), Changed(letter(0), ALICE)
    outbox.put_change(change, before=b"\0")
    assert take(outbox)[0] is change
    assert take(outbox) == []


def test_changes_that_wait_become_one_that_holds_them_all():
    outbox = Outbox(max_bytes=1000)
    for number in range(20):
        outbox.put_change(Changed(letter(number), BOB), before=b"\0")
    (change,) = take(outbox)
    assert isinstance(change, Changed)
    assert change.user == BOB
    doc = LiveDoc([change.update])
    assert str(doc._doc.get("t", type=Text)) == "abcdefghijklmnopqrst"


@pytest.mark.parametrize("second", [ALICE, None, Person(None, "Guest")])
def test_merged_change_of_several_people_names_nobody(second):
    outbox = Outbox(max_bytes=1000)
    outbox.put_change(Changed(letter(0), BOB), before=b"\0")
    outbox.put_change(Changed(letter(1), second), before=b"\0")
    (change,) = take(outbox)
    assert change.user is None


@pytest.mark.parametrize(("max_bytes", "count"), [(30, 4), (10**6, 201)])
def test_too_much_becomes_a_resynchronisation_from_before_the_first(max_bytes, count):
    outbox, asked = Outbox(max_bytes=max_bytes), []
    for number in range(count):
        outbox.put_change(Changed(letter(number)), before=bytes([number]))

    def resync(since: bytes) -> Sync:
        asked.append(since)
        return SYNC

    assert outbox.take(resync, full_roster) == [SYNC]
    assert asked == [b"\0"]
    assert take(outbox) == []


def test_as_much_as_is_allowed_is_not_dropped():
    outbox = Outbox(max_bytes=3 * len(letter(1)) + len(letter(0)))
    for number in range(4):
        outbox.put_change(Changed(letter(number)), before=b"\0")
    assert isinstance(take(outbox)[0], Changed)


def test_what_comes_after_the_drop_is_held_by_the_resynchronisation_and_costs_nothing():
    outbox = Outbox(max_bytes=20)
    for number in range(50):
        outbox.put_change(Changed(letter(number)), before=bytes([number]))
    assert outbox.take(lambda _: SYNC, full_roster) == [SYNC]
    outbox.put_change(Changed(letter(50)), before=b"\x33")
    assert take(outbox) == [Changed(letter(50))]


def test_one_change_that_is_larger_than_the_bound_is_sent():
    outbox, large = Outbox(max_bytes=10), Changed(b"x" * 100)
    outbox.put_change(large, before=b"\0")
    assert take(outbox) == [large]


def test_neighbouring_acknowledgements_of_one_row_become_one():
    outbox = Outbox(max_bytes=100)
    for cseq in (1, 2, 3):
        outbox.put_ack(Ack(cseq, 9, cseq))
    outbox.put_ack(Ack(6, 9, 4))
    assert take(outbox) == [Ack(cseq=6, seq=9, from_cseq=1)]


@pytest.mark.parametrize("second", [Ack(2, 10, 2), Ack(3, 9, 3), Ack(1, 9, 1)])
def test_acknowledgements_of_other_rows_or_with_a_gap_stay_two(second):
    outbox = Outbox(max_bytes=100)
    outbox.put_ack(Ack(1, 9, 1))
    outbox.put_ack(second)
    assert take(outbox) == [Ack(1, 9, 1), second]


def test_of_each_client_only_the_latest_state_is_sent():
    outbox = Outbox(max_bytes=100)
    first, second = AwarenessState(1, 1, {"é": 1}), AwarenessState(2, 1, {})
    latest = AwarenessState(1, 2, None)
    outbox.put_awareness(Awareness([first, second]))
    outbox.put_awareness(Awareness([latest]))
    assert take(outbox) == [Awareness([latest, second])]
    assert take(outbox) == []


def test_acknowledgement_comes_after_the_changes_it_may_follow_from():
    outbox = Outbox(max_bytes=100)
    outbox.put_ack(Ack(1, 1, 1))
    outbox.put_awareness(Awareness([AwarenessState(1, 1, {})]))
    outbox.put_change(Changed(letter(0)), before=b"\0")
    outbox.put(Pong(1))
    assert [type(message) for message in take(outbox)] == [Pong, Changed, Awareness, Ack]


def test_only_what_is_neither_merged_nor_dropped_counts():
    outbox = Outbox(max_bytes=100)
    outbox.put_change(Changed(letter(0)), before=b"\0")
    outbox.put_awareness(Awareness([AwarenessState(1, 1, {})]))
    assert len(outbox) == 0
    outbox.put(Pong(1))
    outbox.put_ack(Ack(1, 1, 1))
    assert len(outbox) == 2
    take(outbox)
    assert len(outbox) == 0


def test_comings_and_goings_are_told_one_by_one():
    outbox = Outbox(max_bytes=100)
    outbox.put_presence(PresenceJoined(ENTRY))
    outbox.put_presence(PresenceLeft("1"))
    assert take(outbox) == [PresenceJoined(ENTRY), PresenceLeft("1")]
    assert take(outbox) == []


def test_too_many_comings_and_goings_become_the_roster_and_cost_nothing():
    outbox = Outbox(max_bytes=100)
    for _ in range(10_000):
        outbox.put_presence(PresenceJoined(ENTRY))
        outbox.put_presence(PresenceLeft("1"))
        assert len(outbox._presence) <= 200
    assert outbox.take(lambda _: SYNC, full_roster) == [full_roster()]
    outbox.put_presence(PresenceLeft("1"))
    assert take(outbox) == [PresenceLeft("1")]
