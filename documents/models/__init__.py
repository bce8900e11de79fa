"""The stored side's tables, by topic."""

from documents.models.connection import Connection, Process
from documents.models.document import Document, Kind, LinkReach, Membership
from documents.models.log import Segment, Snapshot, Update
from documents.models.revision import Revision

__all__ = [
    "Connection",
    "Document",
    "Kind",
    "LinkReach",
    "Membership",
    "Process",
    "Revision",
    "Segment",
    "Snapshot",
    "Update",
]
