"""Edits in the name of somebody who is here: that person is asked before they are taken."""

from dataclasses import replace

import pytest

from collab.wire.messages import (
    Ack,
    Awareness,
    AwarenessState,
    Changed,
    CloseCode,
    Error,
    ErrorCode,
    Sync,
)
from documents.roles import Role
from tests.collab.scene import AFTER_A, A, B, C, Client, Scene

ALICES_CLIENT = 1


async def claim(client: Client, client_id: int) -> None:
    """Say that the Yjs client id is one's own."""
    await client.send(Awareness([AwarenessState(client_id, 1, {"user": {"name": "x"}})]))
    await client.scene.turn()


@pytest.fixture(autouse=True)
def patience(scene: Scene) -> None:
    """Nobody's confirmation is overdue before a test says so."""
    scene.services.options = replace(scene.services.options, confirm_seconds=1000)


async def test_who_is_here_is_asked_before_an_edit_in_their_name_is_taken(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    bob.said.clear()
    await bob.write(A)
    assert [answer.id for answer in alice.got(Sync)] == [None]
    assert scene.text() == ""
    assert bob.got(Ack, Error) == []


async def test_what_its_author_confirms_is_acknowledged_to_the_relay_too(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await bob.write(A)
    await alice.write(A)
    await scene.commit()
    assert scene.text() == "a"
    assert alice.got(Ack) == [Ack(1, 1, 1)]
    assert bob.got(Ack, Error) == [Ack(1, 1, 1)]
    assert len(scene.services.log) == 1


async def test_what_its_author_does_not_have_is_refused(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    scene.services.options = replace(scene.services.options, confirm_seconds=0)
    await bob.write(A)
    await bob.until_said(Error)
    (error,) = bob.got(Ack, Error)
    assert (error.code, error.cseq) == (ErrorCode.CONFLICT, 1)
    assert scene.text() == ""
    assert alice.got(Changed) == []


async def test_what_comes_behind_a_held_edit_is_taken_in_order_afterwards(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await bob.write(A)
    await bob.write(B)
    assert scene.text() == ""
    await alice.write(A)
    await scene.commit()
    assert sorted(scene.text()) == ["a", "b"]
    assert bob.got(Ack) == [Ack(cseq=2, seq=2, from_cseq=1)]


async def test_author_who_leaves_is_no_longer_waited_for(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await bob.write(A)
    scene.room.leave(alice.session)
    await scene.turn()
    await scene.commit()
    assert scene.text() == "a"
    assert bob.got(Ack, Error) == [Ack(1, 1, 1)]


async def test_edits_of_somebody_who_is_not_here_are_relayed_without_asking(scene):
    bob = await scene.enter("bob")
    await bob.write(A, AFTER_A)
    assert scene.text() == "ab"


async def test_two_sessions_of_one_user_may_speak_for_each_other(scene):
    first, second = await scene.enter("alice"), await scene.enter("alice")
    await claim(first, ALICES_CLIENT)
    await second.write(A)
    assert scene.text() == "a"


async def test_what_is_known_already_needs_no_witness(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await alice.write(A)
    await bob.write(A)
    assert alice.got(Sync) == []
    await scene.commit()
    assert bob.got(Ack) == [Ack(1, 1, 1)]


async def test_viewer_who_claims_a_client_id_holds_up_nobody(scene):
    alice, vera = await scene.enter("alice"), await scene.enter("vera", Role.VIEWER)
    await claim(vera, ALICES_CLIENT)
    alice.said.clear()
    await alice.write(A)
    await scene.commit()
    assert alice.got(Ack, Error) == [Ack(1, 1, 1)]
    assert vera.got(Sync) == []


async def test_what_is_held_next_is_not_cut_short_by_the_time_of_what_was_held_before(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await bob.write(A)
    (first,) = scene.room._writing._overdue.values()
    await alice.write(A)
    assert first.cancelled()
    await bob.write(AFTER_A)
    (second,) = scene.room._writing._overdue.values()
    assert not second.cancelled()
    scene.room.close(CloseCode.RESTARTING, "the test is over")
    assert second.cancelled()


async def test_other_words_of_the_author_do_not_count_as_an_answer(scene):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await claim(alice, ALICES_CLIENT)
    await bob.write(A)
    # On its way before she was asked.
    await alice.write(C)
    assert bob.got(Ack, Error) == []
    await alice.write(A)
    await scene.commit()
    assert bob.got(Ack, Error) == [Ack(1, 2, 1)]
