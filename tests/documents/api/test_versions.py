import pytest

from documents.models import Snapshot


def versions(document):
    return f"/api/v1/documents/{document.id}/versions/"


def restore(document, version):
    return f"{versions(document)}{version['id']}/restore/"


def keep(client, document, label="Entwurf ü"):
    return client.post(versions(document), {"label": label}, format="json")


def text(client, document):
    return client.get(f"/api/v1/documents/{document.id}/content/").json()["text"]


def test_version_is_kept_restored_and_exported(api, text_document, bob, vera, writer):
    client, typist = api(bob), writer(text_document)
    typist.type("é old")
    answer = keep(client, text_document)
    assert answer.status_code == 201
    version = answer.json()
    assert version["label"] == "Entwurf ü"
    assert version["seq"] == 1
    assert version["author"] == {"username": "bob", "name": "Bob"}
    assert "state" not in version
    typist.type(" new 😀")
    export = f"/api/v1/documents/{text_document.id}/export/?format=txt&version={version['id']}"
    assert api(vera).get(export).content.decode() == "é old"
    assert text(client, text_document) == "é old new 😀"
    assert client.post(restore(text_document, version)).json() == {"seq": 3}
    assert text(client, text_document) == "é old"


def test_versions_are_listed_newest_first_without_the_automatic_ones(
    api, text_document, bob, vera, writer
):
    client = api(bob)
    keep(client, text_document, "one")
    writer(text_document).type("é")
    keep(client, text_document, "two 😀")
    Snapshot.objects.create(document=text_document, seq=1, state=b"\x00\x00")
    listed = api(vera).get(versions(text_document)).json()["results"]
    assert [(v["label"], v["seq"]) for v in listed] == [("two 😀", 1), ("one", 0)]


@pytest.mark.parametrize(("who", "status"), [("vera", 403), ("charlie", 404), (None, 401)])
def test_only_editors_keep_and_restore(api, text_document, bob, request, who, status):
    version = keep(api(bob), text_document).json()
    client = api(request.getfixturevalue(who) if who else None)
    assert keep(client, text_document).status_code == status
    assert client.post(restore(text_document, version)).status_code == status


@pytest.mark.parametrize("label", ["", "   ", "x" * 256, None])
def test_version_needs_a_label(api, text_document, bob, label):
    answer = keep(api(bob), text_document, label)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["label"]


def test_version_of_another_document_is_not_found(api, document, text_document, bob):
    client = api(bob)
    version = keep(client, document).json()
    assert client.post(restore(text_document, version)).status_code == 404
    export = f"/api/v1/documents/{text_document.id}/export/?format=txt&version={version['id']}"
    assert client.get(export).status_code == 404


@pytest.mark.parametrize("version", [0, 10**30])
def test_unknown_version_is_not_found(api, text_document, bob, version):
    client = api(bob)
    assert client.post(restore(text_document, {"id": version})).status_code == 404
    export = f"/api/v1/documents/{text_document.id}/export/?format=txt&version={version}"
    assert client.get(export).status_code == 404


def test_list_costs_the_same_whatever_its_length(
    api, text_document, bob, django_assert_max_num_queries
):
    client = api(bob)
    for number in range(10):
        keep(client, text_document, str(number))
    with django_assert_max_num_queries(5):
        assert len(client.get(versions(text_document)).json()["results"]) == 10
