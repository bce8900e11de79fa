import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from documents.errors import BadUpdate, DocumentMissing, HeadMoved, LogDamaged
from documents.lifecycle import create_document, trash_document
from documents.log import NewUpdate, append_many, append_updates, load_state, read_since
from documents.marks import Mark
from documents.models import Document, Snapshot, Update
from documents.snapshots import create_snapshot

ONE, TWO = NewUpdate(b"one"), NewUpdate(b"two \xf0\x9f\x98\x80")
# One that Yjs would write.
LETTER = NewUpdate(bytes.fromhex("01010100040101740161" + "00"))


def test_rows_are_numbered_without_a_gap(text_document, bob):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    full = NewUpdate(b"three", author_id=bob.pk, client=7, created_at=at)
    assert append_updates(document_id=text_document.id, updates=[ONE, TWO]) == 2
    assert append_updates(document_id=text_document.id, updates=[full]) == 3
    rows = read_since(document_id=text_document.id, seq=0)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[1].payload == TWO.payload
    assert (rows[2].author_id, rows[2].client, rows[2].created_at) == (bob.pk, 7, at)


def test_appending_counts_the_bytes_since_the_newest_snapshot(text_document):
    append_updates(document_id=text_document.id, updates=[ONE, TWO])
    text_document.refresh_from_db()
    assert text_document.tail_bytes == len(ONE.payload) + len(TWO.payload)


def test_append_against_an_old_head_is_refused_and_leaves_nothing(text_document):
    append_updates(document_id=text_document.id, updates=[ONE])
    with pytest.raises(HeadMoved):
        append_updates(document_id=text_document.id, updates=[TWO], expected_head=0)
    assert append_updates(document_id=text_document.id, updates=[TWO], expected_head=1) == 2


def test_what_is_in_the_trash_takes_no_rows(text_document):
    trash_document(document=text_document)
    with pytest.raises(DocumentMissing):
        append_updates(document_id=text_document.id, updates=[ONE])
    assert not Update.objects.exists()


def test_many_documents_are_appended_to_at_once(document, text_document, alice):
    gone = create_document(owner=alice)
    trash_document(document=gone)
    with transaction.atomic():
        heads = append_many({document.id: [ONE], text_document.id: [ONE, TWO], gone.id: [ONE]})
    assert heads == {document.id: 1, text_document.id: 2}


def test_appending_to_many_costs_few_queries(alice, django_assert_max_num_queries):
    appends = {create_document(owner=alice).id: [ONE] for _ in range(20)}
    with django_assert_max_num_queries(3):
        append_many(appends)


def test_reading_can_end_early(text_document):
    append_updates(document_id=text_document.id, updates=[ONE, TWO, ONE])
    assert [r.seq for r in read_since(document_id=text_document.id, seq=1, until=2)] == [2]
    with pytest.raises(LogDamaged, match="ends at 3"):
        read_since(document_id=text_document.id, seq=1, until=4)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_log_with_a_gap_is_not_read(text_document, lost):
    append_updates(document_id=text_document.id, updates=[ONE, TWO, ONE])
    Update.objects.filter(document=text_document, seq=lost).delete()
    with pytest.raises(LogDamaged):
        load_state(document_id=text_document.id)


@pytest.mark.parametrize(("age", "moves"), [(0.5, False), (1.5, True)])
def test_time_of_the_last_change_is_as_exact_as_is_asked_for(text_document, age, moves):
    then = timezone.now() - timedelta(seconds=age)
    Document.objects.filter(id=text_document.id).update(updated_at=then)
    with transaction.atomic():
        append_many({text_document.id: [ONE]}, touch_after=timedelta(seconds=1))
    text_document.refresh_from_db()
    assert text_document.head_seq == 1
    assert (text_document.updated_at > then) == moves
    append_updates(document_id=text_document.id, updates=[TWO])
    text_document.refresh_from_db()
    assert text_document.head_seq == 2
    assert text_document.updated_at > then


def test_state_is_the_newest_snapshot_and_what_came_after(text_document):
    append_updates(document_id=text_document.id, updates=[ONE, TWO, ONE])
    Snapshot.objects.create(document=text_document, seq=1, state=b"at one")
    Snapshot.objects.create(document=text_document, seq=2, state=b"at two")
    now = load_state(document_id=text_document.id)
    assert (now.head, now.snapshot_seq, now.payloads()) == (3, 2, [b"at two", b"one"])
    earlier = load_state(document_id=text_document.id, at=1)
    assert (earlier.head, earlier.payloads()) == (1, [b"at one"])


