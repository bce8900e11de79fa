"""A document whose log holds a poisonous row is not opened, is reported, and harms no other."""

import logging

import pytest
from pycrdt import Text

from documents import damage
from documents.content import build_document
from documents.damage import report_damage
from documents.edits import apply_ops
from documents.errors import LogDamaged
from documents.lifecycle import create_document
from documents.models import Kind
from documents.snapshots import create_snapshot
from tests.documents.damage import BAD_ROWS, CRASHING, lose_rows, spoil_row, spoil_snapshot

# pycrdt itself refuses these; before the others only the gate stands.
REFUSED = [bad for bad in BAD_ROWS if bad != CRASHING]


@pytest.fixture(autouse=True)
def _nothing_told_yet():
    damage._tell_operator.cache_clear()


@pytest.fixture
def damaged(text_document, writer, alice):
    typist = writer(text_document, alice)
    for text in ["Déjà ", "vu ", "😀"]:
        typist.type(text)
    spoil_row(text_document, 2)
    return text_document


@pytest.fixture
def whole(alice, writer):
    whole = create_document(owner=alice, title="é", kind=Kind.TEXT)
    writer(whole, alice).type("😀")
    return whole


def errors(caplog) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]


@pytest.mark.parametrize("bad", REFUSED)
def test_document_with_a_poisonous_row_is_not_opened(damaged, bad):
    spoil_row(damaged, 2, bad)
    with pytest.raises(LogDamaged):
        build_document(document_id=damaged.id, complete=True)


@pytest.mark.parametrize("bad", [b"", b"\x01\x02\x03"])
def test_document_with_a_broken_snapshot_is_not_opened(whole, alice, bad):
    spoil_snapshot(create_snapshot(document=whole, label="é", author=alice), bad)
    with pytest.raises(LogDamaged):
        build_document(document_id=whole.id, complete=True)


def test_nothing_is_written_into_a_damaged_document(damaged, alice):
    with pytest.raises(LogDamaged):
        apply_ops(document=damaged, ops=[{"insert": "é", "at": 0}], author=alice)
    damaged.refresh_from_db()
    assert damaged.head_seq == 3


def test_other_documents_go_on(damaged, whole, alice, api):
    client = api(alice)
    client.raise_request_exception = False
    answer = client.get(f"/api/v1/documents/{damaged.id}/content/")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert client.get(f"/api/v1/documents/{whole.id}/content/").json()["text"] == "😀"
    assert len(client.get("/api/v1/documents/").json()["results"]) == 2
    assert apply_ops(document=whole, ops=[{"insert": "é", "at": 0}], author=alice) == 2
    assert str(build_document(document_id=whole.id).doc.get("content", type=Text)) == "é😀"


def test_operator_is_told_once_what_is_wrong_and_what_to_do(damaged, caplog):
    for _ in range(3):
        with pytest.raises(LogDamaged) as raised:
            build_document(document_id=damaged.id)
        report = report_damage(damaged.id, raised.value)
        assert isinstance(report, LogDamaged)
        assert str(report).startswith("Its log is damaged: row 2: ")
    (told,) = errors(caplog)
    assert f"Document {damaged.id} is not opened" in told
    assert "row 2: " in told
    assert f"`manage.py verify {damaged.id}`" in told
    assert f"`manage.py salvage {damaged.id}`" in told


def test_each_document_is_reported(damaged, whole, caplog):
    lose_rows(whole, 1)
    for document in (damaged, whole):
        with pytest.raises(LogDamaged) as raised:
            build_document(document_id=document.id)
        report_damage(document.id, raised.value)
    assert [
        str(each.id) in said for each, said in zip([damaged, whole], errors(caplog), strict=True)
    ]
    assert "the log ends at 0; head_seq is 1" in errors(caplog)[1]


def test_what_is_found_nowhere_is_told_as_it_was_said(whole, caplog):
    report = report_damage(whole.id, LogDamaged("The disk hums."))
    assert str(report) == "Its log is damaged: The disk hums."
    assert "The disk hums. `manage.py verify" in errors(caplog)[0]
