import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from documents import invitations
from documents.models import Document, Invitation, LinkReach, Membership, Notification
from documents.roles import Role

REGISTER, LOGIN = "/api/v1/auth/register/", "/api/v1/auth/login/"
GOOD = "correct 🐎 battery é"


def address(document):
    return f"/api/v1/documents/{document.id}/invitations/"


def received(token):
    return f"/api/v1/invitations/{token}/"


def invite(client, document, email="zoe@example.org", role="editor"):
    return client.post(address(document), {"email": email, "role": role}, format="json")


def mailed_token(at=-1):
    return re.search(r"http://testserver/invitations/(\S+)/\n", mail.outbox[at].body)[1]


def let_time_pass(**since):
    past = timezone.now() - timedelta(**since)
    Invitation.objects.update(sent_at=past, asked_at=past)


def role_of(user, document):
    found = Membership.objects.filter(document=document, user=user).first()
    return found and Role(found.role)


@pytest.fixture
def token(api, document, alice):
    invite(api(alice), document)
    return mailed_token()


def test_invitation_is_a_mail_that_a_person_can_read(api, document, alice):
    answer = invite(api(alice), document, email="Zoë@Example.org")
    assert answer.status_code == 400  # no mail server takes the ë
    answer = invite(api(alice), document, email="Zoe@Example.org")
    assert answer.status_code == 201
    sent = answer.json()
    assert (sent["email"], sent["role"]) == ("zoe@example.org", "editor")
    assert sent["inviter"] == {"username": "alice", "name": "Alice"}
    assert sent["sent_at"] is not None
    (message,) = mail.outbox
    assert message.to == ["zoe@example.org"]
    assert message.subject == "Alice invites you to “Café 😀”"
    assert "Alice invites you to edit “Café 😀”." in message.body
    assert mailed_token()
    listed = api(alice).get(address(document)).json()["results"]
    assert [item["id"] for item in listed] == [sent["id"]]


def test_title_cannot_break_the_mail(api, document, alice):
    Document.objects.filter(id=document.id).update(title="One\r\nBcc: all@example.org")
    assert invite(api(alice), document).json()["sent_at"] is not None
    (message,) = mail.outbox
    assert message.subject == "Alice invites you to “One Bcc: all@example.org”"
    assert message.recipients() == ["zoe@example.org"]


def test_holder_of_the_link_sees_what_it_is(api, document, token):
    answer = api(None).get(received(token))
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["document"] == {"id": str(document.id), "title": "Café 😀"}
    assert shown["inviter"]["name"] == "Alice"
    assert (shown["role"], shown["email"]) == ("editor", "zoe@example.org")


def test_invitation_becomes_a_membership_once(api, document, alice, charlie, token):
    answer = api(charlie).post(f"{received(token)}accept/")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["role"]) == (str(document.id), "editor")
    assert role_of(charlie, document) == Role.EDITOR
    assert api(alice).get(address(document)).json()["results"] == []
    assert api(None).get(received(token)).status_code == 404
    told = Notification.objects.get()
    assert (told.user, told.actor, told.kind) == (alice, charlie, "invitation_accepted")


def test_link_that_was_used_lets_nobody_else_in_nor_back_in(
    api, document, alice, charlie, django_user_model, token
):
    api(charlie).post(f"{received(token)}accept/")
    mallory = django_user_model.objects.create(username="mallory")
    assert api(mallory).post(f"{received(token)}accept/").status_code == 404
    api(alice).delete(f"/api/v1/documents/{document.id}/members/charlie/")
    assert api(charlie).post(f"{received(token)}accept/").status_code == 404
    assert role_of(charlie, document) is None


def test_accepting_asks_to_sign_in(api, document, token):
    assert api(None).post(f"{received(token)}accept/").status_code == 401
    assert Membership.objects.filter(document=document).count() == 3


def test_registering_with_the_token_is_joining(api, document, token, django_user_model):
    body = {"username": "zoë", "password": GOOD, "email": "zoe@example.org", "invitation": token}
    answer = api(None).post(REGISTER, body, format="json")
    assert answer.status_code == 201
    zoe = django_user_model.objects.get(username="zoë")
    assert role_of(zoe, document) == Role.EDITOR


