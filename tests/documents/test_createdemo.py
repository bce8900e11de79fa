import io

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from documents.models import Document

PEOPLE = ["alice", "bob", "vera", "charlie"]


def run() -> str:
    out = io.StringIO()
    call_command("createdemo", stdout=out)
    return out.getvalue()


@pytest.fixture
def _development(settings):
    settings.DEBUG = True


@pytest.mark.usefixtures("_development")
def test_demo_is_created_once(api, db):
    said = run()
    assert all(name in said for name in PEOPLE)
    assert "nothing was created" in run()
    assert Document.objects.count() == 1
    credentials = {"username": "bob", "password": "demo"}
    assert api(None).post("/api/v1/auth/login/", credentials, format="json").status_code == 200


@pytest.mark.usefixtures("_development")
@pytest.mark.parametrize(
    ("who", "role"), [("alice", "owner"), ("bob", "editor"), ("vera", "viewer"), ("charlie", None)]
)
def test_welcome_is_shared_with_some(api, db, who, role):
    run()
    client = api(get_user_model().objects.get(username=who))
    roles = [item["role"] for item in client.get("/api/v1/documents/").json()["results"]]
    assert roles == ([role] if role else [])


@pytest.mark.usefixtures("_development")
def test_welcome_shows_what_a_document_can_hold(api, db):
    run()
    document = Document.objects.get()
    client = api(get_user_model().objects.get(username="alice"))
    content = client.get(f"/api/v1/documents/{document.id}/content/").json()["content"]["content"]
    kinds = {node["type"] for node in content}
    assert {"heading", "paragraph", "blockquote", "taskList", "table", "orderedList", "codeBlock",
            "horizontalRule"} <= kinds  # fmt: skip


@pytest.mark.usefixtures("_development")
def test_database_with_people_in_it_is_left_alone(charlie):
    assert "nothing was created" in run()
    assert get_user_model().objects.count() == 1


def test_demo_is_never_created_in_production(db, settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        run()
    assert not get_user_model().objects.exists()
