import uuid
from datetime import timedelta

from django.utils import timezone

from documents.models import Connection, Process
from documents.roles import Role


def presence(document):
    return f"/api/v1/documents/{document.id}/presence/"


def connect(document, user, *, lease_seconds=15, role=Role.EDITOR):
    now = timezone.now()
    process = Process.objects.create(
        id=uuid.uuid4(), lease_until=now + timedelta(seconds=lease_seconds)
    )
    return Connection.objects.create(
        id=uuid.uuid4(), document=document, user=user, role=role, process=process, since=now
    )


def test_roster_holds_who_is_here_in_any_process(api, document, bob, vera):
    first, second = connect(document, bob), connect(document, None, role=Role.VIEWER)
    listed = api(vera).get(presence(document)).json()["results"]
    assert [entry["connection"] for entry in listed] == [str(first.id), str(second.id)]
    assert listed[0]["user"] == {"username": "bob", "name": "Bob"}
    assert listed[0]["role"] == "editor"
    assert listed[1]["user"] is None
    assert set(listed[0]) == {"connection", "user", "role", "since"}


def test_who_was_in_a_process_that_died_is_gone(api, document, bob, vera):
    connect(document, bob, lease_seconds=-1)
    assert api(vera).get(presence(document)).json()["results"] == []


def test_other_documents_do_not_show(api, document, text_document, bob):
    connect(text_document, bob)
    assert api(bob).get(presence(document)).json()["results"] == []


def test_roster_costs_the_same_however_full(api, document, bob, django_assert_max_num_queries):
    for _ in range(10):
        connect(document, bob)
    client = api(bob)
    with django_assert_max_num_queries(5):
        assert len(client.get(presence(document)).json()["results"]) == 10
