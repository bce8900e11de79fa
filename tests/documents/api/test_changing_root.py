"""Another root moves nothing: it is where content, exports and edits look from then on."""

import pytest

from documents.api import content as content_api
from documents.edits import change_root
from documents.log import read_since
from documents.models import Document
from documents.roles import Role

DOCUMENTS = "/api/v1/documents/"
MIXED = "text beside a map, an array and rich text"


def content(client, document, root=None, **headers):
    address = f"{DOCUMENTS}{document.id}/content/"
    return client.get(address, {} if root is None else {"root": root}, headers=headers)


def change(client, document, body):
    return client.patch(f"{DOCUMENTS}{document.id}/", body, format="json")


def test_root_can_be_set_right_afterwards(api, create, alice):
    document = create("richtext", "", "blocknote")
    assert content(api(alice), document).json()["text"] == ""
    answer = change(api(alice), document, {"root": "document-store"})
    assert answer.status_code == 200
    assert (answer.json()["root"], answer.json()["kind"]) == ("document-store", "richtext")
    assert answer.json()["head_seq"] == 2
    assert content(api(alice), document).json()["text"].startswith("Café 😀")


def test_kind_comes_with_its_root(api, create, alice):
    document = create("richtext", "", "quill")
    answer = change(api(alice), document, {"kind": "text", "root": "quill", "title": "Q"}).json()
    assert (answer["kind"], answer["root"], answer["title"]) == ("text", "quill", "Q")
    back = change(api(alice), document, {"kind": "text", "root": ""}).json()
    assert back["root"] == "content"


def test_another_root_is_another_content_under_another_etag(
    api, create, alice, hints, django_capture_on_commit_callbacks
):
    document = create("text", "codemirror", MIXED)
    known = content(api(alice), document)["ETag"]
    with django_capture_on_commit_callbacks(execute=True):
        change(api(alice), document, {"root": "meta"})
    answer = content(api(alice), document, **{"If-None-Match": known})
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert answer.json()["type"] == "map"
    (row,) = read_since(document_id=document.id, seq=1)
    assert (row.payload, row.author_id, row.client) == (b"\x00\x00", alice.pk, None)
    assert [hint["last_seq"] for hint in hints if hint["type"] == "appended"] == [2]


def test_change_while_the_content_is_built_is_never_served_as_the_old_one(
    api, create, alice, monkeypatch
):
    document = create("text", "codemirror", MIXED)
    build = content_api.build_document

    def build_later(**chosen):
        change_root(document=document, kind="text", root="meta", author=alice)
        return build(**chosen)

    monkeypatch.setattr(content_api, "build_document", build_later)
    answer = content(api(alice), document)
    assert (answer["ETag"], answer.json()["root"]) == ('"2"', "meta")


def test_same_root_again_changes_nothing(api, create, alice):
    document = create("text", "codemirror", MIXED)
    answer = change(api(alice), document, {"root": "codemirror", "kind": "text"})
    assert (answer.status_code, answer.json()["head_seq"]) == (200, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"kind": "text", "title": "é"}, "kind"),
        ({"root": "x" * 65}, "root"),
        ({"root": "x", "kind": "spreadsheet"}, "kind"),
        ({"root": None}, "root"),
    ],
)
def test_bad_change_is_refused_and_changes_nothing(api, text_document, alice, body, field):
    answer = change(api(alice), text_document, body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    text_document.refresh_from_db()
    assert (text_document.title, text_document.root, text_document.head_seq) == (
        "Plain é",
        "content",
        0,
    )


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 403), ("charlie", 404), (None, 401)]
)
def test_who_may_edit_may_change_the_root(api, text_document, request, who, status):
    client = api(request.getfixturevalue(who) if who else None)
    assert change(client, text_document, {"root": "codemirror"}).status_code == status
    text_document.refresh_from_db()
    assert text_document.root == ("codemirror" if status == 200 else "content")


def test_visitor_whom_the_link_makes_an_editor_may_change_it(api, text_document):
    Document.objects.filter(id=text_document.id).update(link_reach="anyone", link_role=Role.EDITOR)
    assert change(api(None), text_document, {"root": "codemirror"}).status_code == 200
    assert read_since(document_id=text_document.id, seq=0)[0].author_id is None


def test_edits_after_a_change_go_to_the_new_root(api, text_document, alice, writer):
    writer(text_document).type("é")
    change(api(alice), text_document, {"root": "codemirror"})
    address = f"{DOCUMENTS}{text_document.id}/edits/"
    api(alice).post(address, {"ops": [{"replace": "😀"}]}, format="json")
    text_document.refresh_from_db()
    assert content(api(alice), text_document).json()["text"] == "😀"
    assert content(api(alice), text_document, "content").json()["text"] == "é"
