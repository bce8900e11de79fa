"""Edits that take long to read: looked at in another thread, while everything else goes on."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from collab import live_doc
from collab.wire.messages import Ack, Changed, Edit, Error, ErrorCode
from documents.roles import Role
from tests.collab.scene import AFTER_A, DELETE_A, OTHER_A, A, B


class Reading:
    """The gate, held open or shut; every edit counts as large."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.aside = 0
        self._admit = live_doc.admit

    def __call__(self, *arguments: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            self.aside += 1
            self.begun.set()
            assert self.may_end.wait(10)
        return self._admit(*arguments)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    reading = Reading()
    monkeypatch.setattr("collab.live_doc.admit", reading)
    monkeypatch.setattr("collab.writing._LARGE_BYTES", 4)
    yield reading
    reading.may_end.set()


async def test_large_edits_are_told_and_acknowledged_like_others(scene, reading):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    await alice.write(A, AFTER_A, DELETE_A)
    assert len(bob.got(Changed)) == 3
    await scene.commit()
    assert [ack.cseq for ack in alice.got(Ack)][-1] == 3
    assert (scene.text(), reading.aside) == ("b", 3)


@pytest.mark.parametrize("bad", [OTHER_A, b"\xff" * 9])
async def test_large_edit_that_is_refused_leaves_no_trace(scene, reading, bad):
    alice = await scene.enter("alice")
    await alice.write(A, bad, B)
    (error,) = alice.got(Error)
    assert (error.code in {ErrorCode.CONFLICT, ErrorCode.BAD_UPDATE}, error.cseq) == (True, 2)
    await scene.commit()
    assert len(scene.services.log) == 2


async def test_rows_of_others_that_come_while_it_is_read_are_not_forgotten(scene, reading):
    alice, bob = await scene.enter("alice"), await scene.enter("bob")
    reading.may_end.clear()
    # It builds on what is on its way from another process.
    await alice.send(Edit(AFTER_A, 1))
    while not reading.begun.is_set():
        await scene_breathes()
    scene.services.log.append(A)
    scene.room.hear_appended(last_seq=1, rows=[(A, None)])
    assert scene.text() == "a"
    reading.may_end.set()
    await scene.turn()
    assert scene.text() == "ab"
    assert not alice.got(Error)
    assert len(bob.got(Changed)) == 2


async def test_access_that_ends_while_it_is_read_counts(scene, reading):
    alice = await scene.enter("alice")
    reading.may_end.clear()
    await alice.send(Edit(A, 1))
    while not reading.begun.is_set():
        await scene_breathes()
    scene.room.audience.change_access({alice.session.user_id: Role.VIEWER})
    reading.may_end.set()
    await scene.turn()
    assert [error.code for error in alice.got(Error)] == [ErrorCode.READ_ONLY]
    assert scene.text() == ""


async def scene_breathes() -> None:
    """Let the loop turn: it does, although an edit is being read."""

    await asyncio.sleep(0.001)
