from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from documents.demo import PASSWORD, USERNAMES, create_demo


class Command(BaseCommand):
    """Fill an empty database for somebody who wants to look around."""

    help = "Create the demo users and a welcome document, on an empty database, in development."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django's signature)
        """Create the demo, or say why not."""
        if not settings.DEBUG:
            raise CommandError("Never when DEBUG is off: everybody knows the demo's password.")
        document = create_demo()
        if document is None:
            self.stdout.write("There are users already: nothing was created.")
        else:
            names = ", ".join(USERNAMES)
            self.stdout.write(
                f"Created {names} (password: {PASSWORD}) and alice's document “{document}”."
            )
