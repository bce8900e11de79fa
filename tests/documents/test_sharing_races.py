"""Two who do the same at once: one of them is told, nothing is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from documents import notifications
from documents.errors import DocumentError
from documents.invitations import accept_invitation, invite, issue_token
from documents.models import Comment, Invitation, Membership, Notification, Thread
from documents.placing import Anchor
from documents.roles import Role
from documents.threads import delete_comment, reply, resolve_thread, start_thread

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run them in threads that start together; what each came to."""
    together = threading.Barrier(len(acts), timeout=20)
    outcomes: list[Any] = [None] * len(acts)

    def go(number: int) -> None:
        try:
            together.wait()
            outcomes[number] = acts[number]() or "done"
        except DocumentError as error:
            outcomes[number] = type(error).__name__
        except Exception as error:  # noqa: BLE001 (reported by the test)
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def invite_zoe(document: Any, inviter: Any) -> Any:
    return invite(
        document=document,
        inviter=inviter,
        email="zoe@example.org",
        role=Role.EDITOR,
        url_of=lambda token: f"https://example.org/{token}",
    )


@pytest.fixture
def thread(text_document, writer, alice, bob):
    """A thread of bob's."""
    writer(text_document, alice).type("ein é😀 hier")
    begun = start_thread(
        document=text_document, author=bob, anchor=Anchor(points=(4, 6)), text="Wirklich?"
    )
    return begun.thread


def test_of_two_who_hold_one_link_one_gets_in(document, alice, charlie, django_user_model):
    mallory = django_user_model.objects.create(username="mallory")
    invitation, _ = invite_zoe(document, alice)
    token = issue_token(invitation)
    outcomes = at_once(
        lambda: accept_invitation(token=token, user=charlie) and "in",
        lambda: accept_invitation(token=token, user=mallory) and "in",
    )
    assert sorted(outcomes) == ["DocumentMissing", "in"]
    members = Membership.objects.filter(document=document, user__in=[charlie, mallory])
    assert members.count() == 1
    assert Notification.objects.filter(kind="invitation_accepted").count() == 1


def test_of_two_owners_who_invite_one_address_one_is_told_to_wait(document, alice, bob, mailoutbox):
    Membership.objects.filter(document=document, user=bob).update(role=Role.OWNER)
    outcomes = at_once(
        lambda: invite_zoe(document, alice) and "sent", lambda: invite_zoe(document, bob) and "sent"
    )
    # Either both were sent, one after the other, or the second was too soon; but never two rows.
    assert set(outcomes) <= {"sent", "TooOften"}
    assert "sent" in outcomes
    assert Invitation.objects.count() == 1
    assert len(mailoutbox) == outcomes.count("sent")


def test_reply_and_deletion_of_the_last_comment_leave_a_whole_thread_or_none(thread, alice):
    first = thread.comments.get()
    first.thread = thread
    mine = Thread.objects.select_related("document").get(id=thread.id)
    outcomes = at_once(
        lambda: delete_comment(comment=first),
        lambda: reply(thread=mine, author=alice, text="Doch") and "said",
    )
    assert outcomes[0] == "done"
    if outcomes[1] == "said":
        assert Comment.objects.get().text == "Doch"
    else:
        assert outcomes[1] == "DocumentMissing"
        assert (Thread.objects.count(), Comment.objects.count()) == (0, 0)


def test_two_who_resolve_at_once_tell_its_author_once(thread, alice, charlie):
    both = [Thread.objects.select_related("document").get(id=thread.id) for _ in range(2)]
    outcomes = at_once(
        lambda: resolve_thread(thread=both[0], user=alice),
        lambda: resolve_thread(thread=both[1], user=charlie),
    )
    assert outcomes == ["done", "done"]
    assert Notification.objects.filter(kind="comment_resolved").count() == 1


def test_people_who_mention_each_other_do_not_wait_in_a_ring(thread, alice, bob, vera, monkeypatch):
    """Each act takes the lists of all whom it concerns at once, and in order."""
    taken: list[list[Any]] = []
    change = notifications.changes.change_user_lists

    def note(*, user_ids: Any, topic: Any) -> None:
        user_ids = list(user_ids)
        taken.append(user_ids)
        change(user_ids=user_ids, topic=topic)

    monkeypatch.setattr(notifications.changes, "change_user_lists", note)
    reply(thread=thread, author=alice, text="@vera @alice")
    assert [sorted(users) for users in taken] == [sorted([bob.pk, vera.pk])]

    def say(author: Any, text: str) -> Callable[[], Any]:
        mine = Thread.objects.select_related("document").get(id=thread.id)
        return lambda: [reply(thread=mine, author=author, text=text) for _ in range(10)] and "said"

    acts = [say(alice, "@bob @vera"), say(bob, "@vera @alice"), say(vera, "@alice @bob")]
    assert at_once(*acts) == ["said"] * 3
