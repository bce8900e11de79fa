import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from documents.changes import Topic, key_of, read_revisions
from documents.invitations import invite
from documents.lifecycle import create_document, trash_document
from documents.messages import post_message
from documents.models import (
    Comment,
    Connection,
    Document,
    Invitation,
    Message,
    Process,
    Segment,
    Thread,
    Update,
)
from documents.placing import Anchor
from documents.roles import Role
from documents.snapshots import create_snapshot
from documents.threads import start_thread

MODELS = [
    "document", "membership", "update", "segment", "snapshot", "connection", "process", "comment",
    "message", "invitation",
]  # fmt: skip


@pytest.fixture
def operator(db) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root", password="x"))
    return client


@pytest.fixture
def busy(document, bob, alice, writer) -> Document:
    """A document with something in every table."""
    writer(document, bob).add_paragraph("é 😀")
    create_snapshot(document=document, label="Entwurf", author=alice)
    start_thread(document=document, author=bob, anchor=Anchor(points=(0, 1)), text="Wirklich?")
    Segment.objects.create(document=document, first_seq=2, last_seq=3, payload=b"packed")
    post_message(document=document, author=bob, text="Hallo é 😀")
    invite(
        document=document,
        inviter=alice,
        email="zoe@example.org",
        role=Role.EDITOR,
        url_of=lambda token: f"https://example.org/{token}",
    )
    lease = timezone.now() + timedelta(minutes=1)
    process = Process.objects.create(id=uuid.uuid4(), lease_until=lease)
    for user in [bob, None]:
        Connection.objects.create(
            id=uuid.uuid4(), document=document, user=user, role=Role.EDITOR, process=process,
            since=timezone.now(),
        )  # fmt: skip
    return document


@pytest.mark.parametrize("model", MODELS)
def test_every_table_can_be_listed_and_searched(operator, busy, model):
    address = f"/admin/documents/{model}/"
    assert operator.get(address).status_code == 200
    if model != "process":
        found = operator.get(address, {"q": str(busy.id)})
        assert found.status_code == 200
        assert operator.get(address, {"q": "😀 nonsense"}).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_every_row_can_be_opened(operator, busy, model):
    from django.apps import apps

    row = apps.get_model("documents", model).objects.first()
    assert operator.get(f"/admin/documents/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize(("model", "topic"), [("comment", "threads"), ("message", "messages")])
def test_what_was_said_can_be_deleted_but_not_changed(operator, busy, model, topic):
    from django.apps import apps

    row = apps.get_model("documents", model).objects.get()
    address = f"/admin/documents/{model}/"
    assert operator.post(f"{address}{row.pk}/change/", {"text": "x"}).status_code == 403
    key = key_of(Topic(topic), busy.id)
    before = read_revisions([key])[key]
    if model == "comment":
        deleted = operator.post(f"{address}{row.pk}/delete/", {"post": "yes"})
    else:
        body = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        deleted = operator.post(address, body)
    assert deleted.status_code == 302
    assert not apps.get_model("documents", model).objects.exists()
    # Whoever watches the list hears of it.
    assert read_revisions([key])[key] > before
    assert Thread.objects.count() == (model == "message")
    assert Comment.objects.count() + Message.objects.count() == 1


def test_invitation_is_withdrawn(operator, busy):
    invitation = Invitation.objects.get()
    body = {"action": "withdraw", "_selected_action": [invitation.pk]}
    assert operator.post("/admin/documents/invitation/", body).status_code == 302
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None


def test_list_of_documents_tells_who_owns_and_who_is_there(operator, busy):
    page = operator.get("/admin/documents/document/").content.decode()
    assert 'class="field-owner">alice<' in page
    assert 'class="field-people">3<' in page
    assert 'class="field-connected">2<' in page
    assert f'href="/documents/{busy.id}/"' in page


def test_log_cannot_be_changed(operator, busy):
    update = Update.objects.get()
    assert operator.get("/admin/documents/update/add/").status_code == 403
    assert operator.post(f"/admin/documents/update/{update.pk}/delete/").status_code == 403
    assert operator.post(f"/admin/documents/update/{update.pk}/change/", {}).status_code == 403


@pytest.mark.parametrize("model", ["document", "update", "snapshot", "connection", "membership"])
def test_lists_cost_the_same_whatever_their_length(
    operator, busy, alice, bob, writer, model, django_assert_max_num_queries
):
    for number in range(10):
        made = create_document(owner=alice, title=f"é {number}")
        writer(made, bob).add_paragraph("é")
        create_snapshot(document=made, label=f"v{number}", author=bob)
    with django_assert_max_num_queries(12):
        assert operator.get(f"/admin/documents/{model}/").status_code == 200


def test_changing_who_belongs_reaches_who_has_it_open(
    operator, document, bob, hints, django_capture_on_commit_callbacks
):
    members = {m.user.username: m for m in document.memberships.select_related("user")}
    body = {
        "title": document.title,
        "link_reach": "signed_in",
        "link_role": 1,
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": members["bob"].pk,
        "memberships-0-document": document.pk,
        "memberships-0-user": bob.pk,
        "memberships-0-role": Role.VIEWER.value,
        "connections-TOTAL_FORMS": 0,
        "connections-INITIAL_FORMS": 0,
    }
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(f"/admin/documents/document/{document.pk}/change/", body)
    assert answer.status_code == 302
    assert document.memberships.get(user=bob).role == Role.VIEWER
    assert [hint["user"] for hint in hints if hint["type"] == "access"] == [None]


def test_operator_throws_away_brings_back_and_purges(operator, busy, alice):
    def run(action: str) -> str:
        body = {"action": action, "_selected_action": [str(busy.pk)]}
        answer = operator.post("/admin/documents/document/", body, follow=True)
        return answer.content.decode()

    run("trash")
    busy.refresh_from_db()
    assert busy.trashed_at is not None
    run("untrash")
    busy.refresh_from_db()
    assert busy.trashed_at is None
    assert "delete it first" in run("purge")
    trash_document(document=busy)
    assert "gone for good" in run("purge")
    assert not Document.objects.exists()