def test_signing_in_with_the_token_is_joining(api, document, charlie, token):
    charlie.set_password(GOOD)
    charlie.save()
    body = {"username": "charlie", "password": GOOD, "invitation": token}
    assert api(None).post(LOGIN, body, format="json").status_code == 200
    assert role_of(charlie, document) == Role.EDITOR


def test_typing_somebody_elses_address_gives_nothing(api, document, token, django_user_model):
    client = api(None)
    body = {"username": "mallory", "password": GOOD, "email": "zoe@example.org"}
    assert client.post(REGISTER, body, format="json").status_code == 201
    mallory = django_user_model.objects.get(username="mallory")
    assert role_of(mallory, document) is None
    assert client.get(f"/api/v1/documents/{document.id}/").status_code == 404
    assert Notification.objects.filter(user=mallory).count() == 0
    # Nor does it take anything from whom it was sent to.
    assert client.get(received(token)).status_code == 200


@pytest.mark.parametrize("spoil", ["expire", "withdraw", "trash", "forge", "nonsense"])
def test_token_that_opens_nothing_lets_nobody_in(
    api, document, alice, charlie, token, spoil, django_user_model
):
    match spoil:
        case "expire":
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "withdraw":
            there = Invitation.objects.get()
            assert api(alice).delete(f"{address(document)}{there.id}/").status_code == 204
        case "trash":
            api(alice).delete(f"/api/v1/documents/{document.id}/")
        case "forge":
            token = f"{Invitation.objects.get().id.hex}:{token.split(':')[1][::-1]}"
        case "nonsense":
            token = "é😀"
    assert api(None).get(received(token)).status_code == 404
    assert api(charlie).post(f"{received(token)}accept/").status_code == 404
    body = {"username": "zoe", "password": GOOD, "invitation": token}
    answer = api(None).post(REGISTER, body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["invitation"]
    assert not django_user_model.objects.filter(username="zoe").exists()
    assert Membership.objects.filter(document=document).count() == 3


def test_member_who_may_as_much_uses_nothing_up(api, document, alice, bob, token):
    for user in [alice, bob]:
        answer = api(user).post(f"{received(token)}accept/")
        assert answer.status_code == 200
        assert answer.json()["id"] == str(document.id)
    assert role_of(alice, document) == Role.OWNER
    assert api(None).get(received(token)).status_code == 200


def test_member_who_may_less_becomes_what_the_invitation_says(api, document, vera, token):
    assert api(vera).post(f"{received(token)}accept/").json()["role"] == "editor"
    assert role_of(vera, document) == Role.EDITOR
    assert api(None).get(received(token)).status_code == 404


def test_inviting_a_member_is_a_conflict(api, document, alice, bob):
    bob.email = "Bob@example.org"
    bob.save()
    answer = invite(api(alice), document, email="bob@EXAMPLE.org")
    assert answer.status_code == 409
    assert "bob" in answer.json()["detail"]
    assert mail.outbox == []


def test_whether_an_address_has_an_account_is_not_told(api, document, alice, charlie):
    charlie.email = "charlie@example.org"
    charlie.save()
    answers = [
        invite(api(alice), document, email=f"{name}@example.org").json()
        for name in ("charlie", "nobody")
    ]
    for answer in answers:
        for own in ("id", "email", "created_at", "sent_at", "expires_at"):
            del answer[own]
    assert answers[0] == answers[1]
    assert len(mail.outbox) == 2
    assert Notification.objects.count() == 0
    assert api(charlie).get(f"/api/v1/documents/{document.id}/").status_code == 404


def test_inviting_again_sends_again_with_the_new_role(api, document, alice, charlie, token):
    let_time_pass(minutes=2)
    answer = invite(api(alice), document, role="viewer")
    assert answer.status_code == 200
    assert len(mail.outbox) == 2
    assert len(api(alice).get(address(document)).json()["results"]) == 1
    # The first mail's link is as good as the second's.
    assert api(charlie).post(f"{received(token)}accept/").json()["role"] == "viewer"


def test_expired_invitation_is_listed_and_can_be_sent_again(api, document, alice, token):
    let_time_pass(days=31)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert len(api(alice).get(address(document)).json()["results"]) == 1
    assert invite(api(alice), document).status_code == 200
    assert api(None).get(received(token)).status_code == 200


def test_sending_again_at_once_is_too_often(api, document, alice, token):
    answer = invite(api(alice), document)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= invitations.PAUSE_SECONDS
    assert len(mail.outbox) == 1


def test_one_user_cannot_mail_without_measure(api, document, text_document, alice, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_BY_INVITER_IN_AN_HOUR", 3)
    client = api(alice)
    for number in range(3):
        sent = invite(client, document, email=f"{number}@example.org")
        # What is withdrawn counts all the same.
        client.delete(f"{address(document)}{sent.json()['id']}/")
    assert invite(client, text_document, email="4@example.org").status_code == 429
    let_time_pass(hours=2)
    assert invite(client, text_document, email="4@example.org").status_code == 201


def test_nobodys_mailbox_is_flooded(api, document, alice, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_TO_ADDRESS_IN_A_DAY", 2)
    client = api(alice)
    for _ in range(2):
        sent = invite(client, document)
        client.delete(f"{address(document)}{sent.json()['id']}/")
    assert invite(client, document).status_code == 429
    assert len(mail.outbox) == 2


def test_invitations_that_are_open_have_a_bound(api, document, alice, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_OPEN", 1)
    invite(api(alice), document)
    assert invite(api(alice), document, email="two@example.org").status_code == 409


def test_mail_that_nobody_takes_is_told_and_can_be_tried_again_at_once(
    api, document, alice, settings, caplog
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = invite(api(alice), document)
    assert answer.status_code == 201
    assert answer.json()["sent_at"] is None
    assert "could not be mailed" in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answer = invite(api(alice), document)
    assert answer.status_code == 200
    assert answer.json()["sent_at"] is not None


@pytest.mark.parametrize("reach", list(LinkReach))
@pytest.mark.parametrize("role", [None, *Role])
def test_only_owners_invite_see_and_withdraw(api, document, alice, charlie, role, reach):
    there = invite(api(alice), document).json()
    Document.objects.filter(id=document.id).update(link_reach=reach, link_role=Role.EDITOR)
    if role is not None:
        Membership.objects.create(document=document, user=charlie, role=role)
    client = api(charlie)
    sees = role is not None or reach != LinkReach.RESTRICTED
    refused = None if role == Role.OWNER else 403 if sees else 404
    assert client.get(address(document)).status_code == (refused or 200)
    assert invite(client, document, email="x@example.org").status_code == (refused or 201)
    assert client.delete(f"{address(document)}{there['id']}/").status_code == (refused or 204)


@pytest.mark.parametrize("reach", list(LinkReach))
def test_visitors_do_none_of_it(api, document, reach):
    Document.objects.filter(id=document.id).update(link_reach=reach, link_role=Role.EDITOR)
    assert api(None).get(address(document)).status_code == 401
    assert invite(api(None), document).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "zoe", "role": "viewer"}, "email"),
        ({"email": f"{'z' * 250}@example.org", "role": "viewer"}, "email"),
        ({"role": "viewer"}, "email"),
        ({"email": "zoe@example.org"}, "role"),
        ({"email": "zoe@example.org", "role": "owner"}, "role"),
    ],
)
def test_bad_invitation_says_what_to_change(api, document, alice, body, field):
    answer = api(alice).post(address(document), body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert mail.outbox == []


def test_invitation_of_another_document_is_not_found(api, document, text_document, alice):
    there = invite(api(alice), document).json()
    assert api(alice).delete(f"{address(text_document)}{there['id']}/").status_code == 404
    assert Invitation.objects.get().withdrawn_at is None


def test_list_costs_the_same_whatever_its_length(
    api, document, alice, django_assert_max_num_queries
):
    now = timezone.now()
    Invitation.objects.bulk_create(
        Invitation(
            document=document,
            email=f"{number}@example.org",
            role=Role.VIEWER,
            inviter=alice,
            created_at=now,
            asked_at=now,
            expires_at=now,
        )
        for number in range(20)
    )
    client = api(alice)
    with django_assert_max_num_queries(5):
        assert len(client.get(address(document)).json()["results"]) == 20
