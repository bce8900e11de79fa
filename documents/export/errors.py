"""What can go wrong while exporting, as one family."""

from documents.errors import DocumentError


class ExportError(DocumentError):
    """Base of everything an export refuses. The message says what to change."""


class UnknownFormat(ExportError):
    """No renderer has this name."""


class UnknownKind(ExportError):
    """The document's kind is neither richtext nor text."""


class WrongRootType(ExportError):
    """The root holds a map or a list, which cannot be read as text."""


class UnknownRoot(ExportError):
    """The document has no root of this name."""


class Unreadable(ExportError):
    """The root holds what no editor writes, and what cannot be shown safely."""
