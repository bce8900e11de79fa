from typing import ClassVar

from django.conf import settings
from django.db import models

from documents.models.document import Document
from documents.roles import Role


class Process(models.Model):
    """A serving process, alive until its lease ends; it renews the lease as long as it runs."""

    id = models.UUIDField(primary_key=True)
    lease_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return str(self.id)


class Connection(models.Model):
    """One session of one document: the roster across processes."""

    id = models.UUIDField(primary_key=True)
    # No constraints in the database: these rows are written together with everybody's edits,
    # and a document or user that is deleted at that moment must not hold those up.
    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="connections", db_constraint=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    process = models.ForeignKey(
        Process, on_delete=models.CASCADE, related_name="connections", db_constraint=False
    )
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["since", "id"]

    def __str__(self) -> str:
        return f"{self.user or 'a visitor'} in {self.document_id}"
