"""What is said over the channel layer, and that its failure is nobody's."""

import uuid

import pytest
from channels.layers import InMemoryChannelLayer
from django.core.exceptions import ImproperlyConfigured

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


def test_project_without_a_layer_is_told_what_to_set(monkeypatch):
    monkeypatch.setattr(bus, "get_channel_layer", lambda: None)
    with pytest.raises(ImproperlyConfigured, match="CHANNEL_LAYERS"):
        bus.channel_layer()
