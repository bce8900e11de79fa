"""Documents of other editors over REST: each under its own root, and nothing invisible."""

import json
from urllib.parse import quote

import pytest
from pycrdt import Doc, Map

from documents.export import FORMATS
from documents.models import Document
from tests.documents.export.vectors import CASES

DOCUMENTS = "/api/v1/documents/"
MIXED = "text beside a map, an array and rich text"


def content(client, document, root=None, **headers):
    address = f"{DOCUMENTS}{document.id}/content/"
    return client.get(address, {} if root is None else {"root": root}, headers=headers)


def export(client, document, **query):
    return client.get(f"{DOCUMENTS}{document.id}/export/", query)


@pytest.mark.parametrize(
    ("kind", "root", "case", "text"),
    [
        ("richtext", "document-store", "blocknote", "Café 😀\nplain bold red"),
        ("richtext", "prosemirror", "prosemirror", "Café 😀\na b"),
        ("richtext", "root", "lexical", "Café 😀\nplain bold both"),
        ("text", "codemirror", "codemirror", 'let é = "😀"\n'),
        ("text", "quill", "quill", "Café 😀\nplain bold"),
        ("text", "monaco", "monaco", "é\r\n😀\n"),
    ],
)
def test_document_of_any_editor_is_served_from_its_root(api, create, alice, kind, root, case, text):
    answer = content(api(alice), create(kind, root, case)).json()
    assert (answer["kind"], answer["root"], answer["seq"]) == (kind, root, 1)
    assert answer["type"] == ("xml" if kind == "richtext" else "text")
    assert answer["roots"] == {root: {"type": answer["type"]}}
    assert answer["text"].startswith(text)
    assert ("content" in answer) is (kind == "richtext")


def test_quill_keeps_its_formats(api, create, alice):
    answer = content(api(alice), create("text", "quill", "quill")).json()
    assert answer["delta"] == CASES["quill"]["delta"]


@pytest.mark.parametrize("kind", ["text", "richtext"])
def test_drawing_is_served_as_json(api, create, alice, kind):
    document = create(kind, "shapes", "drawing")
    answer = content(api(alice), document).json()
    assert (answer["type"], answer["value"]) == ("array", CASES["drawing"]["values"]["shapes"])
    assert not answer.keys() & {"text", "content", "delta"}
    exported = export(api(alice), document, format="json")
    assert json.loads(exported.content) == answer["value"]
    assert exported["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("codemirror", {"type": "text", "text": "é"}),
        ("meta", {"type": "map", "value": {"language": "python"}}),
        ("tags", {"type": "array", "value": ["a", "b"]}),
        ("emptied", {"type": "empty", "text": ""}),
    ],
)
def test_every_root_can_be_asked_for(api, create, alice, root, expected):
    document = create("text", "codemirror", MIXED)
    answer = content(api(alice), document, root).json()
    roots = answer.pop("roots")
    assert answer == {"kind": "text", "root": root, "seq": 1, **expected}
    assert {name: entry["type"] for name, entry in roots.items()} == {
        "codemirror": "text",
        "emptied": "empty",
        "meta": "map",
        "notes": "xml",
        "tags": "array",
    }


@pytest.mark.parametrize("chosen", FORMATS)
def test_export_of_another_root_is_of_that_root(api, create, alice, chosen):
    document = create("text", "codemirror", MIXED)
    exported = export(api(alice), document, format=chosen, root="notes")
    assert exported.status_code == 200
    assert "é😀".encode() in exported.content


def test_version_is_exported_root_by_root(api, create, alice):
    document = create("text", "codemirror", MIXED)
    address = f"{DOCUMENTS}{document.id}/versions/"
    version = api(alice).post(address, {"label": "é"}, format="json").json()["id"]
    query = {"format": "json", "version": version}
    assert json.loads(export(api(alice), document, root="tags", **query).content) == ["a", "b"]
    assert export(api(alice), document, root="nope", **query).status_code == 404


@pytest.mark.parametrize("chosen", ["txt", "md", "html"])
def test_map_as_text_is_refused_with_what_to_do(api, create, alice, chosen):
    answer = export(api(alice), create("text", "meta", "drawing"), format=chosen)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert "json" in answer.json()["detail"]


