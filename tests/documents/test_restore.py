import threading

import pytest
from django.db import connection
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents import crdt, edits
from documents.content import build_document
from documents.edits import restore_snapshot
from documents.errors import DocumentMissing, HeadMoved
from documents.export import plain_text, render
from documents.lifecycle import create_document, trash_document
from documents.log import append_updates, read_since
from documents.models import Snapshot
from documents.snapshots import create_snapshot


def export(document, chosen="html") -> str:
    doc = build_document(document_id=document.id).doc
    exported = render(doc=doc, kind=document.kind, root=document.root, title="", format=chosen)
    return exported.decode()


def restore(document, version, author) -> int:
    return restore_snapshot(document=document, snapshot=version, author=author)


def keep(document, author) -> Snapshot:
    return create_snapshot(document=document, label="kept", author=author)


def test_text_is_as_it_was(text_document, writer, alice, bob):
    typist = writer(text_document, bob)
    typist.type("Héllo 😀 wörld")
    version = keep(text_document, alice)
    typist.change(lambda: typist.text.__delitem__(slice(0, 6)))
    typist.type(" and more")
    typist.change(typist.text.clear)
    assert restore(text_document, version, alice) == 5
    assert export(text_document, "txt") == "Héllo 😀 wörld"
    row = read_since(document_id=text_document.id, seq=4)[0]
    assert (row.author_id, row.client) == (alice.pk, text_document.server_client)


def test_rich_text_is_as_it_was(document, writer, alice):
    typist = writer(document)
    typist.add_paragraph("é one")
    typist.add_paragraph("😀 two")
    fragment = typist.fragment
    word = fragment.children[0].children[0]
    typist.change(lambda: word.format(0, 2, {"bold": {}}))
    typist.change(lambda: fragment.children[1].attributes.__setitem__("textAlign", "right"))
    version, before = keep(document, alice), export(document)

    typist.change(lambda: word.format(0, 2, {"bold": None}))
    typist.change(lambda: word.format(3, 3, {"italic": {}}))
    typist.change(lambda: fragment.children[1].attributes.__setitem__("textAlign", "left"))
    typist.change(lambda: fragment.children.insert(0, XmlElement("horizontalRule")))
    typist.change(lambda: fragment.children.__delitem__(1))
    typist.add_paragraph("three")
    assert export(document) != before
    restore(document, version, alice)
    assert export(document) == before


def test_every_root_is_as_it_was(text_document, writer, alice):
    typist = writer(text_document)
    typist.type("é")
    settings = typist.doc.get("settings", type=Map)
    board = typist.doc.get("board", type=Array)
    page = typist.doc.get("page", type=XmlFragment)
    typist.change(lambda: settings.update({"colour": "red", "size": 1}))
    typist.change(lambda: board.extend(["a", Map({"x": 1})]))
    typist.change(lambda: page.children.append(XmlElement("p", {}, [XmlText("old 😀")])))
    version = keep(text_document, alice)

    typist.change(lambda: settings.update({"colour": "blue", "new": True}))
    typist.change(lambda: settings.pop("size"))
    typist.change(lambda: board.pop(0))
    typist.change(lambda: page.children[0].children[0].insert(0, "new "))
    later = typist.doc.get("later", type=Text)
    typist.change(lambda: later.insert(0, "born after the version"))
    restore(text_document, version, alice)

    doc = build_document(document_id=text_document.id).doc
    assert doc.get("settings", type=Map).to_py() == {"colour": "red", "size": 1.0}
    assert doc.get("board", type=Array).to_py() == ["a", {"x": 1.0}]
    assert str(doc.get("page", type=XmlFragment)) == "<p>old 😀</p>"
    assert str(doc.get("later", type=Text)) == ""


def test_first_version_brings_the_empty_document_back(text_document, writer, alice):
    version = keep(text_document, alice)
    writer(text_document).type("é 😀")
    restore(text_document, version, alice)
    assert export(text_document, "txt") == ""


def test_restore_of_what_is_there_changes_nothing(text_document, writer, alice):
    writer(text_document).type("é")
    version = keep(text_document, alice)
    assert restore(text_document, version, alice) == 1
    assert len(read_since(document_id=text_document.id, seq=0)) == 1


