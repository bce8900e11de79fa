"""The stored side's tables, by topic."""

from documents.models.connection import Connection, Process
from documents.models.document import Document, Kind, LinkReach, Membership
from documents.models.invitation import INVITED_ROLES, Invitation
from documents.models.log import Segment, Snapshot, Update
from documents.models.notification import Notification, NotificationKind
from documents.models.revision import Revision
from documents.models.talk import Comment, Message, Thread

__all__ = [
    "INVITED_ROLES",
    "Comment",
    "Connection",
    "Document",
    "Invitation",
    "Kind",
    "LinkReach",
    "Membership",
    "Message",
    "Notification",
    "NotificationKind",
    "Process",
    "Revision",
    "Segment",
    "Snapshot",
    "Thread",
    "Update",
]
