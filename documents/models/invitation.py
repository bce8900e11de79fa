import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from documents.models.document import Document
from documents.roles import Role

# What an invitation may give: an owner is made of a member that one knows.
INVITED_ROLES = [Role.VIEWER, Role.COMMENTER, Role.EDITOR]


class Invitation(models.Model):
    """A mailed invitation to a document; open until it is accepted, withdrawn or expired.

    Those that are no longer open stay: they are counted against sending without measure.
    """

    # Not a number that could be given again after a deletion: a mailed link names it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="invitations")
    # In lower case.
    email = models.EmailField(max_length=254)
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    # When its mail was last handed over; None if that failed.
    sent_at = models.DateTimeField(null=True)
    # When sending it was last asked for.
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["inviter", "asked_at"], name="invitation_pace"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_each",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=INVITED_ROLES), name="invitation_role_below_owner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.document_id} as {Role(self.role).slug}"
