"""Threads of comments about places in the text. Nothing of them is written to the document."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from documents import changes
from documents.anchoring import CONTEXT, BadAnchor
from documents.errors import Conflict, DocumentMissing
from documents.mentions import find_mentioned
from documents.models import Comment, Document, Notification, NotificationKind, Thread
from documents.notifications import notify, tell_notified
from documents.placing import Anchor, PlacedThread, Range, read_places

MAX_COMMENT_LENGTH = 10_000
# Code points of text that one thread can be about.
MAX_QUOTE_LENGTH = 5_000
# The whole list is answered at once.
MAX_THREADS = 1_000
MAX_COMMENTS = 500


def threads_of(document: Document) -> QuerySet[Thread]:
    """The document's threads, oldest first, with all their comments: two queries."""
    comments = Comment.objects.select_related("author").order_by("created_at", "id")
    return (
        Thread.objects.filter(document=document)
        .select_related("author", "resolved_by")
        .prefetch_related(Prefetch("comments", queryset=comments))
        .order_by("created_at", "id")
    )


def start_thread(*, document: Document, author: Any, anchor: Anchor, text: str) -> PlacedThread:
    """Begin a thread with its first comment. `author` None: a guest.

    Raises BadAnchor, NotHereYet, ExportError where the document has no text, Conflict where
    there are too many threads, DocumentMissing, LogDamaged.
    """
    places = read_places(document)
    if anchor.positions is not None:
        positions = anchor.positions
    else:
        positions = places.anchor(*(anchor.points or (0, 0)))
    start, end = places.require(*positions)
    if end - start > MAX_QUOTE_LENGTH:
        raise BadAnchor(f"Choose a shorter passage: at most {MAX_QUOTE_LENGTH} characters.")
    now = timezone.now()
    with transaction.atomic():
        if Thread.objects.filter(document=document).count() >= MAX_THREADS:
            raise Conflict(f"There are {MAX_THREADS} threads here: delete some first.")
        thread = Thread.objects.create(
            document=document,
            author=author,
            start=positions[0].to_json(),
            end=positions[1].to_json(),
            quote=places.text[start:end],
            before=places.text[max(start - CONTEXT, 0) : start],
            after=places.text[end : end + CONTEXT],
            created_at=now,
        )
        _add_comment(thread, author, text)
    return PlacedThread(thread, Range(start, end), thread.start, thread.end)


@transaction.atomic
def reply(*, thread: Thread, author: Any, text: str) -> Comment:
    """Say something in a thread. Raises DocumentMissing if it was just deleted, Conflict."""
    _lock(thread)
    if thread.comments.count() >= MAX_COMMENTS:
        raise Conflict(f"There are {MAX_COMMENTS} comments in this thread: begin a new one.")
    return _add_comment(thread, author, text)


def _add_comment(thread: Thread, author: Any, text: str) -> Comment:
    comment = Comment.objects.create(
        thread=thread, author=author, text=text, created_at=timezone.now()
    )
    about: dict[str, Any] = {
        "document": thread.document,
        "actor": author,
        "thread": thread,
        "comment": comment,
    }
    mentioned = find_mentioned(text=text, document=thread.document)
    others = _participants(thread) - mentioned
    _tell_changed(
        thread,
        notify(user_ids=mentioned, kind=NotificationKind.MENTION, **about)
        | notify(user_ids=others, kind=NotificationKind.REPLY, **about),
    )
    return comment


@transaction.atomic
def edit_comment(*, comment: Comment, text: str) -> None:
    """Say it otherwise; whom only the new text mentions is told."""
    if text == comment.text:
        return
    document = comment.thread.document
    before = find_mentioned(text=comment.text, document=document)
    comment.text, comment.edited_at = text, timezone.now()
    comment.save(update_fields=["text", "edited_at"])
    notified = notify(
        user_ids=find_mentioned(text=text, document=document) - before,
        document=document,
        kind=NotificationKind.MENTION,
        actor=comment.author,
        thread=comment.thread,
        comment=comment,
    )
    # The notifications that there are show the new text.
    _tell_changed(comment.thread, notified | _told_of(comment=comment))


@transaction.atomic
def delete_comment(*, comment: Comment) -> None:
    """Take it back, and the thread with its last one."""
    thread = comment.thread
    _lock(thread)
    if thread.comments.exclude(id=comment.id).exists():
        _tell_changed(thread, _told_of(comment=comment))
        comment.delete()
    else:
        delete_thread(thread=thread)


@transaction.atomic
def delete_thread(*, thread: Thread) -> None:
    """Delete it with all that was said in it."""
    _tell_changed(thread, _told_of(thread=thread))
    thread.delete()


@transaction.atomic
def resolve_thread(*, thread: Thread, user: Any) -> None:
    """Call it settled, and tell who talked in it. `user` None: a guest."""
    _lock(thread)
    if thread.resolved_at is not None:
        return
    thread.resolved_at, thread.resolved_by = timezone.now(), user
    thread.save(update_fields=["resolved_at", "resolved_by"])
    notified = notify(
        user_ids=_participants(thread),
        document=thread.document,
        kind=NotificationKind.COMMENT_RESOLVED,
        actor=user,
        thread=thread,
    )
    _tell_changed(thread, notified)


@transaction.atomic
def reopen_thread(*, thread: Thread) -> None:
    """Call it open again."""
    _lock(thread)
    if thread.resolved_at is None:
        return
    thread.resolved_at = thread.resolved_by = None
    thread.save(update_fields=["resolved_at", "resolved_by"])
    _tell_changed(thread)


def is_answered(thread: Thread) -> bool:
    """Whether anybody but its author has said something in it."""
    return thread.comments.exclude(author_id=thread.author_id).exists()


def _lock(thread: Thread) -> None:
    # The lock closes the race of a reply and the deletion of the last comment, or of two resolves.
    locked = Thread.objects.select_for_update(no_key=True).filter(id=thread.id).first()
    if locked is None:
        raise DocumentMissing("There is no such thread.")
    thread.resolved_at, thread.resolved_by_id = locked.resolved_at, locked.resolved_by_id


def _participants(thread: Thread) -> set[Any]:
    return {thread.author_id, *thread.comments.values_list("author_id", flat=True)}


def _told_of(**what: Thread | Comment) -> set[Any]:
    """Whose notifications show it, and go with it."""
    notifications = Notification.objects.filter(**what).order_by()
    return set(notifications.values_list("user_id", flat=True))


def _tell_changed(thread: Thread, notified: Iterable[Any] = ()) -> None:
    tell_notified(notified)
    changes.change_document_list(document_id=thread.document_id, topic=changes.Topic.THREADS)
