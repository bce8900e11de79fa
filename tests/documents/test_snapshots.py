import threading

import pytest
from django.db import connection
from pycrdt import Doc, Text

from documents import crdt, snapshots
from documents.content import build_document
from documents.errors import DocumentMissing, LogDamaged
from documents.lifecycle import trash_document
from documents.log import NewUpdate, append_updates, load_state
from documents.models import Snapshot
from documents.snapshots import KEPT_AUTOMATIC, create_snapshot, due, snapshot_if_due

# These arrive in an order in which the second needs the third.
FIRST, SECOND = bytes.fromhex("0101010004010174016100"), bytes.fromhex("01010102c401000101016300")


@pytest.fixture(autouse=True)
def _small_documents_are_due(monkeypatch):
    monkeypatch.setattr(snapshots, "MIN_WEIGHT_BYTES", 200)
    monkeypatch.setattr(snapshots, "ROW_WEIGHT_BYTES", 10)


def text_of(state: bytes) -> str:
    doc: Doc = Doc()
    doc.apply_update(state)
    return str(doc.get("content", type=Text))


def test_version_holds_what_the_document_is_now(text_document, writer, bob):
    typist = writer(text_document)
    typist.type("é ")
    typist.type("😀")
    version = create_snapshot(document=text_document, label="Entwurf ü", author=bob)
    typist.type(" later")
    assert (version.seq, version.label, version.author) == (2, "Entwurf ü", bob)
    assert text_of(version.state) == "é 😀"
    assert str(build_document(document_id=text_document.id).doc.get("content", type=Text)) == (
        "é 😀 later"
    )


def test_version_of_nothing_is_empty(text_document, alice):
    assert create_snapshot(document=text_document, label="v", author=alice).seq == 0


def test_snapshot_is_due_when_the_tail_weighs_as_much_as_the_last_one(text_document, writer):
    typist = writer(text_document)
    typist.type("é" * 50)
    assert due([text_document.id]) == []
    typist.type("😀" * 50)
    assert due([text_document.id]) == [text_document.id]
    made = snapshot_if_due(document_id=text_document.id)
    assert made is not None
    assert (made.seq, made.label) == (2, "")
    typist.type("x" * 150)
    # More than the least, less than the snapshot.
    assert due([text_document.id]) == []
    typist.type("x" * 200)
    assert due([text_document.id]) == [text_document.id]


def test_many_small_rows_weigh_more_than_their_bytes(text_document, writer, monkeypatch):
    monkeypatch.setattr(snapshots, "ROW_WEIGHT_BYTES", 100)
    typist = writer(text_document)
    for _ in range(3):
        typist.type("é")
    text_document.refresh_from_db()
    assert text_document.tail_bytes < 200
    assert due([text_document.id]) == [text_document.id]


def test_at_rest_a_smaller_tail_is_enough(text_document, writer, monkeypatch):
    monkeypatch.setattr(snapshots, "MIN_WEIGHT_AT_REST_BYTES", 100)
    typist = writer(text_document)
    typist.type("é" * 300)
    assert snapshot_if_due(document_id=text_document.id) is not None
    typist.type("x" * 150)
    assert due([text_document.id]) == []
    assert due([text_document.id], at_rest=True) == [text_document.id]
    assert snapshot_if_due(document_id=text_document.id, at_rest=True).seq == 2


def test_opening_reads_only_what_came_after_the_snapshot(text_document, writer):
    typist = writer(text_document)
    for _ in range(10):
        typist.type("é" * 20)
    snapshot_if_due(document_id=text_document.id)
    typist.type("!")
    state = load_state(document_id=text_document.id)
    assert (state.snapshot_seq, len(state.tail)) == (10, 1)
    assert str(crdt.build(state.payloads()).get("content", type=Text)) == "é" * 200 + "!"


def stored_state(snapshot: Snapshot) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM documents_snapshot WHERE id = %s", [snapshot.pk])
        return bytes(cursor.fetchone()[0])


def store_state(snapshot: Snapshot, stored: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE documents_snapshot SET state = %s WHERE id = %s", [stored, snapshot.pk]
        )


def test_what_was_typed_is_stored_in_half_of_its_bytes(text_document, writer):
    typist = writer(text_document)
    for _ in range(100):
        typist.change(lambda: typist.text.insert(0, "é😀"))
    made = snapshot_if_due(document_id=text_document.id)
    assert len(stored_state(made)) < len(made.state) / 2
    made.refresh_from_db()
    assert text_of(made.state) == "é😀" * 100
    assert load_state(document_id=text_document.id).snapshot == made.state
    text_document.refresh_from_db()
    assert text_document.snapshot_bytes == len(made.state)


