import pytest
from pycrdt import Doc, Text

from documents import crdt
from documents.api import parsers
from documents.content import build_document
from documents.log import read_since
from documents.models import Document
from documents.roles import Role


def edits(document):
    return f"/api/v1/documents/{document.id}/edits/"


def updates(document):
    return f"/api/v1/documents/{document.id}/updates/"


def send(client, document, update, content_type="application/octet-stream"):
    return client.post(updates(document), update, content_type=content_type)


def text_of(document) -> str:
    return str(build_document(document_id=document.id).doc.get("content", type=Text))


def written(text: str, client_id: int = 7) -> bytes:
    doc: Doc = Doc(client_id=client_id)
    doc.get("content", type=Text).insert(0, text)
    return doc.get_update()


def test_operations_are_applied_in_order(api, text_document, bob):
    client = api(bob)
    ops = [{"insert": "Héllo 😀 world", "at": 0}, {"delete": 1, "at": 6}, {"insert": "😎", "at": 6}]
    answer = client.post(edits(text_document), {"ops": ops}, format="json")
    assert answer.status_code == 200
    assert answer.json() == {"seq": 1}
    assert text_of(text_document) == "Héllo 😎 world"
    (row,) = read_since(document_id=text_document.id, seq=0)
    assert (row.author_id, row.client) == (bob.pk, text_document.server_client)


def test_following_edits_are_of_the_same_client(api, text_document, bob):
    client = api(bob)
    for number in range(3):
        ops = [{"insert": str(number), "at": number}]
        assert client.post(edits(text_document), {"ops": ops}, format="json").json() == {
            "seq": number + 1
        }
    assert text_of(text_document) == "012"
    doc = build_document(document_id=text_document.id).doc
    assert crdt.clocks_of(doc) == {text_document.server_client: 3}


def test_rich_text_takes_markdown(api, document, bob):
    ops = [{"append": "# Café 😀"}, {"append": "two *words*"}]
    client = api(bob)
    assert client.post(edits(document), {"ops": ops}, format="json").status_code == 200
    exported = client.get(f"/api/v1/documents/{document.id}/export/?format=md")
    assert exported.content.decode().strip() == "# Café 😀\n\ntwo *words*"


@pytest.mark.parametrize(
    "ops",
    [
        [],
        "text",
        [{"insert": "x", "at": 99}],
        [{"delete": 1, "at": 0}],
        [{"insert": "x", "at": -1}],
        [{"append": "markdown"}],
        [{"insert": "ok", "at": 0}, {"explode": True}],
        [{}],
        ["insert"],
    ],
)
def test_bad_operation_is_refused_and_none_is_applied(api, text_document, bob, ops):
    answer = api(bob).post(edits(text_document), {"ops": ops}, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert read_since(document_id=text_document.id, seq=0) == []


def test_positions_in_rich_text_are_unsupported(api, document, bob):
    answer = api(bob).post(edits(document), {"ops": [{"insert": "x", "at": 0}]}, format="json")
    assert answer.status_code == 400


def test_edit_goes_out_to_who_has_it_open(
    api, text_document, bob, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        api(bob).post(edits(text_document), {"ops": [{"replace": "é 😀"}]}, format="json")
    (hint,) = hints
    assert (hint["type"], hint["origin"], hint["last_seq"]) == ("appended", "", 1)
    ((payload, author),) = hint["rows"]
    doc: Doc = Doc()
    doc.apply_update(payload)
    assert str(doc.get("content", type=Text)) == "é 😀"
    assert author == bob.pk


def test_raw_update_is_appended_for_its_author(api, text_document, bob):
    answer = send(api(bob), text_document, written("é 😀"))
    assert answer.status_code == 200
    assert answer.json() == {"seq": 1}
    assert text_of(text_document) == "é 😀"
    (row,) = read_since(document_id=text_document.id, seq=0)
    assert (row.author_id, row.client) == (bob.pk, 7)


def test_update_that_changes_nothing_answers_with_the_head(api, text_document, bob, hints):
    client = api(bob)
    send(client, text_document, written("é"))
    for same in [written("é"), b"\x00\x00"]:
        assert send(client, text_document, same).json() == {"seq": 1}
    assert len(read_since(document_id=text_document.id, seq=0)) == 1


def test_update_without_its_predecessors_is_a_conflict(api, text_document, bob):
    update = bytes.fromhex("01010102c401000101016300")
    answer = send(api(bob), text_document, update)
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert read_since(document_id=text_document.id, seq=0) == []


def test_other_content_under_the_same_client_id_is_a_conflict(api, text_document, bob):
    client = api(bob)
    send(client, text_document, written("é 😀"))
    answer = send(client, text_document, written("other"))
    assert answer.status_code == 409
    assert "client id" in answer.json()["detail"]
    assert text_of(text_document) == "é 😀"
    assert send(client, text_document, written("é 😀 and more")).json() == {"seq": 2}


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"\x01",
        b"not an update",
        bytes.fromhex("01010bffffffff0f04010174016100"),
        bytes.fromhex("010205ffffffff0f04010174016104010174016200"),
        bytes.fromhex("010105000801017401") + b"u\x01" * 26_250 + b"~\x00",
        bytes.fromhex("01010705008094ebdc0300"),
    ],
)
def test_hostile_update_is_refused_and_leaves_nothing(api, text_document, bob, update):
    answer = send(api(bob), text_document, update)
    assert answer.status_code in {400, 409}
    assert answer["Content-Type"] == "application/problem+json"
    assert read_since(document_id=text_document.id, seq=0) == []
    assert send(api(bob), text_document, written("é", client_id=11)).status_code == 200


def test_update_comes_as_bytes(api, text_document, bob):
    answer = send(api(bob), text_document, b"{}", content_type="application/json")
    assert answer.status_code == 415


def test_too_large_an_update_is_refused(api, text_document, bob, monkeypatch):
    monkeypatch.setattr(parsers, "MAX_UPDATE_BYTES", 1000)
    assert send(api(bob), text_document, written("x" * 1000)).status_code == 413


@pytest.mark.parametrize(
    ("who", "status"),
    [("alice", 200), ("bob", 200), ("vera", 403), ("charlie", 404), (None, 401)],
)
def test_who_may_edit(api, text_document, request, who, status):
    client = api(request.getfixturevalue(who) if who else None)
    assert send(client, text_document, written("é")).status_code == status
    body = {"ops": [{"replace": "😀"}]}
    assert client.post(edits(text_document), body, format="json").status_code == status


def test_visitor_whom_the_link_makes_an_editor_may_edit(api, text_document):
    Document.objects.filter(id=text_document.id).update(link_reach="anyone", link_role=Role.EDITOR)
    answer = api(None).post(edits(text_document), {"ops": [{"replace": "é"}]}, format="json")
    assert answer.status_code == 200
    assert read_since(document_id=text_document.id, seq=0)[0].author_id is None
