import uuid
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from documents.errors import DocumentError
from documents.members import find_user
from documents.models import Document, Membership
from documents.replay import Source
from documents.roles import Role
from documents.salvage import Plan, plan_salvage, salvage_document


class Command(BaseCommand):
    """For the operator of a document that does not open any more."""

    help = (
        "Save what can be saved of a damaged document into a new one, with its history, versions "
        "and members, and say what had to be left out. The damaged document is not touched: when "
        "you are content with the new one, move the old one to the trash."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which document, and what becomes of it."""
        parser.add_argument("document", type=uuid.UUID, metavar="document id")
        parser.add_argument("--title", help="of the new document")
        parser.add_argument("--owner", metavar="username", help="the old owner, if not given")
        parser.add_argument(
            "--force", action="store_true", help="even if nothing of its content is damaged"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Save, and say what was left out."""
        try:
            plan = plan_salvage(options["document"])
            if not plan.findings and not options["force"]:
                raise CommandError(
                    "Nothing of its content is damaged. With --force you get a copy all the same, "
                    "with its history."
                )
            owner = _find_owner(plan.document, options["owner"])
            made = salvage_document(plan=plan, owner=owner, title=options["title"])
        except DocumentError as error:
            raise CommandError(str(error)) from error
        for line in _describe(plan):
            self.stdout.write(line)
        self.stdout.write(f"The new document is {made.id}, “{made}”, at seq {made.head_seq}.")


def _find_owner(document: Document, username: str | None) -> Any:
    if username is not None:
        user = find_user(username=username)
        if user is None:
            raise CommandError(f"There is no active user {username}.")
        return user
    owners = Membership.objects.filter(document=document, role=Role.OWNER).select_related("user")
    first = owners.order_by("created_at", "id").first()
    if first is None:
        raise CommandError("Nobody owns it: say with --owner who is to have the new one.")
    return first.user


def _describe(plan: Plan) -> Iterator[str]:
    yield "Found:"
    for finding in plan.findings:
        yield f"  {' '.join(finding.detail.split())}"
    if not plan.findings:
        yield "  no damage"
    for source in plan.fillings:
        yield f"The snapshot at {source.seq} filled in what rows before it had lost."
    if not plan.left_out:
        yield "Left out: nothing that is there."
        return
    yield "Left out:"
    for (why, _), group in groupby(enumerate(plan.left_out), key=_same_reason_in_a_row):
        sources = [source for _, (source, _) in group]
        yield f"  {_name(sources)}: {why}"


def _same_reason_in_a_row(numbered: tuple[int, tuple[Source, str]]) -> tuple[str, object]:
    """Neighbours in the log with one reason are told as one."""
    index, (source, why) = numbered
    return why, source if source.snapshot_id else source.seq - index


def _name(sources: list[Source]) -> str:
    first, last = sources[0], sources[-1]
    if first.snapshot_id:
        return f"snapshot at {first.seq} (id {first.snapshot_id})"
    return f"row {first.seq}" if first is last else f"rows {first.seq} to {last.seq}"
