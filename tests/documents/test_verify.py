import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pycrdt import Doc, Text

from documents import crdt, verification
from documents.edits import apply_ops, restore_snapshot
from documents.lifecycle import trash_document
from documents.log import NewUpdate, append_updates
from documents.models import Document, Membership, Snapshot, Update
from documents.snapshots import create_snapshot
from documents.verification import Code, consistent_view, verify_document
from tests.documents.damage import BAD_ROWS, lose_rows, spoil_row, spoil_snapshot
from tests.documents.test_canonical import Story


def findings(document: Document) -> list[tuple[Code, int | None]]:
    """What is found, without the counters: they are not what most tests are about."""
    with consistent_view():
        found = list(verify_document(document.id))
    assert all(finding.detail for finding in found)
    return [(each.code, each.seq) for each in found if each.code != Code.WRONG_COUNTER]


def run(*arguments, **options) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("verify", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def run_and_find(*arguments, **options) -> list[str]:
    out = io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("verify", *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    assert raised.value.returncode == 1
    return out.getvalue().splitlines()


@pytest.fixture
def typist(text_document, writer, alice):
    """Has typed a text of five rows."""
    typist = writer(text_document, alice)
    for text in ["Déjà ", "vu ", "😀", " et ", "fin."]:
        typist.type(text)
    return typist


# ---- what is whole ---------------------------------------------------------------------------


def test_nothing_is_found_where_nothing_is_wrong(document, text_document, typist, writer, alice):
    version = create_snapshot(document=text_document, label="é 😀", author=alice)
    typist.change(typist.text.clear)
    restore_snapshot(document=text_document, snapshot=version, author=alice)
    apply_ops(document=text_document, ops=[{"insert": "😀", "at": 0}], author=alice)
    writer(document).add_paragraph("é")
    trash_document(document=document)
    said, summary = run()
    assert said == ""
    assert summary.startswith("2 documents in")
    assert "0 findings" in summary


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_however_many_write_at_once(document, alice, seed):
    story = Story(seed)
    for step in range(60):
        said = len(story.log)
        story.step()
        rows = [NewUpdate(update) for update in story.log[said:]]
        if rows:
            append_updates(document_id=document.id, updates=rows)
        if step % 20 == 10:
            create_snapshot(document=document, label=f"v{step}", author=alice)
    assert list(verify_document(document.id)) == []


def test_version_of_nothing_is_whole(text_document, alice, writer):
    create_snapshot(document=text_document, label="é", author=alice)
    writer(text_document).type("😀")
    assert list(verify_document(text_document.id)) == []


def test_same_edit_logged_by_two_processes_is_no_contradiction(text_document, typist):
    again = bytes(Update.objects.get(document=text_document, seq=2).payload)
    append_updates(document_id=text_document.id, updates=[NewUpdate(again)])
    assert list(verify_document(text_document.id)) == []


# ---- the log ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_row_that_cannot_be_applied_is_named(text_document, typist, bad):
    append_updates(document_id=text_document.id, updates=[NewUpdate(b"\0\0")] * 2)
    spoil_row(text_document, 6, bad)
    assert findings(text_document) == [(Code.ROW_REFUSED, 6)]


def test_rows_that_build_on_a_bad_one_are_one_finding(text_document, typist):
    spoil_row(text_document, 2)
    assert findings(text_document) == [(Code.ROW_REFUSED, 2), (Code.ROW_WAITS, 3)]


def test_missing_rows_are_named(text_document, typist):
    lose_rows(text_document, 2, 3)
    assert findings(text_document) == [(Code.LOG_GAP, 2), (Code.ROW_WAITS, 4)]
    (gap, *_) = verify_document(text_document.id)
    assert gap.detail == "rows 2 to 3 are missing"


def test_log_that_ends_early_is_named(text_document, typist):
    lose_rows(text_document, 4, 5)
    assert findings(text_document) == [(Code.LOG_ENDS_EARLY, 4)]
    lose_rows(text_document, 1, 2, 3)
    assert findings(text_document) == [(Code.LOG_ENDS_EARLY, 1)]


def test_row_beyond_the_head_is_named(text_document, typist):
    Document.objects.filter(id=text_document.id).update(head_seq=3)
    assert findings(text_document) == [(Code.ROW_BEYOND_HEAD, 4)]


def test_row_before_the_first_is_named(text_document, typist):
    Update.objects.filter(document=text_document, seq=1).update(seq=0)
    assert findings(text_document) == [(Code.ROW_BEFORE_LOG, 0), (Code.LOG_GAP, 1)]


def test_row_that_says_something_else_at_the_same_clocks_is_named(text_document, typist):
    other: Doc = Doc(client_id=typist.doc.client_id)
    # As long as the first row, to the letter.
    payload = crdt.edit(other, lambda: other.get("content", type=Text).insert(0, "Dèjà "))
    append_updates(document_id=text_document.id, updates=[NewUpdate(payload)])
    assert findings(text_document) == [(Code.ROW_CONTRADICTS, 6)]


def test_row_that_names_another_client_is_named(text_document, typist):
    Update.objects.filter(document=text_document, seq=4).update(client=99)
    assert findings(text_document) == [(Code.WRONG_CLIENT, 4)]


# ---- snapshots -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_snapshot_that_cannot_be_read_is_named(text_document, typist, alice, bad):
    version = create_snapshot(document=text_document, label="é\n😀", author=alice)
    spoil_snapshot(version, bad)
    assert findings(text_document) == [(Code.SNAPSHOT_REFUSED, 5)]
    (line, *_) = run_and_find(text_document.id)
    assert line.startswith(f"{text_document.id} snapshot_refused the version “é 😀” (id ")


def test_snapshot_that_waits_for_something_is_named(text_document, typist, alice):
    version = create_snapshot(document=text_document, label="é", author=alice)
    spoil_snapshot(version, bytes(Update.objects.get(document=text_document, seq=3).payload))
    assert findings(text_document) == [(Code.SNAPSHOT_INCOMPLETE, 5)]


def test_snapshot_with_other_content_is_named(text_document, typist, alice):
    version = create_snapshot(document=text_document, label="é", author=alice)
    spoil_snapshot(version, bytes(version.state).replace(b"vu", b"vo"))
    assert findings(text_document) == [(Code.SNAPSHOT_DIFFERS, 5)]


def test_snapshot_that_lacks_rows_or_deletions_is_named(text_document, typist, alice):
    early = create_snapshot(document=text_document, label="é", author=alice)
    typist.change(typist.text.clear)
    late = create_snapshot(document=text_document, label="😀", author=alice)
    spoil_snapshot(late, bytes(early.state))
    assert findings(text_document) == [(Code.SNAPSHOT_DIFFERS, 6)]
    (finding, *_) = verify_document(text_document.id)
    assert "deleted" in finding.detail


def test_snapshot_beyond_the_head_is_named(text_document, typist, alice):
    version = create_snapshot(document=text_document, label="é", author=alice)
    Snapshot.objects.filter(id=version.id).update(seq=8)
    assert findings(text_document) == [(Code.SNAPSHOT_BEYOND_HEAD, 8)]


def test_rows_behind_a_good_snapshot_are_checked_on_it(text_document, typist, alice):
    create_snapshot(document=text_document, label="é", author=alice)
    typist.type(" encore")
    typist.type(" 😀")
    lose_rows(text_document, 1)
    assert findings(text_document) == [(Code.LOG_GAP, 1), (Code.ROW_WAITS, 2)]
    spoil_row(text_document, 6)
    assert findings(text_document)[2:] == [(Code.ROW_REFUSED, 6), (Code.ROW_WAITS, 7)]


def test_gap_in_front_of_a_snapshot_is_found_before_it(text_document, typist, alice):
    create_snapshot(document=text_document, label="é", author=alice)
    typist.type(" encore")
    lose_rows(text_document, 4, 5)
    assert findings(text_document) == [(Code.LOG_GAP, 4)]
    lose_rows(text_document, 6)
    assert findings(text_document) == [(Code.LOG_ENDS_EARLY, 4)]


# ---- what is about it ------------------------------------------------------------------------


@pytest.mark.parametrize("counter", ["tail_bytes", "snapshot_seq", "snapshot_bytes"])
def test_counter_that_is_wrong_is_named(text_document, typist, alice, counter):
    create_snapshot(document=text_document, label="é", author=alice)
    typist.type("😀")
    assert list(verify_document(text_document.id)) == []
    right = Document.objects.values_list(counter, flat=True).get(id=text_document.id)
    Document.objects.filter(id=text_document.id).update(**{counter: right + 1})
    (finding,) = verify_document(text_document.id)
    assert finding.code == Code.WRONG_COUNTER
    assert finding.detail == f"{counter} is {right + 1}; it should be {right}"


def test_document_that_nobody_owns_is_named(text_document, alice):
    Membership.objects.filter(document=text_document, user=alice).delete()
    assert findings(text_document) == [(Code.NO_OWNER, None)]


def test_author_who_is_nobody_is_named_once(text_document, typist):
    Update.objects.filter(document=text_document).update(author_id=987_654)
    assert findings(text_document) == [(Code.UNKNOWN_AUTHOR, None)]


def test_server_needs_a_client_id(text_document):
    Document.objects.filter(id=text_document.id).update(server_client=0)
    assert findings(text_document) == [(Code.WRONG_SERVER_CLIENT, None)]


# ---- the command -----------------------------------------------------------------------------


def test_findings_are_lines_of_document_code_and_detail(document, text_document, typist):
    spoil_row(text_document, 5)
    (line,) = run_and_find()
    assert line.startswith(f"{text_document.id} row_refused row 5: ")
    (line,) = run_and_find(text_document.id, json=True)
    assert json.loads(line) | {"detail": ""} == {
        "document": str(text_document.id),
        "code": "row_refused",
        "seq": 5,
        "detail": "",
    }
    assert run(document.id)[0] == ""


def test_cron_hears_nothing_where_nothing_is_wrong(text_document, typist):
    assert run(verbosity=0) == ("", "")


def test_all_are_looked_at_by_pages(document, text_document, monkeypatch):
    monkeypatch.setattr("documents.management.selection._DOCUMENTS_AT_ONCE", 1)
    Membership.objects.all().delete()
    assert {line.split()[0] for line in run_and_find()} == {str(document.id), str(text_document.id)}


def test_document_that_does_not_exist_cannot_be_verified(db):
    with pytest.raises(CommandError, match="There is no document") as raised:
        run(Document().id)
    assert raised.value.returncode == 2


def test_failure_of_the_database_is_no_finding(document, monkeypatch):
    def fail(_):
        raise OperationalError("gone")

    monkeypatch.setattr("documents.management.commands.verify.verify_document", fail)
    with pytest.raises(CommandError, match="gone") as raised:
        run()
    assert raised.value.returncode == 2


def test_memory_does_not_grow_with_the_past(text_document, typist, monkeypatch):
    monkeypatch.setattr("documents.replay._MIN_UNSETTLED_BYTES", 100)
    held = []
    real = verification.Replay.add

    def add(self, source, update, **options):
        held.append(len(self._unsettled))
        return real(self, source, update, **options)

    monkeypatch.setattr(verification.Replay, "add", add)
    for _ in range(100):
        typist.type("😀")
        typist.change(typist.text.clear)
    assert list(verify_document(text_document.id)) == []
    assert len(held) == 205
    assert max(held) < 20


@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_is_no_finding_and_not_held_up(text_document, typist, alice):
    done: list[bool] = []
    with consistent_view():
        verifying = verify_document(text_document.id)
        Document.objects.get(id=text_document.id)
        thread = threading.Thread(target=_write_elsewhere, args=(text_document, alice, done))
        thread.start()
        thread.join(timeout=30)
        assert done == [True]
        assert list(verifying) == []
        assert not Snapshot.objects.exists()
    assert Snapshot.objects.exists()
    with consistent_view():
        assert list(verify_document(text_document.id)) == []


def _write_elsewhere(document, author, done) -> None:
    try:
        apply_ops(document=document, ops=[{"insert": "😀", "at": 0}], author=author)
        create_snapshot(document=document, label="é", author=author)
        done.append(True)
    finally:
        connection.close()
