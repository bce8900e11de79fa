"""Who has a document open now, in any process."""

import uuid
from collections.abc import Sequence

from django.utils import timezone

from documents.models import Connection


def read_roster(*, document_id: uuid.UUID) -> Sequence[Connection]:
    """The connections to a document whose process is alive, in the order in which they came."""
    return list(
        Connection.objects.filter(document_id=document_id, process__lease_until__gt=timezone.now())
        .select_related("user")
        .order_by("since", "id")
    )
