import json
import time
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from documents.management.selection import all_documents, existing
from documents.verification import Finding, consistent_view, verify_document

_PROGRESS_SECONDS = 5.0


class Command(BaseCommand):
    """For cron, and for whoever has doubts."""

    help = (
        "Replay the logs of documents, all by default, against their snapshots and counters, and "
        "name what does not fit. Changes nothing, and may run beside a live server. One finding a "
        "line on stdout: document id, code, detail. Exits with 0 if there is none, 1 if there are "
        "some, 2 if it could not look."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which documents, and how to say it."""
        parser.add_argument("documents", nargs="*", type=uuid.UUID, metavar="document id")
        parser.add_argument(
            "--json",
            action="store_true",
            help="one JSON object a line: document, code, seq, detail",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Look, say what there is, and exit as cron understands it."""
        started = time.monotonic()
        said_at, count, findings, damaged = started, 0, 0, 0
        try:
            for document_id in existing(options["documents"]) or all_documents():
                found = 0
                with consistent_view():
                    for finding in verify_document(document_id):
                        found += 1
                        self._tell(document_id, finding, as_json=options["json"])
                count, findings, damaged = count + 1, findings + found, damaged + bool(found)
                if options["verbosity"] and time.monotonic() - said_at > _PROGRESS_SECONDS:
                    said_at = time.monotonic()
                    self._note(f"{count} documents, {findings} findings so far")
        except CommandError:
            raise
        except Exception as error:
            # Whatever it is: a traceback's exit code would say that something was found.
            raise CommandError(f"Could not go on: {error!r}", returncode=2) from error
        seconds = time.monotonic() - started
        summary = f"{count} documents in {seconds:.1f} s: {findings} findings in {damaged} of them."
        if findings:
            raise CommandError(summary, returncode=1)
        if options["verbosity"]:
            self._note(summary)

    def _note(self, line: str) -> None:
        self.stderr.write(line, lambda text: text)

    def _tell(self, document_id: uuid.UUID, finding: Finding, *, as_json: bool) -> None:
        if as_json:
            line = json.dumps(
                {
                    "document": str(document_id),
                    "code": finding.code,
                    "seq": finding.seq,
                    "detail": finding.detail,
                }
            )
        else:
            # Labels of versions may hold anything.
            line = f"{document_id} {finding.code} {' '.join(finding.detail.split())}"
        self.stdout.write(line)
