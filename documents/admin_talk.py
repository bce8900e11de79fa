"""The operator's view of what people say to each other: read, and deleted where it must be."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars

from documents.admin_base import ReadOnlyAdmin
from documents.invitations import withdraw_invitation
from documents.messages import delete_message
from documents.models import Comment, Invitation, Message
from documents.threads import delete_comment

_SHOWN_CHARACTERS = 80


class SaidAdmin(ReadOnlyAdmin):
    """What somebody said: not to be changed, but to be deleted, as its author could."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever Django says may."""
        return super(ReadOnlyAdmin, self).has_delete_permission(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one, for whoever watches to hear of it."""
        for said in queryset:
            self.delete_model(request, said)

    @admin.display(description="text")
    def beginning(self, said: Comment | Message) -> str:
        """Its first words."""
        return truncatechars(said.text, _SHOWN_CHARACTERS)


@admin.register(Comment)
class CommentAdmin(SaidAdmin):
    """Comments; the last one of a thread takes that along."""

    list_display = ("beginning", "author", "document", "created_at")
    list_select_related = ("author", "thread__document")
    list_filter = ("created_at",)
    search_fields = ("text", "author__username", "=thread__document__id")
    ordering = ("-id",)

    @admin.display(ordering="thread__document")
    def document(self, comment: Comment) -> str:
        """Where it was said."""
        return str(comment.thread.document)

    def delete_model(self, request: HttpRequest, obj: Comment) -> None:  # noqa: ARG002
        """As an owner could."""
        delete_comment(comment=obj)


@admin.register(Message)
class MessageAdmin(SaidAdmin):
    """Chat."""

    list_display = ("beginning", "author", "document", "created_at")
    list_select_related = ("author", "document")
    list_filter = ("created_at",)
    search_fields = ("text", "author__username", "=document__id")

    def delete_model(self, request: HttpRequest, obj: Message) -> None:  # noqa: ARG002
        """For everybody."""
        delete_message(message=obj)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who invited whom; those that are over as well."""

    list_display = (
        "email", "document", "role", "inviter", "asked_at", "sent_at", "expires_at", "accepted_by",
        "withdrawn_at",
    )  # fmt: skip
    list_select_related = ("document", "inviter", "accepted_by")
    list_filter = ("asked_at", "accepted_at", "withdrawn_at")
    search_fields = ("email", "inviter__username", "=document__id")
    actions = ("withdraw",)

    @admin.action(description="Withdraw: their links let nobody in any more")
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """As an owner could."""
        for invitation in queryset:
            withdraw_invitation(invitation=invitation)
        self.message_user(request, "Withdrawn.")
