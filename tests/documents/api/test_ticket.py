from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from django.utils import timezone

from documents import tickets
from documents.lifecycle import create_document
from documents.models import Document
from documents.tickets import TicketError, issue_ticket, read_ticket


def address(document):
    return f"/api/v1/documents/{document.id}/ticket/"


def test_ticket_names_its_user(api, document, vera):
    answer = api(vera).post(address(document))
    assert answer.status_code == 200
    assert read_ticket(answer.json()["ticket"], document_id=document.id).user_id == vera.pk
    expires_at = datetime.fromisoformat(answer.json()["expires_at"])
    day = timedelta(days=1)
    assert day - timedelta(minutes=1) < expires_at - timezone.now() <= day


def test_ticket_lasts_as_long_as_asked(api, document, vera):
    answer = api(vera).post(address(document), {"expires_in": 60}, format="json")
    expires_at = datetime.fromisoformat(answer.json()["expires_at"])
    assert expires_at - timezone.now() <= timedelta(seconds=60)


@pytest.mark.parametrize("expires_in", [0, -1, 30 * 86400 + 1, "soon", None])
def test_bad_duration_is_refused(api, document, vera, expires_in):
    answer = api(vera).post(address(document), {"expires_in": expires_in}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["expires_in"]


def test_thirty_days_are_the_most(api, document, vera):
    answer = api(vera).post(address(document), {"expires_in": 30 * 86400}, format="json")
    assert answer.status_code == 200


def test_outsiders_and_visitors_get_no_ticket(api, document, charlie):
    assert api(charlie).post(address(document)).status_code == 404
    Document.objects.filter(id=document.id).update(link_reach="anyone")
    assert api(None).post(address(document)).status_code == 401


def test_ticket_is_for_one_document(document, alice):
    other = create_document(owner=alice)
    ticket, _ = issue_ticket(user=alice, document=document)
    with pytest.raises(TicketError, match="another document"):
        read_ticket(ticket, document_id=other.id)


def test_ticket_expires(document, alice, monkeypatch):
    ticket, expires_at = issue_ticket(user=alice, document=document, expires_in_seconds=10)
    read_ticket(ticket, document_id=document.id)
    monkeypatch.setattr(tickets.timezone, "now", lambda: expires_at)
    with pytest.raises(TicketError, match="expired"):
        read_ticket(ticket, document_id=document.id)


@pytest.mark.parametrize("ticket", ["", "x", "a:b:c", "é😀", "a" * 10_000])
def test_nonsense_is_no_ticket(document, ticket):
    with pytest.raises(TicketError):
        read_ticket(ticket, document_id=document.id)


def test_ticket_of_another_purpose_is_none(document, alice):
    until = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
    forged = signing.dumps({"user": alice.pk, "document": document.id.hex, "until": until})
    with pytest.raises(TicketError):
        read_ticket(forged, document_id=document.id)


def test_nobody_has_no_ticket(document):
    with pytest.raises(ValueError, match="signed-in"):
        issue_ticket(user=None, document=document)
