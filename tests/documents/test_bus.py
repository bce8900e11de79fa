"""What is said over the channel layer, and that its failure is nobody's."""

import asyncio
import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.layers import InMemoryChannelLayer
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from documents import bus
from documents.bus import MAX_HINT_BYTES

DOCUMENT_ID = uuid.uuid4()


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> InMemoryChannelLayer:
    layer = InMemoryChannelLayer()
    monkeypatch.setattr(bus, "get_channel_layer", lambda: layer)
    return layer


def test_hint_names_the_rows_it_holds():
    hint = bus.appended(
        document_id=DOCUMENT_ID, last_seq=7, rows=[(b"\0", 1), ("é😀".encode(), None)], origin="p"
    )
    assert hint == {
        "type": "appended",
        "document": str(DOCUMENT_ID),
        "origin": "p",
        "first_seq": 6,
        "last_seq": 7,
        "rows": [(b"\0", 1), ("é😀".encode(), None)],
    }


@pytest.mark.parametrize(("size", "carried"), [(MAX_HINT_BYTES, True), (MAX_HINT_BYTES + 1, False)])
def test_large_rows_are_left_to_be_read_from_the_log(size, carried):
    rows = [(b"x" * (size - 1), None), (b"y", None)]
    hint = bus.appended(document_id=DOCUMENT_ID, last_seq=2, rows=rows)
    assert hint["rows"] == (rows if carried else [])
    assert (hint["first_seq"], hint["last_seq"]) == (1, 2)


def test_access_of_one_or_of_everybody():
    assert bus.access_changed(document_id=DOCUMENT_ID, user_id=3)["user"] == 3
    assert bus.access_changed(document_id=DOCUMENT_ID)["user"] is None


def test_groups_differ_by_document_and_are_names_that_the_layer_takes():
    layer = InMemoryChannelLayer()
    names = {bus.group_of(uuid.uuid4()) for _ in range(100)}
    assert len(names) == 100
    assert all(layer.require_valid_group_name(name) for name in names)


async def test_hint_reaches_the_documents_group_and_no_other(layer):
    await layer.group_add(bus.group_of(DOCUMENT_ID), "here")
    await layer.group_add(bus.group_of(uuid.uuid4()), "there")
    hint = bus.appended(document_id=DOCUMENT_ID, last_seq=1, rows=[(b"\0\xff", None)])
    await bus.send(hint)
    assert await layer.receive("here") == hint
    assert "there" not in layer.channels


def test_request_publishes_from_its_thread(layer, monkeypatch):
    sent = []

    async def group_send(group: str, message: object) -> None:
        sent.append((group, message))

    monkeypatch.setattr(layer, "group_send", group_send)
    hint = bus.access_changed(document_id=DOCUMENT_ID)
    bus.publish(hint)
    assert sent == [(bus.group_of(DOCUMENT_ID), hint)]


def test_layer_that_fails_is_logged_and_fails_nobody(layer, monkeypatch, caplog):
    async def group_send(group: str, message: object) -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(layer, "group_send", group_send)
    bus.publish(bus.access_changed(document_id=DOCUMENT_ID))
    assert "did not take a hint" in caplog.text


class StuckLayer(InMemoryChannelLayer):
    """Takes a hint only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_take = asyncio.Event()
        self.taken: list[object] = []

    async def group_send(self, group: str, message: object) -> None:
        await self.may_take.wait()
        self.taken.append(message)


async def test_layer_that_hangs_holds_up_one_request_for_a_moment_and_loses_no_hint(monkeypatch):
    layer = StuckLayer()
    monkeypatch.setattr(bus, "get_channel_layer", lambda: layer)
    hints = [bus.access_changed(document_id=DOCUMENT_ID, user_id=user) for user in range(5)]
    waited: list[float | None] = []
    wait = asyncio.wait

    def record(tasks, *, timeout):
        waited.append(timeout)
        return wait(tasks, timeout=timeout)

    monkeypatch.setattr(asyncio, "wait", record)
    for hint in hints:
        # From a thread, as requests do; the hint goes on in the loop behind it.
        async with asyncio.timeout(5):
            await sync_to_async(bus.publish)(hint)
    assert waited[0]
    assert waited[1:] == [0, 0, 0, 0]
    assert layer.taken == []
    layer.may_take.set()
    await asyncio.gather(*bus._late)
    assert layer.taken == hints
    assert not bus._late


async def test_layer_that_hangs_is_not_left_with_more_and_more(monkeypatch, caplog):
    layer = StuckLayer()
    monkeypatch.setattr(bus, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(bus, "_MAX_LATE", 2)
    for user in range(4):
        hint = bus.access_changed(document_id=DOCUMENT_ID, user_id=user)
        await sync_to_async(bus.publish)(hint)
    assert len(bus._late) == 2
    assert "hints are dropped" in caplog.text
    layer.may_take.set()
    await asyncio.gather(*bus._late)
    assert len(layer.taken) == 2


def test_layer_that_hangs_does_not_hold_up_a_command_either(monkeypatch):
    """Where no loop goes on behind it, the hint is given up."""

    async def hang(_hint: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(bus, "send", hang)
    bus.publish(bus.access_changed(document_id=DOCUMENT_ID))
    assert not bus._late


def test_project_without_a_layer_is_told_what_to_set(monkeypatch):
    monkeypatch.setattr(bus, "get_channel_layer", lambda: None)
    with pytest.raises(ImproperlyConfigured, match="CHANNEL_LAYERS"):
        bus.channel_layer()


@pytest.mark.django_db(transaction=True)
def test_what_is_collected_is_not_told_to_the_layer(document, monkeypatch):
    sent: list[bus.Hint] = []

    async def send(hint: bus.Hint) -> None:
        sent.append(hint)

    monkeypatch.setattr(bus, "send", send)
    hint = bus.access_changed(document_id=document.id)
    with bus.collect() as hints:
        with transaction.atomic():
            transaction.on_commit(lambda: bus.publish(hint))
            assert hints == []
        assert hints == [hint]
    assert sent == []
    bus.publish(hint)
    assert sent == [hint]
