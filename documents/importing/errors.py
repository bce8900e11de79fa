"""What can go wrong while editing or importing, as one family."""

from documents.errors import DocumentError


class EditError(DocumentError):
    """Base of every edit that is refused; nothing was changed. The message says what to change."""


class UnsupportedEdit(EditError):
    """An operation that this kind of document does not have."""


class NestedTooDeep(EditError):
    """Lists and quotations stand in each other beyond what a document holds."""
