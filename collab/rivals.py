"""What other processes logged, against what waits to be logged here.

The gate compares an edit with all that its room has seen. What another process logged meanwhile
the room has not seen: so the journal compares again, under the document's lock. In the journal's
thread, apart from `JournalCheck.accepts` pure.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from documents.comparison import Record, mentions
from documents.log import NewUpdate, read_since
from documents.marks import Mark


class Known(NamedTuple):
    """What a room knows of its log when its rows are to be appended."""

    mark: Mark
    # Rows of others that came in while its own waited.
    heard: Sequence[bytes] = ()


class JournalCheck:
    """Looks at the log of each document before rows are appended to it, under its lock."""

    def __init__(self, work: Mapping[uuid.UUID, tuple[Sequence[NewUpdate], Known]]) -> None:
        """`work`: the rows for each document, and what their room knows of its log."""
        self._work = work
        # The log ends before what its room holds, or is another one: an older backup is there.
        self.set_back: set[uuid.UUID] = set()
        # Document id -> which of its rows say something else under somebody's client id.
        self.contested: dict[uuid.UUID, list[int]] = {}

    def accepts(self, document_id: uuid.UUID, end: Mark) -> bool:
        """Whether the rows may follow on `end`; costs a query if the room has not seen it."""
        mine, known = self._work[document_id]
        if end == known.mark and not known.heard:
            return True
        others = list(known.heard)
        if end != known.mark:
            unseen: list[bytes] = []
            if end.seq > known.mark.seq:
                rows = read_since(document_id=document_id, seq=known.mark.seq, until=end.seq)
                unseen = [row.payload for row in rows]
            if known.mark.after(unseen) != end:
                self.set_back.add(document_id)
                return False
            others += unseen
        if contested := find_contested(mine, others):
            self.contested[document_id] = contested
            return False
        return True


def find_contested(rows: Sequence[NewUpdate], others: Sequence[bytes]) -> list[int]:
    """Which of the rows differ from what others wrote at the same clocks of the same clients."""
    if not others:
        return []
    theirs: dict[int, Record] = {}
    contested = []
    for index, row in enumerate(rows):
        mine = Record(row.payload) if row.client is None else None
        clients = mine.clients if mine is not None else {row.client or 0}
        for place, other in enumerate(others):
            # Nearly always that ends it: client ids are long, and chosen at random.
            if not any(mentions(other, client) for client in clients):
                continue
            if mine is None:
                mine = Record(row.payload)
            if place not in theirs:
                theirs[place] = Record(other)
            if mine.disagrees(theirs[place]):
                contested.append(index)
                break
    return contested
