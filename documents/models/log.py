from typing import ClassVar

from django.conf import settings
from django.db import models

from documents.models.document import Document
from documents.models.fields import StateField


class Update(models.Model):
    """One row of a document's append-only log; with what is packed, the truth about its content."""

    # What is unique begins with it: another index would cost each keystroke as much again.
    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="updates", db_index=False
    )
    seq = models.BigIntegerField()
    # One Yjs v1 update, causally complete on top of all rows with a lower seq.
    payload = models.BinaryField()
    # No constraint in the database: a user deleted at that moment must not hold up the journal.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        # Whose they are is asked only when somebody is deleted, and most are packed by then.
        db_index=False,
    )
    # The Yjs client id that wrote it, when one did.
    client = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["document", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "seq"], name="one_update_per_seq"),
        ]

    def __str__(self) -> str:
        return f"update {self.seq} of {self.document_id}"


class Segment(models.Model):
    """Rows of a document's log that are packed together, unmerged, and stand here alone.

    Never changed once it is written. `documents.rows` reads segments and rows as one log.
    """

    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="segments", db_index=False
    )
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    # What `documents.segments` packs. Authors who are deleted are still named in it.
    payload = models.BinaryField()

    class Meta:
        ordering: ClassVar = ["document", "last_seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "last_seq"], name="one_segment_per_seq"),
            models.CheckConstraint(
                condition=models.Q(last_seq__gte=models.F("first_seq")), name="segment_has_rows"
            ),
        ]

    def __str__(self) -> str:
        return f"updates {self.first_seq} to {self.last_seq} of {self.document_id}"


class Snapshot(models.Model):
    """A document's full state at one seq. With a label it is a version."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="snapshots")
    seq = models.BigIntegerField()
    # The whole state as one Yjs v1 update.
    state = StateField()
    # Its CRC-32, and the log's up to `seq` (see `documents.marks`); None of one that was made
    # before they were kept.
    state_checksum = models.BigIntegerField(null=True, editable=False)
    log_checksum = models.BigIntegerField(null=True, editable=False)
    label = models.CharField(max_length=255, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-seq", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["document", "-seq"], name="snapshot_newest"),
        ]
        constraints: ClassVar = [
            # Two processes that find a snapshot due at once make one.
            models.UniqueConstraint(
                fields=["document", "seq"],
                condition=models.Q(label=""),
                name="one_automatic_snapshot_per_seq",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label or 'snapshot'} at {self.seq} of {self.document_id}"
