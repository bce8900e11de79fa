"""A room between its sessions, the journal and the log; the last two are imitated."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pycrdt import Doc, Text

from collab.live_doc import LiveDoc, Poisoned
from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessState,
    Changed,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    RoleChanged,
    Sync,
    SyncRequest,
)
from documents.marks import Mark
from documents.roles import Role
from tests.collab.scene import AFTER_A, OTHER_A, POISON, A, B, C, Client

# The way of a keystroke ----------------------------------------------------------------------


async def test_others_see_an_edit_at_once_and_its_author_is_told_after_the_commit(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A)
    assert bob.got(Changed, Ack) == [Changed(A, alice.session.person)]
    assert alice.got(Changed, Ack) == []
    await scene.commit()
    assert alice.got(Changed, Ack) == [Ack(cseq=1, seq=1, from_cseq=1)]
    assert bob.got(Changed, Ack) == []
    assert (scene.room.head, scene.services.log) == (1, [A])


async def test_nothing_is_published_before_the_commit(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    assert scene.services.published == []
    await scene.commit()
    (hint,) = scene.services.published
    assert (hint["type"], hint["last_seq"], hint["origin"]) == ("appended", 1, "this process")
    assert hint["rows"] == [(A, alice.session.user_id)]


async def test_nothing_is_published_where_nobody_else_is(scene):
    scene.services.is_shared = False
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    assert scene.services.published == []
    assert scene.room.head == 1


async def test_snapshot_is_thought_of_when_enough_was_logged(scene, monkeypatch):
    monkeypatch.setattr("collab.content.MIN_TAIL_BYTES", 2 * len(A))
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    assert scene.services.snapshots_due == 0
    await alice.write(B)
    await scene.commit()
    assert scene.services.snapshots_due == 1
    await alice.write(C)
    await scene.commit()
    assert scene.services.snapshots_due == 1


async def test_what_one_wrote_in_a_turn_is_one_frame_one_row_and_one_ack(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A, AFTER_A)
    assert len(bob.got(Changed)) == 1
    await scene.commit()
    assert alice.got(Ack) == [Ack(cseq=2, seq=1, from_cseq=1)]
    assert len(scene.services.log) == 1


async def test_what_several_wrote_in_a_turn_is_one_frame_and_a_row_each(scene):
    alice, bob, vera = [await scene.enter(name) for name in ("alice", "bob", "vera")]
    await alice.send(Edit(A, 1))
    await bob.write(B)
    for client in (alice, bob, vera):
        (change,) = client.got(Changed)
        assert change.user is None
        doc: Doc[Any] = Doc()
        doc.apply_update(change.update)
        assert sorted(str(doc.get("t", type=Text))) == ["a", "b"]
    await scene.commit()
    assert (alice.got(Ack), bob.got(Ack)) == ([Ack(1, 1, 1)], [Ack(1, 2, 1)])


async def test_who_has_not_asked_for_the_state_is_told_no_change(scene):
    alice = await scene.enter("alice")
    late = Client(scene, "bob", Role.EDITOR)
    scene.clients.append(late)
    scene.room.join(late.session)
    await alice.write(A)
    assert late.got(Changed) == []
    await late.sync()
    (answer,) = late.got(Sync)
    assert (answer.id, answer.seq, answer.state_vector) == (1, 0, b"\1\1\1")
    assert answer.update == A
    await alice.write(AFTER_A)
    assert len(late.got(Changed)) == 1


async def test_answer_to_a_sync_holds_what_was_sent_before_it(scene):
    alice = await scene.enter("alice")
    await alice.send(Edit(A, 1))
    await alice.sync(b"\1\1\1")
    (answer,) = alice.got(Sync)
    assert answer.state_vector == b"\1\1\1"


@pytest.mark.parametrize("state_vector", [b"\1", b"\1\1", b"\xff" * 12, b"\0\0"])
async def test_state_vector_that_is_none_is_a_bad_message_and_no_sync(scene, state_vector):
    alice = await scene.enter("alice")
    await alice.sync(state_vector)
    (error,) = alice.got(Error, Sync)
    assert (error.code, error.id) == (ErrorCode.BAD_MESSAGE, 1)
    await alice.write(A)
    assert len(scene.services.journal.waiting) == 1


# Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMMENTER])
async def test_viewer_is_refused_once_for_each_update_and_asked_for_nothing(scene, role):
    vera, bob = await scene.enter("vera", role), await scene.enter("bob")
    await vera.write(A, AFTER_A, bytes.fromhex("0101010901"), b"")
    await scene.commit()
    said = vera.got(Error, Ack, Sync)
    assert [(error.code, error.cseq) for error in said] == [
        (ErrorCode.READ_ONLY, cseq) for cseq in (1, 2, 3, 4)
    ]
    assert bob.got(Changed) == []
    assert scene.text() == ""


async def test_malformed_update_is_an_error_and_the_rest_of_the_run_is_kept(scene):
    alice = await scene.enter("alice")
    await alice.write(A, b"nonsense", AFTER_A)
    (error,) = alice.got(Error)
    assert (error.code, error.cseq) == (ErrorCode.BAD_UPDATE, 2)
    await scene.commit()
    assert alice.got(Ack) == [Ack(1, 1, 1), Ack(3, 2, 3)]
    assert scene.text() == "ab"


async def test_missing_predecessors_are_asked_for_and_not_acknowledged(scene):
    alice = await scene.enter("alice")
    await alice.write(AFTER_A)
    (asked,) = alice.got(Sync, Ack, Error)
    assert (asked.id, asked.update, asked.state_vector) == (None, b"\0\0", b"\0")
    await scene.commit()
    await alice.write(A, AFTER_A)
    await scene.commit()
    assert alice.got(Sync, Ack, Error) == [Ack(3, 1, 2)]


async def test_other_content_under_a_known_id_is_a_conflict(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A)
    await bob.write(OTHER_A)
    await scene.commit()
    (error,) = bob.got(Error, Ack)
    assert (error.code, error.cseq) == (ErrorCode.CONFLICT, 1)
    assert scene.text() == "a"


@pytest.mark.parametrize("duplicate", [A, b"\0\0"])
async def test_duplicate_is_acknowledged_only_after_what_was_before_it(scene, duplicate):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A)
    await bob.write(duplicate)
    assert bob.got(Ack, Sync) == []
    await scene.commit()
    assert bob.got(Ack) == [Ack(1, 1, 1)]
    assert scene.services.log == [A]
    assert alice.got(Changed) == []


async def test_duplicate_of_what_is_committed_is_acknowledged_at_once_with_the_head(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    alice.got()
    await alice.write(A)
    assert alice.got(Ack) == [Ack(2, 1, 2)]


async def test_edit_in_the_name_of_somebody_here_waits_for_their_word(scene):
    scene.services.options = replace(scene.services.options, confirm_seconds=10)
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.send(Awareness([AwarenessState(1, 0, {})]))
    await scene.turn()
    await bob.write(A)
    (asked,) = alice.got(Sync)
    assert asked.id is None
    assert (bob.got(Ack, Error), alice.got(Changed)) == ([], [])
    await alice.write(A)
    await scene.commit()
    assert (alice.got(Ack), bob.got(Ack, Error)) == ([Ack(1, 1, 1)], [Ack(1, 1, 1)])


async def test_edit_that_nobody_confirms_is_a_conflict(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.send(Awareness([AwarenessState(1, 0, {})]))
    await scene.turn()
    await bob.write(A)
    await alice.write(B)
    await bob.until_said(Error)
    (error,) = bob.got(Error, Ack)
    assert (error.code, error.cseq) == (ErrorCode.CONFLICT, 1)


async def test_edit_in_the_name_of_one_who_leaves_is_kept(scene):
    scene.services.options = replace(scene.services.options, confirm_seconds=10)
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.send(Awareness([AwarenessState(1, 0, {})]))
    await scene.turn()
    await bob.write(A)
    scene.room.leave(alice.session)
    await scene.turn()
    await scene.commit()
    assert bob.got(Error, Ack) == [Ack(1, 1, 1)]


# Poison --------------------------------------------------------------------------------------


async def test_poisoned_document_is_rebuilt_and_everybodys_edits_stay(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.send(Edit(A, 1))
    await bob.write(B, POISON, C)
    await scene.commit()
    (error,) = bob.got(Error)
    assert (error.code, error.cseq) == (ErrorCode.BAD_UPDATE, 2)
    assert sorted(scene.text()) == ["a", "b", "c"]
    assert scene.services.journal.flushed >= 1
    assert alice.got(Ack) == [Ack(1, 1, 1)]
    assert not scene.room.closed
    await alice.write(AFTER_A)
    await scene.commit()
    assert len(bob.got(Changed)) == 1
    assert len(scene.text()) == 4


async def test_poison_among_what_several_wrote_is_found_and_the_rest_kept(scene, monkeypatch):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    apply = LiveDoc._apply

    def fail_on_b(doc: LiveDoc, updates: Any) -> None:
        if B in updates:
            raise Poisoned("imagine")
        apply(doc, updates)

    monkeypatch.setattr(LiveDoc, "_apply", fail_on_b)
    await alice.send(Edit(A, 1))
    await bob.send(Edit(B, 1))
    await alice.send(Edit(AFTER_A, 2))
    await scene.turn()
    await scene.commit()
    assert scene.text() == "ab"
    assert [error.code for error in bob.got(Error)] == [ErrorCode.BAD_UPDATE]
    assert [ack.cseq for ack in alice.got(Ack)][-1] == 2


async def test_rows_of_other_processes_that_come_in_with_a_rebuild_are_told(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    scene.services.during_load = lambda: scene.services.log.append(C)
    await alice.write(POISON)
    (change,) = bob.got(Changed)
    assert change.update == C
    assert scene.room.head == len(scene.services.log)


async def test_hint_that_comes_during_a_rebuild_is_not_lost(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    loaded = asyncio.Event()

    def commit_elsewhere() -> None:
        if not loaded.is_set():
            loaded.set()
            asyncio.get_running_loop().call_soon(scene.services.log.append, C)
            asyncio.get_running_loop().call_soon(
                lambda: scene.room.hear_appended(last_seq=1, rows=[(C, None)])
            )

    scene.services.during_load = commit_elsewhere
    await alice.write(POISON)
    await scene.turn()
    assert (scene.text(), scene.room.head) == ("c", 1)
    assert len(bob.got(Changed)) == 1


# Other processes -----------------------------------------------------------------------------


async def test_hint_at_or_below_the_head_is_ignored(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    scene.room.hear_appended(last_seq=1, rows=[(B, None)])
    scene.room.hear_appended(last_seq=1, rows=[])
    await scene.turn()
    assert (scene.text(), scene.services.reads) == ("a", [])


async def test_next_row_is_applied_and_told_without_reading(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    scene.room.hear_appended(last_seq=1, rows=[(A, bob.session.user_id)])
    await scene.turn()
    assert alice.got(Changed) == bob.got(Changed) == [Changed(A, bob.session.person)]
    assert (scene.room.head, scene.services.reads) == (1, [])
    assert scene.services.journal.waiting == []


async def test_rows_that_overlap_the_head_are_applied_from_there_on(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    scene.room.hear_appended(last_seq=2, rows=[(A, None), (B, None)])
    await scene.turn()
    assert scene.room.head == 2
    assert [change.update for change in alice.got(Changed)] == [B]


@pytest.mark.parametrize("rows", [[], [(C, None)]], ids=["without rows", "beyond the next"])
async def test_gap_is_read_from_the_log(scene, rows):
    alice = await scene.enter("alice")
    scene.services.log.extend([A, B, C])
    scene.room.hear_appended(last_seq=3, rows=rows)
    await scene.turn()
    assert (scene.room.head, scene.services.reads) == (3, [0])
    assert sorted(scene.text()) == ["a", "b", "c"]
    assert len(alice.got(Changed)) == 1


async def test_own_commit_behind_somebody_elses_row_heals_the_gap(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    scene.services.log.append(B)
    await scene.commit()
    await scene.turn()
    assert alice.got(Ack) == [Ack(1, 2, 1)]
    assert (scene.room.head, scene.services.reads) == (2, [0])
    assert sorted(scene.text()) == ["a", "b"]


async def test_head_that_the_poll_finds_is_followed(scene):
    await scene.enter("alice")
    scene.services.log.append(A)
    scene.room.compare(scene.services.end(), own=scene.room.mark)
    await scene.turn()
    assert (scene.text(), scene.room.head) == ("a", 1)


async def test_room_ahead_of_the_database_is_thrown_away(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    scene.room.compare(Mark(0, 0), own=scene.room.mark)
    await scene.turn()
    assert scene.room.closed
    assert alice.closed is not None
    assert alice.closed.code == CloseCode.RESTARTING
    assert scene.services.forgotten == [scene.room.document_id]


async def test_room_that_grew_while_the_poll_looked_is_kept(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    before = scene.room.mark
    await scene.commit()
    scene.room.compare(before, own=before)
    assert not scene.room.closed


@pytest.mark.parametrize("how", ["hint", "gap", "own commit"])
async def test_room_of_a_log_that_was_set_back_and_has_grown_again_is_thrown_away(scene, how):
    """Unnoticed, because it is as long as before."""
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    scene.services.log[:] = [B]
    if how == "own commit":
        await alice.write(AFTER_A)
        await scene.commit()
    else:
        scene.services.log.append(C)
        rows = [(C, None)] if how == "hint" else []
        scene.room.hear_appended(last_seq=2, rows=rows)
        await scene.turn()
    assert scene.room.head == 2
    scene.room.compare(scene.services.end(), own=scene.room.mark)
    await scene.turn()
    assert alice.closed is not None
    assert alice.closed.code == CloseCode.RESTARTING


@pytest.mark.parametrize("how", ["hint", "gap", "own commit"])
async def test_room_knows_its_own_log_again_however_it_came_by_the_rows(scene, how):
    alice = await scene.enter("alice")
    await alice.write(A)
    await scene.commit()
    if how == "own commit":
        await alice.write(AFTER_A)
        await scene.commit()
    else:
        scene.services.log.append(C)
        rows = [(C, None)] if how == "hint" else []
        scene.room.hear_appended(last_seq=2, rows=rows)
        await scene.turn()
    assert scene.room.mark == scene.services.end()
    scene.room.compare(scene.services.end(), own=scene.room.mark)
    assert not scene.room.closed


# One client id in two processes --------------------------------------------------------------


async def test_journal_hears_of_the_rows_that_others_wrote(scene):
    await scene.enter("alice")
    scene.room.hear_appended(last_seq=1, rows=[(A, None)])
    scene.services.log.extend([A, B, C])
    scene.room.hear_appended(last_seq=3, rows=[])
    await scene.turn()
    assert scene.services.journal.heard == [A, B, C]


async def test_who_lost_against_another_process_is_refused_and_all_drop_what_they_saw(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A, AFTER_A)
    await bob.write(B)
    (_, lost), *_ = scene.services.journal.waiting
    scene.room._content.contested([lost])
    await scene.turn()
    assert [(error.code, error.cseq) for error in alice.got(Error)] == [
        (ErrorCode.CONFLICT, 1),
        (ErrorCode.CONFLICT, 2),
    ]
    assert not bob.got(Error, Ack)
    assert {client.closed.code for client in (alice, bob)} == {CloseCode.OTHER_EPOCH}
    assert scene.room.closed


# Backpressure --------------------------------------------------------------------------------


async def test_one_who_floods_the_room_has_few_messages_there_at_a_time(scene):
    scene.services.options = replace(scene.services.options, inbox_messages=1024)
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    flood = asyncio.create_task(flood_with(alice, 500))
    await asyncio.sleep(0)
    assert len(scene.room._inbox) == 64
    # Others have space all the same, and do not wait for the rest of it.
    assert not scene.room.has_space(alice.session)
    assert scene.room.has_space(bob.session)
    await bob.send(Edit(B, 1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert "b" in scene.text()
    assert not flood.done()
    await flood


async def flood_with(client: Client, count: int) -> None:
    for cseq in range(1, count + 1):
        await client.send(Edit(A, cseq))


async def test_whoever_waits_for_space_has_their_turn_before_those_who_come_later(scene):
    people = [await scene.enter(f"p{number}") for number in range(12)]
    handed_in: list[int] = []

    async def hand_in(number: int, count: int) -> None:
        for cseq in range(1, count + 1):
            await people[number].send(Edit(A, cseq))
            handed_in.append(number)

    # Four messages fit. The first person has many more, and always the next one at hand.
    await asyncio.gather(hand_in(0, 100), *(hand_in(number, 1) for number in range(1, 12)))
    assert handed_in[:4] == [0, 0, 0, 0]
    firsts = [handed_in.index(number) for number in range(1, 12)]
    assert firsts == sorted(firsts)
    # Each turn lets four in; the one who floods is one of them, once.
    assert max(firsts) < 30


async def test_who_vanishes_when_it_is_their_turn_leaves_it_to_the_next(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    for cseq in range(1, 5):
        await alice.send(Edit(A, cseq))
    vanishing = [asyncio.create_task(alice.send(Edit(A, cseq))) for cseq in range(5, 9)]
    patient = asyncio.create_task(bob.send(Edit(B, 1)))
    await asyncio.sleep(0)
    assert not patient.done()
    scene.room._make_space()
    for task in vanishing:
        task.cancel()
    await asyncio.gather(*vanishing, return_exceptions=True)
    scene.room._inbox.clear()
    await asyncio.wait_for(patient, timeout=5)


async def test_whoever_waits_for_space_in_a_room_that_is_closed_waits_no_longer(scene):
    alice = await scene.enter("alice")
    for cseq in range(1, 5):
        await alice.send(Edit(A, cseq))
    waiting = [asyncio.create_task(alice.send(Edit(A, cseq))) for cseq in range(5, 15)]
    await asyncio.sleep(0)
    scene.room.close(CloseCode.RESTARTING, "the server restarts")
    await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)


async def test_large_batch_lets_others_in_between(scene, monkeypatch):
    monkeypatch.setattr("collab.rooms._AT_ONCE", 2)
    scene.services.options = replace(scene.services.options, inbox_messages=100)
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    turns: list[int] = []

    async def count() -> None:
        while "c" not in scene.text():
            turns.append(len(scene.text()))
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    for update in (A, AFTER_A, B, C):
        await alice.send(Edit(update, len(turns) + 1))
    await bob.send(Edit(A, 1))
    await asyncio.wait_for(counting, timeout=5)
    assert 2 in turns


async def test_inbox_is_bounded_and_whoever_hands_in_more_waits(scene):
    alice = await scene.enter("alice")
    handed_in: list[int] = []

    async def hand_in() -> None:
        for cseq in range(1, 6):
            await alice.send(Edit(A, cseq))
            handed_in.append(len(scene.room._inbox))

    # None of them gives the room its turn before it has to wait.
    await asyncio.wait_for(hand_in(), timeout=1)
    assert handed_in == [1, 2, 3, 4, 1]
    await scene.turn()
    await scene.commit()
    assert alice.got(Ack)[-1].cseq == 5


async def test_closing_the_room_frees_whoever_waits_for_its_inbox(scene):
    alice = await scene.enter("alice")
    for cseq in range(1, 5):
        await alice.send(Edit(b"\0\0", cseq))
    waiting = asyncio.ensure_future(alice.send(Edit(A, 5)))
    scene.room.close(CloseCode.RESTARTING, "now")
    await asyncio.wait_for(waiting, timeout=1)


async def test_slow_reader_is_resynchronised_by_state_vector(scene):
    alice, slow = await scene.enter("alice"), await scene.enter("vera", Role.VIEWER, max_bytes=40)
    slow.may_take.clear()
    await alice.write(A)
    slow.session.send(PresenceLeft("x"))
    await scene.turn()
    for number in range(1, 8):
        await alice.write(bytes([1, 1, 1, number, 0x84, 1, number - 1, 1, 0x62, 0]))
    slow.may_take.set()
    await scene.turn()
    said = slow.got(Changed, Sync)
    assert [type(message) for message in said] == [Changed, Sync]
    assert said[1].id is None
    doc: Doc[Any] = Doc()
    for message in said:
        doc.apply_update(message.update)
    assert str(doc.get("t", type=Text)) == "abbbbbbb"


# People --------------------------------------------------------------------------------------


async def test_who_joins_gets_the_roster_and_the_others_hear_of_it(scene):
    alice = await scene.enter("alice", Role.OWNER)
    bob = Client(scene, "bob", Role.EDITOR)
    scene.clients.append(bob)
    scene.room.join(bob.session)
    await scene.turn()
    assert alice.got(PresenceJoined, PresenceFull) == [PresenceJoined(bob.session.entry())]
    assert bob.got(PresenceJoined, PresenceFull) == [
        PresenceFull([alice.session.entry(), bob.session.entry()])
    ]


async def test_who_leaves_takes_their_cursors_along(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await bob.send(Awareness([AwarenessState(7, 3, {"cursor": 1})]))
    await scene.turn()
    alice.got()
    scene.room.leave(bob.session)
    await scene.turn()
    assert alice.got(PresenceLeft, Awareness) == [
        PresenceLeft(bob.session.connection),
        Awareness([AwarenessState(7, 3, None)]),
    ]
    assert scene.services.published[-1]["states"] == [(7, 3, "null")]
    scene.room.leave(bob.session)
    assert alice.got(PresenceLeft) == []


async def test_name_of_a_cursor_is_the_signed_in_users(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await bob.send(Awareness([AwarenessState(7, 0, {"user": {"name": "Alice"}})]))
    await scene.turn()
    (heard,) = alice.got(Awareness)
    assert heard.states[0].state == {"user": {"username": "bob", "name": "Bob é😀"}}
    assert bob.got(Awareness) == []
    (hint,) = scene.services.published
    assert (hint["type"], hint["username"]) == ("awareness", "bob")


async def test_cursors_are_shown_to_who_asks_for_the_state(scene):
    bob = await scene.enter("bob")
    await bob.send(Awareness([AwarenessState(7, 0, {})]))
    await scene.turn()
    vera = Client(scene, "vera", Role.VIEWER)
    scene.clients.append(vera)
    scene.room.join(vera.session)
    await vera.sync()
    assert vera.got(Sync, Awareness)[1] == Awareness([AwarenessState(7, 0, {})])


async def test_role_may_change_while_connected(scene):
    bob = await scene.enter("bob")
    await bob.write(A)
    changed = scene.room.audience.change_access({bob.session.user_id: Role.VIEWER})
    await bob.write(AFTER_A)
    assert changed == [bob.session]
    said = bob.got(RoleChanged, Error)
    assert said[0] == RoleChanged("viewer")
    assert (said[1].code, said[1].cseq) == (ErrorCode.READ_ONLY, 2)
    scene.room.audience.change_access({bob.session.user_id: Role.EDITOR})
    await bob.write(AFTER_A)
    assert bob.got(RoleChanged, Error) == [RoleChanged("editor")]
    assert scene.text() == "ab"


async def test_what_somebody_wrote_before_they_left_is_kept(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await bob.send(Edit(A, 1))
    scene.room.leave(bob.session)
    await scene.turn()
    await scene.commit()
    assert scene.text() == "a"
    assert len(alice.got(Changed)) == 1
    assert len(scene.services.log) == 1


async def test_what_somebody_had_on_the_way_when_removed_does_not_count(scene):
    bob, alice = await scene.enter("bob"), await scene.enter("alice")
    bob.may_take.clear()
    bob.session.send(PresenceLeft("x"))
    await scene.turn()
    scene.room.audience.change_access({bob.session.user_id: None})
    await bob.write(A)
    assert (scene.text(), alice.got(Changed), scene.services.journal.waiting) == ("", [], [])
    bob.may_take.set()
    await scene.turn()
    assert bob.closed is not None
    assert bob.closed.code == CloseCode.FORBIDDEN


async def test_client_of_another_epoch_is_closed_and_what_it_sends_behind_does_not_count(scene):
    bob = await scene.enter("bob")
    await bob.send(SyncRequest(b"\0", id=9, epoch=2))
    await bob.write(A)
    assert bob.closed is not None
    assert bob.closed.code == CloseCode.OTHER_EPOCH
    assert (bob.got(Sync), scene.text()) == ([], "")


async def test_append_that_fails_for_good_closes_the_room_to_be_tried_again(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    room, _ = scene.services.journal.waiting[0]
    room.append_failed()
    await scene.turn()
    assert alice.closed is not None
    assert alice.closed.code == CloseCode.TRY_AGAIN_LATER
    assert (alice.got(Ack), scene.room.closed) == ([], True)


async def test_document_that_is_gone_closes_the_room(scene):
    alice = await scene.enter("alice")
    await alice.write(A)
    scene.services.journal.waiting[0][0].document_gone()
    await scene.turn()
    assert alice.closed is not None
    assert alice.closed.code == CloseCode.MISSING


async def test_room_is_idle_once_its_last_session_left(scene):
    assert scene.room.is_idle(for_seconds=0)
    alice = await scene.enter("alice")
    assert not scene.room.is_idle(for_seconds=0)
    scene.room.leave(alice.session)
    assert scene.room.is_idle(for_seconds=0)
    assert not scene.room.is_idle(for_seconds=60)


@pytest.mark.parametrize(
    ("hears_acks", "is_shared", "is_awaited"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
async def test_journal_is_told_whether_somebody_waits_for_a_commit(
    scene, hears_acks, is_shared, is_awaited
):
    bob = await scene.enter("bob")
    bob.session.hears_acks, scene.services.is_shared = hears_acks, is_shared
    await bob.write(A)
    await bob.write(AFTER_A)
    waiting = [append.is_awaited for _, append in scene.services.journal.waiting]
    assert waiting == [is_awaited, is_awaited]