def test_restore_can_itself_be_taken_back(text_document, writer, alice):
    typist = writer(text_document)
    typist.type("old é")
    old = keep(text_document, alice)
    typist.change(typist.text.clear)
    typist.type("new 😀")
    new = keep(text_document, alice)
    for version, expected in [(old, "old é"), (new, "new 😀"), (old, "old é"), (new, "new 😀")]:
        restore(text_document, version, alice)
        assert export(text_document, "txt") == expected


def test_editor_who_was_away_loses_nothing_written_meanwhile(text_document, writer, alice):
    typist = writer(text_document)
    typist.type("kept")
    version = keep(text_document, alice)
    typist.type(" gone")
    away = writer(text_document)
    restore(text_document, version, alice)
    away.type(" é offline")
    assert export(text_document, "txt") == "kept é offline"


def test_live_editor_sees_the_restore_as_an_edit(text_document, writer, alice):
    typist = writer(text_document)
    typist.type("kept é")
    version = keep(text_document, alice)
    typist.type(" gone")
    seq = restore(text_document, version, alice)
    row = read_since(document_id=text_document.id, seq=seq - 1)[0]
    typist.doc.apply_update(row.payload)
    assert str(typist.text) == "kept é"


def test_restore_goes_out_to_who_has_it_open(
    text_document, writer, alice, hints, django_capture_on_commit_callbacks
):
    typist = writer(text_document)
    version = keep(text_document, alice)
    typist.type("é")
    with django_capture_on_commit_callbacks(execute=True):
        seq = restore(text_document, version, alice)
    (hint,) = hints
    assert (hint["type"], hint["first_seq"], hint["last_seq"]) == ("appended", seq, seq)
    assert hint["rows"][0][1] == alice.pk


def test_what_is_in_the_trash_is_not_restored(text_document, writer, alice):
    version = keep(text_document, alice)
    writer(text_document).type("é")
    trash_document(document=text_document)
    with pytest.raises(DocumentMissing):
        restore(text_document, version, alice)


def test_lost_races_are_run_again_and_the_last_one_holds_the_row(
    text_document, writer, alice, monkeypatch
):
    typist = writer(text_document)
    typist.type("kept é")
    version = keep(text_document, alice)
    typist.type("!")
    races = []

    def append_late(**kwargs):
        # Somebody types between the computing and the append, as long as nobody holds the row.
        if len(races) < edits.ATTEMPTS_OUTSIDE_THE_LOCK:
            races.append(typist.type("?"))
            with pytest.raises(HeadMoved):
                append_updates(**kwargs)
            raise HeadMoved
        return append_updates(**kwargs)

    monkeypatch.setattr(edits, "append_updates", append_late)
    seq = restore(text_document, version, alice)
    assert len(races) == 3
    assert seq == races[-1] + 1
    assert export(text_document, "txt") == "kept é"


@pytest.mark.django_db(transaction=True)
def test_restore_in_the_middle_of_typing_undoes_exactly_what_came_before_it(
    alice, bob, vera, writer
):
    document = create_document(owner=alice, kind="text")
    typist = writer(document)
    typist.type("kept 😀")
    version = keep(document, alice)
    failures, started = [], threading.Event()

    def type_on() -> None:
        try:
            mine = writer(document)
            for number in range(30):
                mine.type(f"[{number}]")
                started.set()
        except Exception as error:  # noqa: BLE001 (reported by the test)
            failures.append(error)
        finally:
            started.set()
            connection.close()

    thread = threading.Thread(target=type_on)
    thread.start()
    started.wait()
    seq = restore(document, version, alice)
    thread.join()
    assert failures == []
    before = build_document(document_id=document.id, at=seq).doc
    assert plain_text(doc=before, kind="text", root="content") == "kept 😀"
    # What was typed after it stands, each word once.
    rows = read_since(document_id=document.id, seq=seq)
    text = export(document, "txt")
    assert text.startswith("kept 😀")
    assert text.count("[") == len(rows)


def test_rewinding_answers_with_one_update_of_the_given_client():
    doc: Doc = Doc(client_id=1)
    text = doc.get("content", type=Text)
    text += "é"
    old = crdt.encode(doc)
    text += " 😀"
    text.format(0, 2, {"bold": True})
    update = crdt.rewind(doc, to=old, client_id=99)
    doc.apply_update(update)
    assert text.diff() == [("é", None)]
    assert crdt.rewind(doc, to=crdt.encode(doc), client_id=99) == crdt.EMPTY_UPDATE