def test_state_that_compression_does_not_help_is_stored_as_it_is(text_document, writer, alice):
    writer(text_document).type("é")
    made = create_snapshot(document=text_document, label="v", author=alice)
    assert stored_state(made) == made.state


def test_snapshot_from_before_states_were_compressed_is_read(text_document, writer, alice):
    writer(text_document).type("é" * 300)
    made = create_snapshot(document=text_document, label="v", author=alice)
    store_state(made, made.state)
    assert text_of(load_state(document_id=text_document.id).snapshot) == "é" * 300


def test_compressed_state_that_is_damaged_is_refused(text_document, writer, alice):
    writer(text_document).type("é" * 300)
    made = create_snapshot(document=text_document, label="v", author=alice)
    store_state(made, stored_state(made)[:-5])
    with pytest.raises(LogDamaged):
        build_document(document_id=text_document.id)


def test_nothing_due_makes_nothing(text_document, writer):
    writer(text_document).type("é")
    assert snapshot_if_due(document_id=text_document.id) is None
    assert not Snapshot.objects.exists()


def test_asking_whether_any_is_due_costs_one_query(
    document, text_document, django_assert_max_num_queries
):
    with django_assert_max_num_queries(1):
        assert due([document.id, text_document.id]) == []


def test_old_automatic_snapshots_go_and_versions_stay(text_document, writer, alice):
    typist = writer(text_document)
    typist.type("v1")
    create_snapshot(document=text_document, label="first", author=alice)
    length = 300
    for _ in range(KEPT_AUTOMATIC + 2):
        typist.type("é" * length)
        length *= 3
        assert snapshot_if_due(document_id=text_document.id) is not None
    kept = Snapshot.objects.filter(document=text_document)
    assert [s.seq for s in kept.filter(label="")] == [5, 4]
    assert [s.label for s in kept.exclude(label="")] == ["first"]


def test_counters_hold_what_came_while_the_snapshot_was_made(text_document, writer, monkeypatch):
    typist = writer(text_document)
    typist.type("é" * 200)
    built = build_document(document_id=text_document.id)
    late = typist.type("late")
    monkeypatch.setattr(snapshots, "build_document", lambda **_: built)
    made = snapshot_if_due(document_id=text_document.id)
    text_document.refresh_from_db()
    (payload,) = load_state(document_id=text_document.id).tail
    assert (made.seq, text_document.snapshot_seq, late) == (1, 1, 2)
    assert text_document.tail_bytes == len(payload)
    assert text_document.snapshot_bytes == len(made.state)


def test_late_snapshot_does_not_turn_the_counters_back(text_document, writer, monkeypatch, alice):
    typist = writer(text_document)
    typist.type("é" * 200)
    late = build_document(document_id=text_document.id)
    typist.type("😀" * 200)
    newest = create_snapshot(document=text_document, label="newest", author=alice)
    monkeypatch.setattr(snapshots, "build_document", lambda **_: late)
    create_snapshot(document=text_document, label="late", author=alice)
    text_document.refresh_from_db()
    assert text_document.snapshot_seq == newest.seq
    assert text_document.snapshot_bytes == len(newest.state)
    assert text_document.tail_bytes == 0


def test_log_that_waits_for_something_gets_no_snapshot(text_document, alice):
    updates = [NewUpdate(FIRST), NewUpdate(SECOND)]
    append_updates(document_id=text_document.id, updates=updates)
    with pytest.raises(LogDamaged, match="builds on"):
        create_snapshot(document=text_document, label="v", author=alice)
    assert not Snapshot.objects.exists()


def test_log_that_cannot_be_applied_gets_no_snapshot(text_document, alice):
    append_updates(document_id=text_document.id, updates=[NewUpdate(b"\x01\x02\x03")])
    with pytest.raises(LogDamaged):
        create_snapshot(document=text_document, label="v", author=alice)


def test_what_is_in_the_trash_gets_no_snapshot(text_document, alice, writer):
    writer(text_document).type("é" * 300)
    trash_document(document=text_document)
    assert snapshot_if_due(document_id=text_document.id) is None
    with pytest.raises(DocumentMissing):
        create_snapshot(document=text_document, label="v", author=alice)


@pytest.mark.django_db(transaction=True)
def test_two_that_find_a_snapshot_due_make_one(text_document, writer, monkeypatch):
    writer(text_document).type("é" * 300)
    together = threading.Barrier(2, timeout=20)
    build = snapshots.build_document
    made, failures = [], []

    def build_together(**kwargs):
        built = build(**kwargs)
        together.wait()
        return built

    def snapshot() -> None:
        try:
            made.append(snapshot_if_due(document_id=text_document.id))
        except Exception as error:  # noqa: BLE001 (reported by the test)
            failures.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(snapshots, "build_document", build_together)
    threads = [threading.Thread(target=snapshot) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(made) == 2
    assert Snapshot.objects.count() == 1
