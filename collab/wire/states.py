"""What one client says of itself is repeated to all others: it must be small, and JSON."""

import json
from typing import Any

from collab.wire.messages import ErrorCode, WireError

MAX_STATES = 1000
# Cursors and names; whatever is larger belongs into the document.
MAX_STATE_BYTES = 64 * 1024


def check_state(state: Any) -> dict[str, Any] | None:
    """The state of one client as it came out of JSON, if it may be repeated; else WireError."""
    if not isinstance(state, dict | None):
        raise WireError("`state` is neither an object nor null.")
    try:
        size = len(json.dumps(state, allow_nan=False))
    except (ValueError, RecursionError):
        raise WireError("A state has a number that is not finite, or is nested too deep.") from None
    if size > MAX_STATE_BYTES:
        raise WireError(
            f"A state has {size} bytes; at most {MAX_STATE_BYTES} are repeated to others.",
            code=ErrorCode.TOO_LARGE,
        )
    return state
