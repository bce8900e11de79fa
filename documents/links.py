"""A document's link: whom it lets in who is no member, as what, and until when."""

from datetime import datetime

from django.db import transaction

from documents import bus
from documents.models import Document, LinkReach
from documents.notifications import tell_notifications_changed
from documents.roles import Role


@transaction.atomic
def change_link(
    *, document: Document, reach: LinkReach, role: Role, expires_at: datetime | None
) -> None:
    """Open the link, narrow it or close it; whoever is in by it hears of it at once.

    The role is below owner (constrained). What it comes to for whom, `permissions` computes.
    """
    document.link_reach, document.link_role, document.link_expires_at = reach, role, expires_at
    document.save(update_fields=["link_reach", "link_role", "link_expires_at"])
    hint = bus.access_changed(document_id=document.id)
    transaction.on_commit(lambda: bus.publish(hint))
    tell_notifications_changed(document_id=document.id)
