import pytest

from documents.models import Document, Update


def duplicate(document):
    return f"/api/v1/documents/{document.id}/duplicate/"


@pytest.mark.parametrize("who", ["alice", "vera"])
def test_whoever_reads_may_have_a_copy_of_their_own(api, text_document, request, writer, who):
    typist = writer(text_document)
    typist.type("é ")
    typist.type("😀")
    client = api(request.getfixturevalue(who))
    answer = client.post(duplicate(text_document))
    assert answer.status_code == 201
    made = answer.json()
    assert made["id"] != str(text_document.id)
    assert (made["title"], made["role"]) == ("Copy of Plain é", "owner")
    assert made["owner"]["username"] == who
    content = client.get(f"/api/v1/documents/{made['id']}/content/").json()
    assert (content["kind"], content["seq"], content["text"]) == ("text", 1, "é 😀")


def test_copy_goes_its_own_way(api, text_document, alice, writer):
    writer(text_document).type("é")
    made = api(alice).post(duplicate(text_document)).json()
    writer(Document.objects.get(id=made["id"])).type(" copy")
    answer = api(alice).get(f"/api/v1/documents/{text_document.id}/content/")
    assert answer.json()["text"] == "é"


def test_copy_can_have_a_title(api, text_document, alice):
    answer = api(alice).post(duplicate(text_document), {"title": "Zwei 😀"}, format="json")
    assert answer.json()["title"] == "Zwei 😀"


def test_copy_of_nothing_has_no_log(api, text_document, alice):
    assert api(alice).post(duplicate(text_document)).json()["head_seq"] == 0
    assert not Update.objects.exists()


def test_long_title_is_cut(api, text_document, alice):
    Document.objects.filter(id=text_document.id).update(title="é" * 255)
    title = api(alice).post(duplicate(text_document)).json()["title"]
    assert len(title) == 255


def test_outsiders_get_no_copy(api, text_document, charlie):
    assert api(charlie).post(duplicate(text_document)).status_code == 404


def test_visitors_must_sign_in_for_a_copy(api, text_document):
    Document.objects.filter(id=text_document.id).update(link_reach="anyone")
    assert api(None).post(duplicate(text_document)).status_code == 401
