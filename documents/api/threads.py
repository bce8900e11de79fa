"""Threads of comments about places in the text."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document, refuse
from documents.api.base import ApiView
from documents.api.edits import author_of
from documents.api.lists import list_threads
from documents.api.pagination import page_of, respond_whole
from documents.api.serializers_talk import (
    CommentSerializer,
    CommentTextSerializer,
    NewThreadSerializer,
    ThreadSerializer,
)
from documents.models import Comment, Document, Thread
from documents.permissions import Access, Action, allows
from documents.placing import place_threads
from documents.threads import (
    delete_comment,
    delete_thread,
    edit_comment,
    is_answered,
    reopen_thread,
    reply,
    resolve_thread,
    start_thread,
    threads_of,
)


class TalkView(ApiView):
    """Open to whom the document's link lets in, signed in or not."""

    permission_classes = (AllowAny,)


class ThreadsView(TalkView):
    @extend_schema(operation_id="documents_threads_list", responses=page_of(ThreadSerializer))
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """The threads, oldest first, with where their text is now.

        `anchor` counts code points of `content/`'s `text`, and is null (`removed`) when the text
        is gone; `quote` keeps it. `relative` are the same ends as Yjs relative positions: a
        client that holds the document can follow them itself.
        """
        return respond_whole(list_threads(user=request.user, document_id=document_id))

    @extend_schema(request=NewThreadSerializer, responses={201: ThreadSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Begin a thread about a passage. Nothing is written to the document.

        409 if relative positions name text that is not saved yet.
        """
        document = find_document(request, document_id, Action.COMMENT).document
        serializer = NewThreadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        placed = start_thread(
            document=document,
            author=author_of(request),
            anchor=serializer.read_anchor(),
            text=serializer.validated_data["text"],
        )
        return Response(ThreadSerializer(placed).data, status=status.HTTP_201_CREATED)


class ThreadView(TalkView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, document_id: uuid.UUID, thread_id: int) -> Response:
        """Delete a thread: an owner any, its author as long as nobody else has replied."""
        access = find_document(request, document_id, Action.COMMENT)
        thread = _find_thread(access.document, thread_id)
        if not allows(access.role, Action.MODERATE):
            if not _is_by(thread, request):
                refuse(request, "Only its author or an owner may delete a thread.")
            if is_answered(thread):
                refuse(request, "Somebody has replied: resolve it instead.")
        delete_thread(thread=thread)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResolveView(TalkView):
    @extend_schema(request=None, responses=ThreadSerializer)
    def post(self, request: Request, document_id: uuid.UUID, thread_id: int) -> Response:
        """Call a thread settled: its author may, and every editor."""
        access = find_document(request, document_id, Action.COMMENT)
        thread = _find_resolvable(request, access, thread_id)
        resolve_thread(thread=thread, user=author_of(request))
        return _respond_with(access.document, thread)


class ReopenView(TalkView):
    @extend_schema(request=None, responses=ThreadSerializer)
    def post(self, request: Request, document_id: uuid.UUID, thread_id: int) -> Response:
        """Call it open again; whoever may resolve it may."""
        access = find_document(request, document_id, Action.COMMENT)
        thread = _find_resolvable(request, access, thread_id)
        reopen_thread(thread=thread)
        return _respond_with(access.document, thread)


class CommentsView(TalkView):
    @extend_schema(request=CommentTextSerializer, responses={201: CommentSerializer})
    def post(self, request: Request, document_id: uuid.UUID, thread_id: int) -> Response:
        """Reply in a thread."""
        document = find_document(request, document_id, Action.COMMENT).document
        thread = _find_thread(document, thread_id)
        comment = reply(thread=thread, author=author_of(request), text=_read_text(request))
        return Response(CommentSerializer(comment).data, status=status.HTTP_201_CREATED)


class CommentView(TalkView):
    @extend_schema(request=CommentTextSerializer, responses=CommentSerializer)
    def patch(
        self, request: Request, document_id: uuid.UUID, thread_id: int, comment_id: int
    ) -> Response:
        """Say one's own comment otherwise."""
        document = find_document(request, document_id, Action.COMMENT).document
        comment = _find_comment(document, thread_id, comment_id)
        if not _is_by(comment, request):
            refuse(request, "Only its author may change a comment.")
        edit_comment(comment=comment, text=_read_text(request))
        return Response(CommentSerializer(comment).data)

    @extend_schema(responses={204: None})
    def delete(
        self, request: Request, document_id: uuid.UUID, thread_id: int, comment_id: int
    ) -> Response:
        """Delete one's own comment, or as an owner any. The last one takes the thread along."""
        access = find_document(request, document_id, Action.COMMENT)
        comment = _find_comment(access.document, thread_id, comment_id)
        if not _is_by(comment, request) and not allows(access.role, Action.MODERATE):
            refuse(request, "Only its author or an owner may delete a comment.")
        delete_comment(comment=comment)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read_text(request: Request) -> str:
    serializer = CommentTextSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    text: str = serializer.validated_data["text"]
    return text


def _is_by(said: Thread | Comment, request: Request) -> bool:
    """Whether the user said it; nobody owns what guests say."""
    return said.author_id is not None and said.author_id == request.user.pk


def _find_thread(document: Document, thread_id: int) -> Thread:
    thread = threads_of(document).filter(id=thread_id).first()
    if thread is None:
        raise NotFound("There is no such thread.")
    thread.document = document
    return thread


def _find_resolvable(request: Request, access: Access, thread_id: int) -> Thread:
    thread = _find_thread(access.document, thread_id)
    if not _is_by(thread, request) and not allows(access.role, Action.RESOLVE_ANY):
        refuse(request, "Only its author or an editor may do this.")
    return thread


def _find_comment(document: Document, thread_id: int, comment_id: int) -> Comment:
    thread = _find_thread(document, thread_id)
    comment = Comment.objects.filter(thread=thread, id=comment_id).select_related("author").first()
    if comment is None:
        raise NotFound("There is no such comment.")
    comment.thread = thread
    return comment


def _respond_with(document: Document, thread: Thread) -> Response:
    (placed,) = place_threads(document=document, threads=[thread])
    return Response(ThreadSerializer(placed).data)
