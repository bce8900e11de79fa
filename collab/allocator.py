"""The C library's memory: large buffers go back to the system when they are freed.

A document that is opened, sent or pasted passes through buffers as large as itself. glibc takes
them from the heap, between things that stay, and keeps the holes: 100 documents of 100 kB that were
pasted held 130 kB each that nobody used. With pages of their own, for some 10 us each, they do not.
"""

import ctypes

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 64 * 1024


def give_back_large_buffers() -> bool:
    """For this process, from now on; whether the C library knows how (glibc does)."""
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES))
    except (OSError, AttributeError, TypeError):
        return False
