"""The operator's view: who has what, who is in it, and what the log holds."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html

from documents import (
    admin_talk,  # noqa: F401 (Django looks for this module alone)
    bus,
    changes,
)
from documents.admin_base import ModelAdmin, ReadOnlyAdmin
from documents.errors import DocumentError
from documents.lifecycle import purge_document, trash_document, untrash_document
from documents.models import Connection, Document, Membership, Process, Segment, Snapshot, Update
from documents.notifications import tell_notifications_changed
from documents.roles import Role

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline

_PREVIEW_BYTES = 256


class InTrashFilter(admin.SimpleListFilter):
    """Documents in the trash, or not."""

    title = "trash"
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """The choices."""
        return [("no", "Not in the trash"), ("yes", "In the trash")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """The documents of the choice."""
        if self.value() is None:
            return queryset
        return queryset.filter(trashed_at__isnull=self.value() == "no")


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class ConnectionInline(TabularInline):
    """Who has it open now."""

    model = Connection
    verbose_name_plural = "connected now"
    fields = ("user", "role", "since")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        """The connections whose process is alive."""
        connections = super().get_queryset(request).select_related("user")
        return connections.filter(process__lease_until__gt=timezone.now())


@admin.register(Document)
class DocumentAdmin(ModelAdmin):
    """Documents are made and deleted by people; here they are found, shared and thrown away."""

    list_display = (
        "title", "editor", "owner", "people", "connected", "kind", "head_seq", "updated_at",
        "trashed_at",
    )  # fmt: skip
    list_filter = ("kind", InTrashFilter, "link_reach", "updated_at")
    search_fields = ("title", "=id", "memberships__user__username")
    date_hierarchy = "created_at"
    inlines = (MembershipInline, ConnectionInline)
    actions = ("trash", "untrash", "purge")
    readonly_fields = (
        "id", "editor", "kind", "root", "head_seq", "since_snapshot", "newest_snapshot", "epoch",
        "created_at", "updated_at", "trashed_at",
    )  # fmt: skip
    fields = ("title", "link_reach", "link_role", "link_expires_at", *readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody: a document has an owner from its first moment."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: Django would load the whole log to ask whether one is sure. See `purge`."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        """With all that the list shows: two queries, however long it is."""
        owners = Membership.objects.filter(role=Role.OWNER).select_related("user")
        members = Membership.objects.filter(document=OuterRef("pk"))
        live = Connection.objects.filter(
            document=OuterRef("pk"), process__lease_until__gt=timezone.now()
        )
        return (
            super()
            .get_queryset(request)
            .annotate(member_count=_count(members), connected_count=_count(live))
            .prefetch_related(Prefetch("memberships", queryset=owners, to_attr="owners"))
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Save members and link, and tell whoever has it open, or in a list."""
        memberships = Membership.objects.filter(document=form.instance).order_by()
        before = set(memberships.values_list("user_id", flat=True))
        super().save_related(request, form, formsets, change)
        hint = bus.access_changed(document_id=form.instance.pk)
        transaction.on_commit(lambda: bus.publish(hint))
        changes.change_document_list(document_id=form.instance.pk, topic=changes.Topic.MEMBERS)
        members = before.union(memberships.values_list("user_id", flat=True))
        changes.change_user_lists(user_ids=members, topic=changes.Topic.DOCUMENTS)
        tell_notifications_changed(document_id=form.instance.pk)

    @admin.display(description="owner")
    def owner(self, document: Any) -> str:
        """Whose it is."""
        return ", ".join(str(membership.user) for membership in document.owners) or "nobody"

    @admin.display(description="members", ordering="member_count")
    def people(self, document: Any) -> int:
        """How many belong to it."""
        return int(document.member_count)

    @admin.display(description="connected now", ordering="connected_count")
    def connected(self, document: Any) -> int:
        """How many have it open."""
        return int(document.connected_count)

    @admin.display(description="editor")
    def editor(self, document: Document) -> str:
        """The way to the page."""
        return format_html('<a href="{}">Open in editor</a>', document.get_absolute_url())

    @admin.display(description="logged since the newest snapshot")
    def since_snapshot(self, document: Document) -> str:
        """How large the tail of the log is."""
        return filesizeformat(document.tail_bytes)

    @admin.display(description="size of the newest snapshot")
    def newest_snapshot(self, document: Document) -> str:
        """About as large as the document."""
        return filesizeformat(document.snapshot_bytes)

    @admin.action(description="Move to the trash")
    def trash(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """As their owners could."""
        for document in queryset.filter(trashed_at=None):
            trash_document(document=document)
        self.message_user(request, "Moved to the trash.")

    @admin.action(description="Bring back from the trash")
    def untrash(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """As their owners could."""
        for document in queryset.exclude(trashed_at=None):
            untrash_document(document=document)
        self.message_user(request, "Brought back.")

    @admin.action(description="Purge: delete for good (from the trash only)")
    def purge(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """As their owners could."""
        for document in queryset:
            title = str(document)
            try:
                purge_document(document=document)
            except DocumentError as error:
                self.message_user(request, f"{title}: {error}", "error")
            else:
                self.message_user(request, f"{title} is gone for good.")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs where; changed on the document's own page."""

    list_display = ("user", "document", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "document")
    search_fields = ("user__username", "document__title", "=document__id")


@admin.register(Update)
class UpdateAdmin(ReadOnlyAdmin):
    """What is not packed of the log, read only."""

    list_display = ("seq", "document", "author", "client", "size", "created_at")
    list_select_related = ("document", "author")
    list_filter = ("created_at",)
    search_fields = ("=document__id", "document__title", "author__username")
    ordering = ("-id",)
    fields = ("document", "seq", "author", "client", "created_at", "size", "bytes")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the sizes of the payloads, without the payloads."""
        updates = super().get_queryset(request).defer("payload")
        return updates.annotate(stored_bytes=Length("payload"))

    @admin.display(ordering="stored_bytes")
    def size(self, update: Any) -> str:
        """Of the payload."""
        return filesizeformat(update.stored_bytes)

    @admin.display(description="first bytes")
    def bytes(self, update: Update) -> str:
        """In hexadecimal, as tools for Yjs take them."""
        return format_html("<code>{}</code>", bytes(update.payload)[:_PREVIEW_BYTES].hex(" "))


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    """What is packed of the log, read only."""

    list_display = ("document", "first_seq", "last_seq", "size")
    list_select_related = ("document",)
    search_fields = ("=document__id", "document__title")
    ordering = ("-id",)
    fields = ("document", "first_seq", "last_seq", "size")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the sizes of the payloads, without the payloads."""
        segments = super().get_queryset(request).defer("payload")
        return segments.annotate(stored_bytes=Length("payload"))

    @admin.display(ordering="stored_bytes")
    def size(self, segment: Any) -> str:
        """Of what is packed, compressed."""
        return filesizeformat(segment.stored_bytes)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    """Snapshots and versions, read only."""

    list_display = ("document", "seq", "label", "author", "size", "created_at")
    list_select_related = ("document", "author")
    list_filter = (("label", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("label", "=document__id", "document__title")
    ordering = ("-id",)
    fields = ("document", "seq", "label", "author", "created_at", "size")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the sizes of the states, without the states."""
        snapshots = super().get_queryset(request).defer("state")
        return snapshots.annotate(stored_bytes=Length("state"))

    @admin.display(ordering="stored_bytes")
    def size(self, snapshot: Any) -> str:
        """Of the state."""
        return filesizeformat(snapshot.stored_bytes)


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Who is connected, and to which process; those of dead ones show until they are swept."""

    list_display = ("user", "document", "role", "since", "process", "alive")
    list_select_related = ("user", "document", "process")
    list_filter = ("role", "process")
    search_fields = ("user__username", "document__title", "=document__id")

    @admin.display(boolean=True)
    def alive(self, connection: Connection) -> bool:
        """Whether its process still renews its lease."""
        return connection.process.lease_until > timezone.now()


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    list_display = ("id", "lease_until", "alive", "connected")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With how many are connected."""
        return super().get_queryset(request).annotate(connected_count=Count("connections"))

    @admin.display(boolean=True)
    def alive(self, process: Process) -> bool:
        """Whether it still renews its lease."""
        return process.lease_until > timezone.now()

    @admin.display(ordering="connected_count")
    def connected(self, process: Any) -> int:
        """How many sessions it serves."""
        return int(process.connected_count)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many of these there are for each row: a subquery, so that counts do not multiply."""
    counted = rows.order_by().values("document").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
