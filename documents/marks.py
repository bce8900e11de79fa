"""How far a log is known, so that another log of the same length is told from it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32


class Mark(NamedTuple):
    """A row of a log, and a checksum that goes on with every row.

    A log that was set back to an older backup and has grown again reaches the same seq, and not
    the same mark.
    """

    seq: int
    checksum: int

    def after(self, payloads: Iterable[bytes]) -> "Mark":
        """The mark when these rows follow."""
        seq, checksum = self.seq, self.checksum
        for payload in payloads:
            seq += 1
            checksum = crc32(payload, checksum)
        return Mark(seq, checksum)
