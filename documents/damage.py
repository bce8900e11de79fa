"""What is said when a document turns out to be damaged as it is opened.

It is not opened at all: neither blank nor in part, for whoever writes on would make that the
truth. Its operator is told once, and how to go on; all other documents are served as ever.
"""

import logging
import uuid
from contextlib import closing
from functools import lru_cache

from documents.errors import LogDamaged
from documents.verification import consistent_view, verify_document

logger = logging.getLogger(__name__)


class ReportedDamage(LogDamaged):
    """Damage that the operator was told of."""


def report_damage(document_id: uuid.UUID, error: Exception) -> LogDamaged:
    """What to raise instead of `error`, which says that the document cannot be built.

    The first time in this process it replays the log, to find where the damage is, and logs that
    as an error: clients who try again and again do not fill the log with it.
    """
    if isinstance(error, ReportedDamage):
        return error
    return ReportedDamage(_tell_operator(document_id, str(error)))


@lru_cache(maxsize=1024)
def _tell_operator(document_id: uuid.UUID, why: str) -> str:
    with consistent_view(), closing(verify_document(document_id)) as findings:
        found = next((each for each in findings if each.code.concerns_content), None)
    what = f"Its log is damaged: {why if found is None else found.detail}"
    logger.error(
        "Document %s is not opened. %s. `manage.py verify %s` says all that is wrong with it, "
        "`manage.py salvage %s` saves what can be saved into a new document.",
        document_id,
        what.rstrip("."),
        document_id,
        document_id,
    )
    return what
