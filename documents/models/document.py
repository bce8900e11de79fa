import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from documents.roles import Role


class Kind(models.TextChoices):
    """What a document's root is: an XmlFragment (rich text) or a Text."""

    RICHTEXT = "richtext"
    TEXT = "text"


DEFAULT_ROOTS = {Kind.RICHTEXT: "default", Kind.TEXT: "content"}


class LinkReach(models.TextChoices):
    """Whom the document's link lets in, apart from its members."""

    RESTRICTED = "restricted"
    SIGNED_IN = "signed_in"
    ANYONE = "anyone"


def _new_client_id() -> int:
    return secrets.randbelow(2**32 - 1) + 1


class Document(models.Model):
    """A document. Its content is its update log; the row holds what is about it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.RICHTEXT)
    # The name of the shared type in the Yjs document; Tiptap's is "default".
    root = models.CharField(max_length=64, blank=True)
    # The seq of the newest row of the log; locking this row is what orders the log.
    head_seq = models.BigIntegerField(default=0)
    # Of all rows so far (`documents.marks`): tells the log from another one of that length.
    log_checksum = models.BigIntegerField(default=0, editable=False)
    # What was logged after the newest snapshot, where that stands and how large it is: with these
    # the question whether a new one is due costs no look at the log.
    tail_bytes = models.BigIntegerField(default=0, editable=False)
    snapshot_seq = models.BigIntegerField(default=0, editable=False)
    snapshot_bytes = models.BigIntegerField(default=0, editable=False)
    # Changes when an operator replaces the content; clients of another epoch must start anew.
    epoch = models.PositiveIntegerField(default=1)
    # The Yjs client id of everything that the server itself writes here.
    server_client = models.BigIntegerField(default=_new_client_id, editable=False)
    link_reach = models.CharField(
        max_length=16, choices=LinkReach.choices, default=LinkReach.RESTRICTED
    )
    link_role = models.PositiveSmallIntegerField(choices=Role.choices, default=Role.VIEWER)
    link_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When its content or title last changed.
    updated_at = models.DateTimeField(auto_now_add=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    members: "models.ManyToManyField[Any, Any]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="documents"
    )

    class Meta:
        ordering: ClassVar = ["-updated_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "id"], name="document_recent"),
            models.Index(fields=["title", "id"], name="document_title"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(head_seq__gte=0), name="head_seq_gte_0"),
            models.CheckConstraint(
                condition=models.Q(link_role__in=[Role.VIEWER, Role.COMMENTER, Role.EDITOR]),
                name="link_role_below_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)

    def get_absolute_url(self) -> str:
        """Where the page shows it."""
        return f"/documents/{self.id}/"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.root:
            self.root = DEFAULT_ROOTS[Kind(self.kind)]
        super().save(*args, **kwargs)


class Membership(models.Model):
    """What one user is in one document."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-role", "created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "user"], name="one_membership_each"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]),
                name="membership_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {Role(self.role).slug} of {self.document}"
