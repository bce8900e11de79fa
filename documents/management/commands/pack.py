import time
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from documents.errors import DocumentError
from documents.management.selection import all_documents, existing
from documents.packing import pack_log
from documents.snapshots import snapshot_if_due

_PROGRESS_SECONDS = 5.0


class Command(BaseCommand):
    """For whoever has more history than disk: after an upgrade, or now and then from cron."""

    help = (
        "Pack the old rows of documents' logs into compressed segments, as the server does while "
        "documents are written, but all of it: a tenth of the bytes or less, and every row stays "
        "readable. May run beside a live server, and be ended at any time. The database gives the "
        "space back with VACUUM. Exits with 1 if a log is damaged: see `manage.py verify`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which documents."""
        parser.add_argument("documents", nargs="*", type=uuid.UUID, metavar="document id")
        parser.add_argument("--all", action="store_true", help="all documents that there are")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Pack, and say how much it was."""
        if bool(options["documents"]) == options["all"]:
            raise CommandError("Say which documents, or --all.", returncode=2)
        said_at, count, rows, damaged = time.monotonic(), 0, 0, 0
        for document_id in all_documents() if options["all"] else existing(options["documents"]):
            count += 1
            try:
                snapshot_if_due(document_id=document_id, at_rest=True)
                rows += pack_log(document_id=document_id, at_rest=True)
            except DocumentError as error:
                damaged += 1
                self.stderr.write(f"{document_id} {error}")
            if options["verbosity"] and time.monotonic() - said_at > _PROGRESS_SECONDS:
                said_at = time.monotonic()
                self.stderr.write(f"{count} documents so far", lambda text: text)
        if options["verbosity"]:
            self.stdout.write(f"{rows} rows were packed in {count} documents.")
        if damaged:
            raise CommandError(f"{damaged} documents are damaged, and were left as they are.")
