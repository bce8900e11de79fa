"""The hub: what it opens, checks and ends, whatever the tasks, the layer and the database do."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import OperationalError
from pycrdt import Doc, Text

from collab import hub as hub_module
from collab import journal as journal_module
from collab import live_doc as live_doc_module
from collab.hub import current_hub, drain_hub
from collab.wire.messages import CloseCode
from documents import crdt
from documents.log import NewUpdate, append_updates
from documents.models import Membership
from documents.roles import Role
from documents.snapshots import create_snapshot
from tests.collab.conftest import PATIENCE_SECONDS, in_thread

pytestmark = pytest.mark.django_db(transaction=True)


async def test_task_that_swallows_a_cancellation_does_not_hold_up_the_end(transactional_db):
    hub = await current_hub()
    began, cancelled = asyncio.Event(), 0

    async def swallow() -> None:
        nonlocal cancelled
        while cancelled < 2:
            began.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    hub.spawn(swallow(), name="swallows")
    await began.wait()
    await asyncio.wait_for(drain_hub(), PATIENCE_SECONDS)
    assert cancelled == 2


async def test_hub_of_a_loop_is_one_until_it_is_drained(transactional_db):
    first, second = await asyncio.gather(current_hub(), current_hub())
    assert first is second
    await drain_hub()
    third = await current_hub()
    assert third is not first
    await drain_hub()
    await drain_hub()


async def test_room_opens_after_what_an_earlier_one_handed_in_is_written(
    sockets, bob, text_document, monkeypatch
):
    first = await sockets.joined(bob, text_document)
    failed, works = asyncio.Event(), asyncio.Event()
    loop, write = asyncio.get_running_loop(), journal_module._write

    def fail_at_first(work: Any) -> Any:
        if work and not works.is_set():
            loop.call_soon_threadsafe(failed.set)
            raise OperationalError("database is locked")
        return write(work)

    monkeypatch.setattr(journal_module, "_write", fail_at_first)
    await first.type("kept é😀")
    await asyncio.wait_for(failed.wait(), PATIENCE_SECONDS)
    hub = await current_hub()
    room = await hub.enter(text_document.id)
    room.close(CloseCode.TRY_AGAIN_LATER, "thrown away")
    opening = asyncio.ensure_future(hub.enter(text_document.id))
    # The journal fails once more: by then a room that waits for nothing is open.
    failed.clear()
    await asyncio.wait_for(failed.wait(), PATIENCE_SECONDS)
    assert not opening.done()
    works.set()
    assert (await asyncio.wait_for(opening, PATIENCE_SECONDS)).head == 1
    second = await sockets.joined(bob, text_document)
    assert second.text == "kept é😀"


async def test_roles_that_were_read_earlier_do_not_undo_later_ones(
    sockets, bob, text_document, monkeypatch
):
    bobs = await sockets.joined(bob, text_document)
    hub = await current_hub()
    room = await hub.enter(text_document.id)
    membership = Membership.objects.filter(document=text_document, user=bob)
    read, may_return, has_read = hub.read, asyncio.Event(), asyncio.Event()

    async def read_and_wait(work: Any) -> Any:
        found = await read(work)
        has_read.set()
        await may_return.wait()
        return found

    monkeypatch.setattr(hub, "read", read_and_wait)
    earlier = asyncio.ensure_future(hub._recheck(room))
    await has_read.wait()
    monkeypatch.setattr(hub, "read", read)
    await in_thread(lambda: membership.update(role=Role.VIEWER))
    later = asyncio.ensure_future(hub._recheck(room))
    # Whatever the later one does without waiting for the earlier one is done by then.
    await read(lambda: None)
    await read(lambda: None)
    may_return.set()
    await asyncio.gather(earlier, later)
    assert (await bobs.receive("role"))["role"] == "viewer"
    assert [session.role for session in room.audience.sessions.values()] == [Role.VIEWER]


async def test_who_came_in_after_the_roles_were_read_is_not_judged_by_them(
    sockets, alice, bob, text_document, monkeypatch
):
    await sockets.joined(alice, text_document)
    bobs_first = await sockets.joined(bob, text_document)
    hub = await current_hub()
    room = await hub.enter(text_document.id)
    membership = Membership.objects.filter(document=text_document, user=bob)
    await in_thread(membership.delete)
    read = hub.read

    async def let_in_again_meanwhile(work: Any) -> Any:
        found = await read(work)
        monkeypatch.setattr(hub, "read", read)
        await in_thread(
            lambda: Membership.objects.create(document=text_document, user=bob, role=Role.EDITOR)
        )
        await bobs_second_ready()
        return found

    async def bobs_second_ready() -> None:
        seconds.append(await sockets.joined(bob, text_document))

    seconds: list[Any] = []
    monkeypatch.setattr(hub, "read", let_in_again_meanwhile)
    await hub._recheck(room)
    assert await bobs_first.close_code() == 4403
    cseq = await seconds[0].type("a")
    await seconds[0].acknowledged(cseq)


async def test_snapshot_holds_up_no_reader(sockets, text_document, monkeypatch):
    hub = await current_hub()
    may_end = threading.Event()
    monkeypatch.setattr(hub_module, "compact", lambda **_: may_end.wait(PATIENCE_SECONDS))
    try:
        for _ in range(3):
            hub.grown(text_document.id)
        assert await asyncio.wait_for(hub.read(lambda: "read"), PATIENCE_SECONDS / 2) == "read"
    finally:
        may_end.set()


async def test_storm_of_joins_costs_one_load_and_no_encoding(
    sockets, bob, text_document, monkeypatch
):
    await in_thread(lambda: _write_and_summarise(text_document))
    hub, loads, encodings = await current_hub(), [], []
    load, encode = hub_module.records.load, live_doc_module.encode

    def count_load(document_id: Any) -> Any:
        loads.append(document_id)
        return load(document_id)

    def count_encoding(doc: Any, **arguments: Any) -> bytes:
        encodings.append(doc)
        return encode(doc, **arguments)

    monkeypatch.setattr(hub_module.records, "load", count_load)
    monkeypatch.setattr(live_doc_module, "encode", count_encoding)
    rooms = await asyncio.gather(*(hub.enter(text_document.id) for _ in range(500)))
    assert len(set(map(id, rooms))) == 1
    joined = [await sockets.joined(bob, text_document) for _ in range(5)]
    assert [socket.text for socket in joined] == ["é😀" * 100] * 5
    assert loads == [text_document.id]
    # What is stored is what they were sent.
    assert encodings == []


def _write_and_summarise(document: Any) -> None:
    doc: Doc[Any] = Doc()
    for _ in range(100):
        update = crdt.edit(doc, lambda: doc.get("content", type=Text).insert(0, "é😀"))
        append_updates(document_id=document.id, updates=[NewUpdate(update)])
    create_snapshot(document=document, label="all", author=None)


async def test_what_was_written_and_what_was_sent_is_not_kept(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    await socket.acknowledged(await socket.type("é😀" * 1000))
    await sockets.joined(bob, text_document)
    hub = await current_hub()
    room = await hub.enter(text_document.id)
    for _ in range(2):
        await hub._poll()
    assert room._content.doc._full is None
    assert "batch" not in room._task.get_coro().cr_frame.f_locals


async def test_storm_of_comings_and_goings_elsewhere_is_a_look_or_two_at_the_roster(
    sockets, bob, text_document, monkeypatch
):
    await sockets.joined(bob, text_document)
    hub = await current_hub()
    looks, read_rosters = 0, hub._read_rosters
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def count(document_ids: Any) -> None:
        nonlocal looks
        looks += 1
        begun.set()
        await may_go_on.wait()
        await read_rosters(document_ids)

    monkeypatch.setattr(hub, "_read_rosters", count)
    hint: Any = {"type": "presence", "document": str(text_document.id), "origin": "elsewhere"}
    hub._hear(hint)
    await begun.wait()
    for _ in range(500):
        hub._hear(hint)
    may_go_on.set()
    while hub._rosters_wanted:
        await hub.read(lambda: None)
    assert looks == 2
