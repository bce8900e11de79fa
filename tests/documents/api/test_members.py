import pytest

from documents.models import Membership
from documents.roles import Role


def members(document):
    return f"/api/v1/documents/{document.id}/members/"


def member(document, username):
    return f"{members(document)}{username}/"


@pytest.mark.parametrize("who", ["alice", "bob", "vera"])
def test_members_see_who_belongs(api, document, request, who):
    answer = api(request.getfixturevalue(who)).get(members(document))
    assert [(m["user"]["username"], m["role"]) for m in answer.json()["results"]] == [
        ("alice", "owner"),
        ("bob", "editor"),
        ("vera", "viewer"),
    ]
    assert answer.json()["results"][0]["user"] == {"username": "alice", "name": "Alice"}


def test_visitors_do_not_see_who_belongs(api, document):
    type(document).objects.filter(id=document.id).update(link_reach="anyone")
    assert api(None).get(members(document)).status_code == 401


def test_owner_lets_somebody_in(
    api, document, alice, charlie, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(alice).post(
            members(document), {"user": "charlie", "role": "commenter"}, format="json"
        )
    assert answer.status_code == 201
    assert answer.json()["role"] == "commenter"
    assert api(charlie).get(f"/api/v1/documents/{document.id}/").status_code == 200
    assert [hint["user"] for hint in hints if hint["type"] == "access"] == [charlie.pk]


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_only_owners_manage_members(api, document, request, charlie, who, status):
    client = api(request.getfixturevalue(who))
    body = {"user": "charlie", "role": "owner"}
    assert client.post(members(document), body, format="json").status_code == status
    change = client.patch(member(document, "alice"), {"role": "viewer"}, format="json")
    assert change.status_code == status
    assert client.delete(member(document, "alice")).status_code == status
    assert Membership.objects.filter(document=document).count() == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": "nobody", "role": "viewer"}, "user"),
        ({"user": "charlie", "role": "king"}, "role"),
        ({"user": "charlie"}, "role"),
        ({"role": "viewer"}, "user"),
    ],
)
def test_bad_member_says_what_to_change(api, document, alice, charlie, body, field):
    answer = api(alice).post(members(document), body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_deactivated_user_cannot_be_let_in(api, document, alice, charlie):
    charlie.is_active = False
    charlie.save()
    body = {"user": "charlie", "role": "viewer"}
    assert api(alice).post(members(document), body, format="json").status_code == 400


def test_member_is_not_let_in_twice(api, document, alice):
    answer = api(alice).post(members(document), {"user": "bob", "role": "viewer"}, format="json")
    assert answer.status_code == 409
    assert Membership.objects.get(document=document, user__username="bob").role == Role.EDITOR


def test_owner_changes_a_role(api, document, alice, bob, hints, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(alice).patch(member(document, "bob"), {"role": "viewer"}, format="json")
    assert answer.status_code == 200
    assert answer.json()["role"] == "viewer"
    assert [hint["user"] for hint in hints if hint["type"] == "access"] == [bob.pk]


def test_unknown_member_is_404(api, document, alice, charlie):
    assert api(alice).delete(member(document, "charlie")).status_code == 404
    change = api(alice).patch(member(document, "charlie"), {"role": "viewer"}, format="json")
    assert change.status_code == 404


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_anybody_may_leave(api, document, request, who):
    client = api(request.getfixturevalue(who))
    assert client.delete(member(document, who)).status_code == 204
    assert client.get(members(document)).status_code == 404


def test_owner_takes_somebody_out(
    api, document, alice, bob, hints, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert api(alice).delete(member(document, "bob")).status_code == 204
    assert [hint["user"] for hint in hints if hint["type"] == "access"] == [bob.pk]
    assert api(bob).get(members(document)).status_code == 404


def test_last_owner_cannot_go(api, document, alice):
    client = api(alice)
    for answer in [
        client.delete(member(document, "alice")),
        client.patch(member(document, "alice"), {"role": "editor"}, format="json"),
    ]:
        assert answer.status_code == 409
        assert answer["Content-Type"] == "application/problem+json"
        assert "owner" in answer.json()["detail"]
    assert Membership.objects.get(document=document, user=alice).role == Role.OWNER


def test_owner_may_go_when_there_is_another(api, document, alice, bob):
    client = api(alice)
    assert (
        client.patch(member(document, "bob"), {"role": "owner"}, format="json").status_code == 200
    )
    assert client.delete(member(document, "alice")).status_code == 204
    answer = api(bob).get(f"/api/v1/documents/{document.id}/")
    assert answer.json()["owner"]["username"] == "bob"


def test_list_costs_the_same_whatever_its_length(
    api, document, alice, django_user_model, django_assert_max_num_queries
):
    for number in range(20):
        user = django_user_model.objects.create(username=f"member{number}")
        Membership.objects.create(document=document, user=user, role=Role.VIEWER)
    client = api(alice)
    with django_assert_max_num_queries(5):
        assert len(client.get(members(document)).json()["results"]) == 23
