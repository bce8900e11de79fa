"""The stored side's tables, by topic."""

from documents.models.connection import Connection, Process
from documents.models.document import Document, Kind, LinkReach, Membership
from documents.models.log import Segment, Snapshot, Update

__all__ = [
    "Connection",
    "Document",
    "Kind",
    "LinkReach",
    "Membership",
    "Process",
    "Segment",
    "Snapshot",
    "Update",
]
