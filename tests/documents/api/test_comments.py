import pytest

from documents import threads as service
from documents.models import Comment, Document, LinkReach, Membership, Thread
from documents.roles import Role
from tests.documents.api.test_threads import listed, one, start


@pytest.fixture
def thread(api, text_document, writer, alice, bob):
    """A thread of bob's."""
    writer(text_document, alice).type("ein é😀 hier")
    return start(api(bob), text_document).json()


def comments(document, thread):
    return f"{one(document, thread)}comments/"


def comment_of(document, thread, at=0):
    return f"{comments(document, thread)}{thread['comments'][at]['id']}/"


def say(client, document, thread, text="Doch é 😀"):
    return client.post(comments(document, thread), {"text": text}, format="json")


def test_reply_stands_in_the_thread(api, text_document, alice, bob, thread):
    answer = say(api(alice), text_document, thread)
    assert answer.status_code == 201
    assert answer.json()["author"] == {"username": "alice", "name": "Alice"}
    said = listed(api(bob), text_document)[0]["comments"]
    assert [comment["text"] for comment in said] == ["Wirklich? 😀", "Doch é 😀"]


@pytest.mark.parametrize("reach", list(LinkReach))
@pytest.mark.parametrize("role", [None, *Role])
def test_commenters_and_above_reply(api, text_document, charlie, thread, role, reach):
    Document.objects.filter(id=text_document.id).update(link_reach=reach)
    if role is not None:
        Membership.objects.create(document=text_document, user=charlie, role=role)
    sees = role is not None or reach != LinkReach.RESTRICTED
    expected = 201 if role is not None and role >= Role.COMMENTER else 403 if sees else 404
    assert say(api(charlie), text_document, thread).status_code == expected


def test_own_comment_is_changed_and_says_so(api, text_document, bob, thread):
    client = api(bob)
    body = {"text": "Doch nicht 😀"}
    answer = client.patch(comment_of(text_document, thread), body, format="json")
    assert answer.status_code == 200
    assert answer.json()["edited_at"] is not None
    assert listed(client, text_document)[0]["comments"] == [answer.json()]


def test_comment_that_stays_the_same_was_not_edited(api, text_document, bob, thread):
    body = {"text": thread["comments"][0]["text"]}
    answer = api(bob).patch(comment_of(text_document, thread), body, format="json")
    assert answer.json()["edited_at"] is None


@pytest.mark.parametrize(
    ("who", "changes", "deletes"),
    [("alice", 403, 204), ("vera", 403, 403), ("charlie", 404, 404), (None, 401, 401)],
)
def test_others_comments_are_changed_by_nobody_and_deleted_by_owners(
    api, text_document, charlie, thread, request, who, changes, deletes
):
    client = api(request.getfixturevalue(who) if who else None)
    address = comment_of(text_document, thread)
    assert client.patch(address, {"text": "gefälscht"}, format="json").status_code == changes
    assert Comment.objects.get().text == "Wirklich? 😀"
    assert client.delete(address).status_code == deletes


def test_who_may_no_longer_comment_cannot_change_what_they_said(api, text_document, bob, thread):
    Membership.objects.filter(document=text_document, user=bob).update(role=Role.VIEWER)
    address = comment_of(text_document, thread)
    assert api(bob).patch(address, {"text": "x"}, format="json").status_code == 403
    assert api(bob).delete(address).status_code == 403


def test_last_comment_takes_the_thread_along(api, text_document, alice, bob, thread):
    say(api(alice), text_document, thread)
    assert api(bob).delete(comment_of(text_document, thread)).status_code == 204
    (left,) = listed(api(bob), text_document)
    assert [comment["author"]["username"] for comment in left["comments"]] == ["alice"]
    assert api(alice).delete(comment_of(text_document, left)).status_code == 204
    assert Thread.objects.count() == 0


@pytest.mark.parametrize("text", ["", " \n ", "x" * (service.MAX_COMMENT_LENGTH + 1), None])
def test_bad_text_says_what_to_change(api, text_document, bob, thread, text):
    client = api(bob)
    changed = client.patch(comment_of(text_document, thread), {"text": text}, format="json")
    for answer in (say(client, text_document, thread, text), changed):
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["text"]


def test_comments_of_a_thread_have_a_bound(api, text_document, bob, thread, monkeypatch):
    monkeypatch.setattr(service, "MAX_COMMENTS", 1)
    assert say(api(bob), text_document, thread).status_code == 409


def test_comment_is_found_in_its_own_thread_alone(api, text_document, bob, thread):
    other = start(api(bob), text_document).json()
    address = f"{comments(text_document, other)}{thread['comments'][0]['id']}/"
    assert api(bob).delete(address).status_code == 404
    assert api(bob).delete(f"{comments(text_document, thread)}0/").status_code == 404
    assert Comment.objects.count() == 2


# ---- Resolving -------------------------------------------------------------------------------


def resolve(client, document, thread, way="resolve"):
    return client.post(f"{one(document, thread)}{way}/")


def test_thread_is_resolved_and_reopened(api, text_document, alice, bob, thread):
    answer = resolve(api(alice), text_document, thread)
    assert answer.status_code == 200
    assert answer.json()["resolved"] is True
    assert answer.json()["resolved_by"]["username"] == "alice"
    assert listed(api(bob), text_document) == [answer.json()]
    # Once more changes nothing.
    assert resolve(api(bob), text_document, thread).json() == answer.json()
    again = resolve(api(bob), text_document, thread, "reopen")
    assert again.status_code == 200
    assert (again.json()["resolved"], again.json()["resolved_by"]) == (False, None)
    assert resolve(api(bob), text_document, thread, "reopen").json() == again.json()


@pytest.mark.parametrize("way", ["resolve", "reopen"])
@pytest.mark.parametrize("reach", list(LinkReach))
@pytest.mark.parametrize("role", [None, *Role])
def test_editors_resolve_any_thread(api, text_document, charlie, thread, role, reach, way):
    Document.objects.filter(id=text_document.id).update(link_reach=reach, link_role=Role.COMMENTER)
    if role is not None:
        Membership.objects.create(document=text_document, user=charlie, role=role)
    sees = role is not None or reach != LinkReach.RESTRICTED
    expected = 200 if role is not None and role >= Role.EDITOR else 403 if sees else 404
    assert resolve(api(charlie), text_document, thread, way).status_code == expected


@pytest.mark.parametrize(("role", "status"), [(Role.COMMENTER, 200), (Role.VIEWER, 403)])
def test_commenter_resolves_their_own_thread(api, text_document, bob, thread, role, status):
    Membership.objects.filter(document=text_document, user=bob).update(role=role)
    assert resolve(api(bob), text_document, thread).status_code == status
    assert resolve(api(bob), text_document, thread, "reopen").status_code == status


def test_guest_with_an_editors_link_resolves(api, text_document, thread):
    Document.objects.filter(id=text_document.id).update(
        link_reach=LinkReach.ANYONE, link_role=Role.EDITOR
    )
    answer = resolve(api(None), text_document, thread)
    assert answer.status_code == 200
    assert answer.json()["resolved_by"] is None
    Document.objects.filter(id=text_document.id).update(link_role=Role.COMMENTER)
    assert resolve(api(None), text_document, thread, "reopen").status_code == 401
