"""What can go wrong on the stored side, as one family."""


class DocumentError(Exception):
    """Base of everything the stored side refuses. The message says what to change."""


class DocumentMissing(DocumentError):
    """There is no such document, or it is in the trash."""


class SignInRequired(DocumentError):
    """Somebody who is not signed in might have to be, to see this."""


class Forbidden(DocumentError):
    """They see the document, but may not do this."""


class TooOften(DocumentError):
    """Asked for too often; `retry_seconds` says when to ask again."""

    def __init__(self, message: str, *, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class Conflict(DocumentError):
    """What was asked does not fit the state that things are in."""


class HeadMoved(Conflict):
    """The log grew since the caller looked; look again."""


class LogDamaged(DocumentError):
    """The log has a gap, or a row that cannot be applied. Nothing is served from it."""


class BadUpdate(DocumentError):
    """Not a well-formed Yjs v1 update, or not one that fits onto the document."""


class Contradiction(Conflict):
    """Other content stands where this update wants to: its client id is somebody else's too."""


class MissingPredecessors(DocumentError):
    """The update builds on changes that the document does not have: send those first."""
