import zlib
from typing import TYPE_CHECKING, Any

from django.db import models

# A number written longer than it has to be: no update begins so. What does not was stored as it is.
_COMPRESSED = b"\x80\x00"
# Half as small again would take seven times as long.
_LEVEL = 1

if TYPE_CHECKING:
    BinaryField = models.BinaryField[bytes, bytes]
else:
    BinaryField = models.BinaryField


class StateField(BinaryField):
    """A Yjs v1 update that is compressed where it is stored, to a third if it was typed.

    Reading it costs a fifth of what a document costs that is built from it.
    """

    def get_prep_value(self, value: Any) -> Any:
        """As it is stored."""
        prepared = super().get_prep_value(value)
        if prepared is None:
            return None
        compressed = _COMPRESSED + zlib.compress(prepared, _LEVEL)
        return compressed if len(compressed) < len(prepared) else prepared

    def from_db_value(self, value: Any, *_: Any) -> bytes | None:
        """As it was. Where that cannot be read any more, what is there: the gate will refuse it."""
        if value is None:
            return None
        stored = bytes(value)
        if not stored.startswith(_COMPRESSED):
            return stored
        try:
            return zlib.decompress(stored[len(_COMPRESSED) :])
        except zlib.error:
            return stored
