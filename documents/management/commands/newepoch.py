import uuid
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)

from documents.epochs import begin_epoch
from documents.errors import DocumentMissing
from documents.models import Document

_HELP = """\
After an older backup of the database was restored: let the old state win.

Without this command a restored backup heals: whoever still has the newer state in a browser sends
it again. With it, clients of the page and of the JSON wire that have a copy from before are closed
with 4409; they keep it to download, and start from what the database holds.

Stop the server before you restore the backup, run this, and start the server again: what comes
back before the new epoch is in the log, and stays. Rooms that are open all the same close within
seconds.

The stock clients of y-websocket and Hocuspocus know no epochs. One whose page stays open merges its
newer state back in as soon as it reconnects, and nobody can tell that from an edit. So have those
pages reloaded before the server starts. Those of y-websocket 3.1 or newer that are connected give
up for good when they are closed with 4409: run this once before you stop the server as well. Where
neither will do, duplicate the document, hand out the copy's address, and move this one to the
trash: nothing can be merged into an address that is gone.
"""


class _Paragraphs(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the lines of the help as they are."""


class Command(BaseCommand):
    """For the operator who restored a backup."""

    help = _HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With a help of several paragraphs."""
        return super().create_parser(prog_name, subcommand, formatter_class=_Paragraphs, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Which documents."""
        parser.add_argument("documents", nargs="*", type=uuid.UUID, metavar="document id")
        parser.add_argument("--all", action="store_true", help="every document, trash included")
        parser.add_argument(
            "--no-input", action="store_false", dest="interactive", help="do not ask with --all"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Begin the epochs, each in a transaction of its own, and say which."""
        document_ids: list[uuid.UUID] = options["documents"]
        if options["all"] == bool(document_ids):
            raise CommandError("Name the documents by their ids, or say --all.")
        if options["all"]:
            document_ids = list(Document.objects.order_by("id").values_list("id", flat=True))
            if options["interactive"] and not self._confirm(len(document_ids)):
                raise CommandError("Nothing was changed.")
        missing = 0
        for document_id in document_ids:
            try:
                begun = begin_epoch(document_id=document_id)
            except DocumentMissing:
                missing += 1
                self.stderr.write(f"{document_id}: there is no such document.")
                continue
            self.stdout.write(
                f"{document_id}: epoch {begun.new}, was {begun.old}; clients start from seq "
                f"{begun.head}."
            )
        if missing and not options["all"]:
            raise CommandError(f"{missing} of {len(document_ids)} documents do not exist.")

    def _confirm(self, count: int) -> bool:
        self.stdout.write(
            f"Whoever has one of all {count} documents open loses it, and keeps what was not yet "
            "saved as a file to download."
        )
        return input("Begin a new epoch for all of them? Type yes: ").strip() == "yes"
