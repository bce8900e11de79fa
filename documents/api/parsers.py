"""Reading request bodies within bounds."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from documents.api.errors import TooLarge

MAX_JSON_BYTES = 8 * 1024 * 1024
MAX_UPDATE_BYTES = 64 * 1024 * 1024


def read_bounded(stream: IO[bytes], *, max_bytes: int) -> bytes:
    """Read a whole body; TooLarge past the bound, without reading the rest."""
    body = stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise TooLarge(f"A request here holds at most {max_bytes} bytes.")
    return body


class StrictJSONParser(BaseParser):
    """JSON whose every string is Unicode text, within MAX_JSON_BYTES."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 (DRF's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """The parsed body; ParseError says what is wrong with it."""
        body = read_bounded(stream, max_bytes=MAX_JSON_BYTES)
        try:
            parsed = json.loads(body, parse_constant=_refuse_constant)
            if b"\\u" in body:
                # "\ud800" alone is half a character: no database and no answer can hold it.
                json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
        return parsed


class UpdateParser(BaseParser):
    """The raw bytes of a Yjs update, within MAX_UPDATE_BYTES."""

    media_type = "application/octet-stream"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002 (DRF's signature)
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """The body as it is."""
        return read_bounded(stream, max_bytes=MAX_UPDATE_BYTES)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
