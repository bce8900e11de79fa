import io
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from documents import epochs
from documents.edits import apply_ops
from documents.epochs import begin_epoch
from documents.errors import DocumentMissing
from documents.lifecycle import trash_document
from documents.models import Document


def run(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command("newepoch", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def clock(monkeypatch):
    """Sets the time: `clock(datetime)`."""
    return lambda at: monkeypatch.setattr(epochs.timezone, "now", lambda: at)


def epoch_of(document: Document) -> int:
    return Document.objects.get(id=document.id).epoch


def test_new_epoch_is_one_that_a_backup_cannot_have_forgotten(document, clock):
    clock(datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC))
    forgotten = begin_epoch(document_id=document.id).new
    # The backup of before is restored: it says 1 again.
    Document.objects.update(epoch=1)
    clock(datetime(2026, 5, 1, 12, 0, 1, tzinfo=UTC))
    begun = begin_epoch(document_id=document.id)
    assert (begun.old, begun.new) == (1, forgotten + 1)
    assert epoch_of(document) == begun.new


def test_epoch_grows_where_the_clock_was_set_back(document, clock):
    clock(datetime(2026, 5, 1, tzinfo=UTC))
    first = begin_epoch(document_id=document.id)
    clock(datetime(2020, 1, 1, tzinfo=UTC))
    assert begin_epoch(document_id=document.id).new == first.new + 1


def test_epoch_fits_into_what_is_stored_for_a_long_time(document, clock):
    clock(datetime(2090, 1, 1, tzinfo=UTC))
    low, high = connection.ops.integer_field_range("PositiveIntegerField")
    assert begin_epoch(document_id=document.id).new < min(high or 2**31, 2**31)
    assert low == 0


def test_server_writes_under_another_client_from_then_on(text_document, alice):
    apply_ops(document=text_document, ops=[{"insert": "é 😀", "at": 0}], author=alice)
    old = text_document.server_client
    begin_epoch(document_id=text_document.id)
    text_document.refresh_from_db()
    assert text_document.server_client != old
    assert apply_ops(document=text_document, ops=[{"insert": "!", "at": 3}], author=alice) == 2


def test_there_is_no_epoch_of_what_does_not_exist(db):
    with pytest.raises(DocumentMissing):
        begin_epoch(document_id=Document().id)


def test_command_says_what_it_did(document, text_document, writer):
    writer(text_document).type("é")
    said, _ = run(text_document.id)
    new = epoch_of(text_document)
    assert said == f"{text_document.id}: epoch {new}, was 1; clients start from seq 1.\n"
    assert epoch_of(document) == 1


def test_all_means_the_trash_too_and_asks_first(document, text_document, monkeypatch):
    trash_document(document=document)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run(all=True)
    assert {epoch_of(document), epoch_of(text_document)} == {1}
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    said, _ = run(all=True)
    assert said.count("epoch") == 2
    assert 1 not in {epoch_of(document), epoch_of(text_document)}


def test_all_without_input_does_not_ask(document, monkeypatch):
    monkeypatch.delattr("builtins.input")
    run("--all", "--no-input")
    assert epoch_of(document) != 1


def test_documents_are_named_or_all_are_meant(document):
    for arguments in ([], [document.id, "--all"]):
        with pytest.raises(CommandError, match="or say --all"):
            run(*arguments)
    assert epoch_of(document) == 1


def test_missing_one_does_not_hold_up_the_others(document):
    missing = Document().id
    with pytest.raises(CommandError, match="1 of 2 documents do not exist"):
        run(missing, document.id)
    assert epoch_of(document) != 1
