import json

import pytest
from pycrdt import Doc, Text

from documents.models import Document, Update
from documents.roles import Role


def content(document):
    return f"/api/v1/documents/{document.id}/content/"


def export(document, **query):
    return f"/api/v1/documents/{document.id}/export/?" + "&".join(
        f"{key}={value}" for key, value in query.items()
    )


def test_text_is_served_as_committed(api, text_document, vera, writer):
    writer(text_document).type("é 😀")
    answer = api(vera).get(content(text_document))
    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "text",
        "root": "content",
        "type": "text",
        "seq": 1,
        "text": "é 😀",
        "roots": {"content": {"type": "text"}},
    }
    assert answer["ETag"] == '"1"'


def test_rich_text_comes_as_text_and_as_tiptap_json(api, document, vera, writer):
    writer(document).add_paragraph("é 😀")
    answer = api(vera).get(content(document)).json()
    assert answer["text"] == "é 😀"
    assert answer["content"]["type"] == "doc"
    assert answer["content"]["content"][0]["content"] == [{"type": "text", "text": "é 😀"}]


def test_document_without_a_word_is_empty(api, text_document, alice):
    answer = api(alice).get(content(text_document)).json()
    assert (answer["seq"], answer["text"]) == (0, "")
    assert answer["roots"] == {"content": {"type": "text"}}


def test_known_content_is_not_sent_again(api, text_document, alice, writer):
    typist = writer(text_document)
    typist.type("é")
    client = api(alice)
    for known in ['"1"', 'W/"1"', '"0", "1"', "*"]:
        answer = client.get(content(text_document), headers={"If-None-Match": known})
        assert answer.status_code == 304
        assert answer.content == b""
    typist.type("😀")
    assert client.get(content(text_document), headers={"If-None-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize("path", ["content/", "export/?format=txt", "presence/", "versions/"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("alice", 200), ("bob", 200), ("vera", 200), ("charlie", 404), (None, 401)],
)
def test_who_may_read_may_read_everything(api, document, request, path, who, status):
    user = request.getfixturevalue(who) if who else None
    answer = api(user).get(f"/api/v1/documents/{document.id}/{path}")
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["", "content/", "export/?format=txt", "presence/", "versions/"])
def test_link_lets_visitors_read_everything(api, document, path):
    Document.objects.filter(id=document.id).update(link_reach="anyone", link_role=Role.VIEWER)
    assert api(None).get(f"/api/v1/documents/{document.id}/{path}").status_code == 200


@pytest.mark.parametrize(
    ("chosen", "media_type", "expected"),
    [
        ("txt", "text/plain; charset=utf-8", "é 😀"),
        ("md", "text/markdown; charset=utf-8", "é 😀"),
        ("html", "text/html; charset=utf-8", "<p>é 😀</p>"),
    ],
)
def test_export_is_a_file_of_its_format(api, document, vera, writer, chosen, media_type, expected):
    writer(document).add_paragraph("é 😀")
    answer = api(vera).get(export(document, format=chosen))
    assert answer.status_code == 200
    assert answer["Content-Type"] == media_type
    assert expected in answer.content.decode()
    assert answer["Content-Disposition"] == (
        f'attachment; filename="Caf_ _.{chosen}"; '
        f"filename*=UTF-8''Caf%C3%A9%20%F0%9F%98%80.{chosen}"
    )


def test_export_as_json_is_the_tiptap_document(api, document, vera, writer):
    writer(document).add_paragraph("é")
    answer = api(vera).get(export(document, format="json"))
    assert json.loads(answer.content)["type"] == "doc"


def test_export_as_yjs_is_the_whole_state(api, text_document, vera, writer):
    writer(text_document).type("é 😀")
    answer = api(vera).get(export(text_document, format="yjs"))
    copy: Doc = Doc()
    copy.apply_update(answer.content)
    assert str(copy.get("content", type=Text)) == "é 😀"


@pytest.mark.parametrize("query", [{"format": "wav"}, {}, {"format": "txt", "version": "x"}])
def test_bad_export_says_what_to_choose(api, document, vera, query):
    answer = api(vera).get(export(document, **query))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"]


def test_accept_header_neither_chooses_nor_refuses(api, document, vera):
    answer = api(vera).get(export(document, format="md"), headers={"Accept": "text/markdown"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/markdown")


def test_damaged_log_is_never_served(api, text_document, vera, writer):
    typist = writer(text_document)
    typist.type("é")
    typist.type("😀")
    Update.objects.filter(document=text_document, seq=1).delete()
    client = api(vera)
    client.raise_request_exception = False
    answer = client.get(content(text_document))
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "row" not in answer.json()["detail"]
