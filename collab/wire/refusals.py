"""What becomes of an error on wires that have no word for it: the end of the session."""

from collab.wire.messages import Close, CloseCode, Error, ErrorCode


def end_of(error: Error) -> Close | None:
    """How a session ends over an error; None for one that it can live with.

    A stock client keeps what was refused and goes on as if it were saved. If sending it again
    can help, it is to connect anew, which is how it sends it again; if not, it is to stop.
    """
    match error.code:
        case ErrorCode.READ_ONLY:
            return None
        case ErrorCode.TOO_LARGE:
            return Close(CloseCode.TOO_LARGE, error.detail)
        case _ if error.retry_ms is not None:
            return Close(CloseCode.TRY_AGAIN_LATER, error.detail)
        case _:
            return Close(CloseCode.BAD_MESSAGE, error.detail)
