"""What can be wrong with an anchor."""

from documents.errors import Conflict, DocumentError


class BadAnchor(DocumentError):
    """It names no place in the text."""


class NotHereYet(Conflict):
    """It names text that has not arrived: try again when it is saved."""
