"""What one client says of itself is repeated to all others: it must be small, and JSON."""

import json
from typing import Any

from collab.wire.messages import ErrorCode, WireError
from documents.admission import MAX_VALUE_DEPTH, is_deep

MAX_STATES = 1000
# Cursors and names; whatever is larger belongs into the document.
MAX_STATE_BYTES = 64 * 1024
# What is meant for one: a position, a name, an invitation to look.
MAX_DIRECT_BYTES = 16 * 1024


def parse_state(text: str) -> dict[str, Any] | None:
    """The state of one client from its JSON, if it may be repeated; else WireError."""
    # Before it is parsed: what comes out of it may be a hundred times as large.
    _check_size(len(text) if text.isascii() else len(text.encode(errors="surrogatepass")))
    try:
        return check_state(json.loads(text))
    except (ValueError, RecursionError):
        raise WireError("A state is not JSON.") from None


def check_state(state: Any) -> dict[str, Any] | None:
    """The state of one client as it came out of JSON, if it may be repeated; else WireError."""
    if not isinstance(state, dict | None):
        raise WireError("`state` is neither an object nor null.")
    _check(state, "A state", MAX_STATE_BYTES)
    return state


def check_direct(data: Any) -> Any:
    """What one client has for another as it came out of JSON, if it may be handed on."""
    _check(data, "`data`", MAX_DIRECT_BYTES)
    return data


def _check(value: Any, what: str, max_bytes: int) -> None:
    if is_deep(value):
        # It could not be written again from wherever that happens.
        raise WireError(f"{what} is nested deeper than {MAX_VALUE_DEPTH}.")
    try:
        _check_size(len(json.dumps(value, allow_nan=False)), what, max_bytes)
    except ValueError:
        raise WireError(f"{what} has a number that is not finite.") from None


def _check_size(size: int, what: str = "A state", max_bytes: int = MAX_STATE_BYTES) -> None:
    if size > max_bytes:
        raise WireError(
            f"{what} has {size} bytes; at most {max_bytes} are repeated to others.",
            code=ErrorCode.TOO_LARGE,
        )
