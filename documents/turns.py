"""Turns at writing, among the threads of one process.

SQLite has one writer at a time. Whoever finds it taken sleeps and looks again, ever more rarely, up
to 100 ms later: the journal would sleep through the few milliseconds that a segment takes, and
through those of the next one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# Beyond, somebody outside has the database, and SQLite's own timeout counts.
_PATIENCE_SECONDS = 0.1

_writing = threading.Lock()


@contextmanager
def turn_to_write() -> Iterator[None]:
    """A transaction that begins the moment the one before it ends, where that matters."""
    # Within a transaction it has its turn already.
    queues = connection.vendor == "sqlite" and not connection.in_atomic_block
    has_turn = queues and _writing.acquire(timeout=_PATIENCE_SECONDS)
    try:
        with transaction.atomic():
            yield
    finally:
        if has_turn:
            _writing.release()