@pytest.mark.parametrize("root", ["nope", "", "é😀/../x", "x" * 3000])
def test_unknown_root_is_404_and_says_which_there_are(api, create, alice, root):
    document = create("text", "codemirror", MIXED)
    for answer in (
        content(api(alice), document, root),
        export(api(alice), document, root=root, format="yjs"),
    ):
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert "“codemirror”, “emptied”, “meta”" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["", " é😀 & ?/", "a%20b"])
def test_root_may_have_any_name(api, create, alice, name):
    document = create("text", "codemirror")
    made: Doc = Doc()
    made[name] = Map({"a": 1})
    address = f"{DOCUMENTS}{document.id}/updates/"
    api(alice).post(address, made.get_update(), content_type="application/octet-stream")
    answer = api(alice).get(f"{DOCUMENTS}{document.id}/content/?root={quote(name, safe='')}")
    assert (answer.json()["root"], answer.json()["value"]) == (name, {"a": 1})


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 200), ("charlie", 404), (None, 401)]
)
def test_who_may_read_may_read_every_root(api, text_document, request, who, status):
    client = api(request.getfixturevalue(who) if who else None)
    assert content(client, text_document, "content").status_code == status
    assert content(client, text_document, "nope").status_code == (404 if status == 200 else status)
    answer = export(client, text_document, root="content", format="txt")
    assert answer.status_code == status


def test_known_content_of_a_root_is_not_sent_again(api, create, alice):
    document = create("text", "codemirror", MIXED)
    first = content(api(alice), document, "meta")
    assert first["ETag"] == '"1"'
    again = content(api(alice), document, "meta", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_roots_cost_no_more_queries(api, create, alice, django_assert_num_queries):
    few, many = create("text", "codemirror", "codemirror"), create("text", "codemirror", MIXED)
    client = api(alice)
    counts = []
    for document in (few, many):
        with django_assert_num_queries(7) as queries:
            content(client, document)
        counts.append(len(queries))
    with django_assert_num_queries(counts[0]):
        content(client, many, "meta")


def test_edits_go_to_the_root_of_the_document(api, create, alice):
    document = create("text", "quill", "quill")
    address = f"{DOCUMENTS}{document.id}/edits/"
    body = {"ops": [{"insert": "😀 ", "at": 0}]}
    assert api(alice).post(address, body, format="json").json() == {"seq": 2}
    answer = content(api(alice), document).json()
    assert answer["text"].startswith("😀 Café 😀\n")
    assert answer["delta"][1] == {"insert": "\n", "attributes": {"header": 1}}


def test_markdown_is_written_into_blocknote_in_its_own_words(api, create, alice):
    document = create("richtext", "document-store", "blocknote")
    address = f"{DOCUMENTS}{document.id}/edits/"
    api(alice).post(address, {"ops": [{"append": "- [ ] é"}]}, format="json")
    group = content(api(alice), document).json()["content"]["content"]
    assert [block["type"] for block in group] == ["blockGroup"]
    assert group[0]["content"][-1]["content"][0]["type"] == "checkListItem"
    assert export(api(alice), document, format="md").content.decode().endswith("- [ ] é\n")


@pytest.mark.parametrize("root", ["shapes", "meta"])
def test_edit_of_a_drawing_is_refused(api, create, alice, root):
    document = create("text", root, "drawing")
    address = f"{DOCUMENTS}{document.id}/edits/"
    answer = api(alice).post(address, {"ops": [{"replace": "x"}]}, format="json")
    assert answer.status_code == 400
    assert f"“{root}” holds something else" in answer.json()["detail"]


def test_nested_beyond_the_bound_is_refused_and_the_rest_is_served(api, create, alice):
    document = create("text", "codemirror", "codemirror")
    deep: Doc = Doc(client_id=7)
    deep["deep"] = inner = Map()
    with deep.transaction():
        for _ in range(5000):
            inner["é"] = Map()
            inner = inner["é"]
    address = f"{DOCUMENTS}{document.id}/updates/"
    api(alice).post(address, deep.get_update(), content_type="application/octet-stream")
    answer = content(api(alice), document, "deep")
    assert answer.status_code == 400
    assert "yjs" in answer.json()["detail"]
    assert content(api(alice), document).json()["roots"]["deep"] == {"type": "map"}


def test_copy_has_every_root(api, create, alice):
    document = create("text", "codemirror", MIXED)
    made = api(alice).post(f"{DOCUMENTS}{document.id}/duplicate/").json()
    copy = Document.objects.get(id=made["id"])
    there, here = (content(api(alice), each).json()["roots"] for each in (copy, document))
    assert there == here