def test_state_tells_its_log_from_any_other_of_the_same_length(text_document, document):
    append_updates(document_id=text_document.id, updates=[ONE, TWO])
    append_updates(document_id=text_document.id, updates=[ONE])
    append_updates(document_id=document.id, updates=[TWO, ONE, ONE])
    state, other = (load_state(document_id=each.id) for each in (text_document, document))
    assert state.mark == Mark(0, 0).after([ONE.payload, TWO.payload, ONE.payload])
    assert (other.mark.seq, other.mark == state.mark) == (3, False)


@pytest.mark.parametrize("snapshot", [False, True])
def test_rows_are_intact_while_the_checksum_says_so(text_document, snapshot):
    append_updates(document_id=text_document.id, updates=[LETTER])
    if snapshot:
        assert create_snapshot(document=text_document, label="", author=None).seq == 1
    append_updates(document_id=text_document.id, updates=[ONE])
    state = load_state(document_id=text_document.id)
    assert state.is_intact
    # Nobody reads through what is known to be what was let in; none of it is one of Yjs's.
    assert state.for_room().pairs is not None
    Update.objects.filter(document=text_document, seq=2).update(payload=b"eno")
    state = load_state(document_id=text_document.id)
    assert not state.is_intact
    with pytest.raises(BadUpdate):
        state.for_room()


def test_rows_behind_a_snapshot_without_a_checksum_are_read_through(text_document):
    append_updates(document_id=text_document.id, updates=[LETTER])
    create_snapshot(document=text_document, label="", author=None)
    # It was made by an older version.
    Snapshot.objects.update(state_checksum=None, log_checksum=None)
    append_updates(document_id=text_document.id, updates=[ONE])
    state = load_state(document_id=text_document.id)
    assert not state.is_intact
    with pytest.raises(BadUpdate):
        state.for_room()


def test_snapshot_that_is_not_what_was_written_is_damage(text_document):
    append_updates(document_id=text_document.id, updates=[LETTER])
    create_snapshot(document=text_document, label="", author=None)
    # Well-formed, and blank.
    Snapshot.objects.update(state=b"\0\0")
    with pytest.raises(LogDamaged):
        load_state(document_id=text_document.id)


@pytest.mark.parametrize("snapshot", [False, True])
def test_rows_that_come_in_the_middle_of_reading_are_in_the_mark(text_document, snapshot):
    append_updates(document_id=text_document.id, updates=[ONE])
    if snapshot:
        Snapshot.objects.create(document=text_document, seq=1, state=b"at one")
    late = [TWO]

    def append_before_rows_are_read(execute, sql, params, many, context):
        if late and sql.lstrip("(").startswith("SELECT") and 'FROM "documents_update"' in sql:
            append_updates(document_id=text_document.id, updates=[late.pop()])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(append_before_rows_are_read):
        state = load_state(document_id=text_document.id)
    assert state.mark == load_state(document_id=text_document.id).mark
    assert state.mark == Mark(0, 0).after([ONE.payload, TWO.payload])


@pytest.mark.parametrize("refused", [True, False])
def test_append_may_be_refused_for_how_the_log_stands_under_the_lock(text_document, refused):
    append_updates(document_id=text_document.id, updates=[ONE])
    asked = []

    def accepts(document_id, end):
        asked.append((document_id, end))
        return not refused

    with transaction.atomic():
        heads = append_many({text_document.id: [TWO]}, accepts=accepts)
    assert asked == [(text_document.id, Mark(0, 0).after([ONE.payload]))]
    assert heads == ({} if refused else {text_document.id: 2})
    assert load_state(document_id=text_document.id).head == 2 - refused


def test_purge_in_the_middle_of_reading_is_no_damage(text_document):
    append_updates(document_id=text_document.id, updates=[ONE])

    def purge_before_rows_are_read(execute, sql, params, many, context):
        if sql.lstrip("(").startswith("SELECT") and 'FROM "documents_update"' in sql:
            Document.objects.all().delete()
        return execute(sql, params, many, context)

    with (
        connection.execute_wrapper(purge_before_rows_are_read),
        pytest.raises(DocumentMissing, match="purged"),
    ):
        load_state(document_id=text_document.id)


def test_there_is_no_state_of_what_does_not_exist(db):
    with pytest.raises(DocumentMissing):
        load_state(document_id=Document().id)


@pytest.mark.django_db(transaction=True)
def test_appends_at_once_stand_in_one_gapless_order(text_document):
    failures = []

    def append() -> None:
        try:
            for _ in range(10):
                append_updates(document_id=text_document.id, updates=[ONE, TWO])
        except Exception as error:  # noqa: BLE001 (reported by the test)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = read_since(document_id=text_document.id, seq=0)
    assert len(rows) == 80
    # Nobody stood between the two rows of one append.
    assert all(rows[i].payload == b"one" for i in range(0, 80, 2))
    text_document.refresh_from_db()
    assert text_document.head_seq == 80
    assert text_document.tail_bytes == 40 * (len(ONE.payload) + len(TWO.payload))
