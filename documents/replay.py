"""A log replayed row by row behind the gate, past the rows that are damaged. Pure.

For whoever looks for damage, or saves what is left. Everybody else builds a document at once
(`documents.crdt.build`), or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pycrdt import Doc

from documents.admission import Admitted, admit, find_all_pairs
from documents.comparison import contradicts, lies_within, read_deletions
from documents.crdt import EMPTY_UPDATE, build, clocks_of, encode, guard
from documents.encoding import encode_state_vector
from documents.errors import BadUpdate, Contradiction, DocumentError

# What was applied since is kept as long as it is small beside the document, and this at least.
_MIN_UNSETTLED_BYTES = 1024 * 1024


class Source(NamedTuple):
    """Where an update stands: in a row, or in a snapshot at that seq."""

    seq: int
    # 0 for a row.
    snapshot_id: int = 0


class Replay:
    """A Doc that takes one update after the other, and stays good whatever is handed in.

    What harms the Doc all the same is found when it is next encoded: then it goes back to what
    it was at the last such moment, and takes what came since one by one.
    """

    def __init__(
        self,
        state: bytes = EMPTY_UPDATE,
        *,
        accept: Callable[[Sequence[Source]], object] = lambda _: None,
    ) -> None:
        """Begin with a full state; BadUpdate or MissingPredecessors if it is not one.

        `accept` is told what is in the Doc for good, in the order in which it was applied.
        """
        admit(state, {})
        self._accept = accept
        self.refused: dict[Source, DocumentError] = {}
        # Of what was applied: what says something else at clocks that were taken already.
        self.contradictory: set[Source] = set()
        self._settled = state
        self._unsettled: list[tuple[Source, bytes]] = []
        self._unsettled_bytes = 0
        self._wary = False
        self._rebuild()
        self._check()

    def _rebuild(self) -> None:
        updates = [self._settled, *(update for _, update in self._unsettled)]
        self._doc: Doc[Any] = build(updates)
        # Client id -> clock.
        self.clocks = clocks_of(self._doc)
        self._pairs = find_all_pairs(updates)

    def add(self, source: Source, update: bytes, *, may_contradict: bool = True) -> Admitted | None:
        """Apply an update, or note in `refused` why not; what it holds, if it was applied."""
        try:
            admitted = self._admit(update)
            if self._contradicts(update, admitted):
                if not may_contradict:
                    raise Contradiction("It says something else than the log, at the same clocks.")
                self.contradictory.add(source)
        except DocumentError as error:
            self._refuse(source, error)
            return None
        try:
            guard(self._doc.apply_update, update)
            self._advance(admitted)
            if self._wary or admitted.entangled:
                self._check()
        except BadUpdate as error:
            self._refuse(source, error)
            self._rebuild()
            return None
        self._unsettled.append((source, update))
        self._unsettled_bytes += len(update)
        if self._unsettled_bytes > max(_MIN_UNSETTLED_BYTES, len(self._settled)):
            self.settle()
        return admitted

    def holds(self, update: bytes, *, deleted: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
        """Whether all that an update says is in the Doc, in which `deleted` is deleted.

        Without a look at whether the Doc says the same: that would cost as much as the document.
        """
        try:
            admitted = admit(update, self.clocks)
        except DocumentError:
            return False
        return admitted.is_known(self.clocks) and all(
            lies_within(deleted.get(client, []), start, end)
            for client, ranges in (read_deletions(update) if admitted.deletes else {}).items()
            for start, end in ranges
        )

    def _refuse(self, source: Source, error: DocumentError) -> None:
        # There may be as many as there are rows: the frames of each would be too much.
        error.__traceback__ = error.__context__ = None
        self.refused[source] = error

    def settle(self) -> bytes:
        """The Doc's full state, as one update; may refuse what was applied since the last time."""
        try:
            self._settled = self._check()
        except BadUpdate:
            self._redo_warily()
            self._settled = self._check()
        self._accept([source for source, _ in self._unsettled])
        self._unsettled, self._unsettled_bytes = [], 0
        return self._settled

    def _check(self) -> bytes:
        """The Doc's full state; BadUpdate if it has none, or lacks something that it was given."""
        state = encode(self._doc)
        if clocks_of(self._doc) != self.clocks:
            raise BadUpdate("Blocks of the update wait for each other, or for what is not here.")
        return state

    def _redo_warily(self) -> None:
        again, self._unsettled = self._unsettled, []
        self._rebuild()
        self._unsettled_bytes, self._wary = 0, True
        for source, update in again:
            self.add(source, update)
        self._wary = False

    def _admit(self, update: bytes) -> Admitted:
        try:
            return admit(update, self.clocks, self._pairs)
        except BadUpdate:
            if not self._pairs:
                raise
            # Pairs that are deleted by now are not there to be cut: those that are left decide.
            admit(update, self.clocks)
            self._pairs = find_all_pairs([encode(self._doc)])
            return admit(update, self.clocks, self._pairs)

    def _contradicts(self, update: bytes, admitted: Admitted) -> bool:
        overlap = {
            client: start
            for client, start in admitted.starts.items()
            if start < self.clocks.get(client, 0) and start < admitted.ends[client]
        }
        if not overlap:
            return False
        held = encode(self._doc, since=encode_state_vector(self.clocks | overlap))
        return contradicts(update, held, known=self.clocks)

    def _advance(self, admitted: Admitted) -> None:
        self._pairs.update(admitted.pairs)
        for client, end in admitted.ends.items():
            if end > self.clocks.get(client, 0):
                self.clocks[client] = end
