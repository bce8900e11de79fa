import pytest

from documents.lifecycle import trash_document
from documents.models import Document, Update

TRASH = "/api/v1/documents/trash/"


def address(document, rest=""):
    return f"/api/v1/documents/{document.id}/{rest}"


@pytest.fixture
def trashed(document):
    trash_document(document=document)
    return document


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_only_owners_throw_away(api, document, request, who, status):
    assert api(request.getfixturevalue(who)).delete(address(document)).status_code == status
    document.refresh_from_db()
    assert document.trashed_at is None


def test_throwing_away_tells_everybody_who_has_it_open(
    api, document, alice, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert api(alice).delete(address(document)).status_code == 204
    assert [hint["user"] for hint in hints if hint["type"] == "access"] == [None]


@pytest.mark.parametrize(
    "path", ["", "content/", "export/?format=txt", "members/", "presence/", "versions/"]
)
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_what_is_in_the_trash_is_not_found(api, trashed, request, who, path):
    assert api(request.getfixturevalue(who)).get(address(trashed, path)).status_code == 404


def test_what_is_in_the_trash_cannot_be_edited(api, trashed, alice):
    answer = api(alice).post(address(trashed, "edits/"), {"ops": [{"append": "x"}]}, format="json")
    assert answer.status_code == 404


def test_trash_shows_owners_what_they_threw_away(api, trashed, alice, bob):
    listed = api(alice).get(TRASH).json()
    assert [item["id"] for item in listed["results"]] == [str(trashed.id)]
    assert listed["results"][0]["trashed_at"] is not None
    assert api(bob).get(TRASH).json()["results"] == []
    assert api(alice).get("/api/v1/documents/").json()["results"] == []


def test_owner_brings_it_back_with_its_members(api, trashed, alice, bob):
    answer = api(alice).post(address(trashed, "untrash/"))
    assert answer.status_code == 200
    assert answer.json()["trashed_at"] is None
    assert api(bob).get(address(trashed)).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 404), ("vera", 404), ("charlie", 404), (None, 401)]
)
def test_others_find_nothing_in_the_trash(api, trashed, request, who, status):
    client = api(request.getfixturevalue(who) if who else None)
    assert client.post(address(trashed, "untrash/")).status_code == status
    assert client.delete(address(trashed, "purge/")).status_code == status


def test_purging_leaves_nothing(api, trashed, alice, writer):
    Update.objects.create(
        document=trashed, seq=1, payload=b"\x00\x00", created_at=trashed.created_at
    )
    assert api(alice).delete(address(trashed, "purge/")).status_code == 204
    assert not Document.objects.exists()
    assert not Update.objects.exists()
    assert api(alice).delete(address(trashed, "purge/")).status_code == 404


def test_only_from_the_trash_is_purged(api, document, alice, bob):
    assert api(bob).delete(address(document, "purge/")).status_code == 403
    answer = api(alice).delete(address(document, "purge/"))
    assert answer.status_code == 409
    assert Document.objects.filter(id=document.id).exists()
