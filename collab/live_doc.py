"""The content of one open document: a pycrdt Doc behind the gate. No Django.

One owner: a LiveDoc is used by its room's thread only (pycrdt refuses any other).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pycrdt import Doc, merge_updates

from documents.admission import Admitted, admit, find_all_pairs
from documents.comparison import contradicts
from documents.crdt import EMPTY_UPDATE, apply_all, build, check_complete, encode, guard
from documents.encoding import decode_state_vector, encode_state_vector
from documents.errors import BadUpdate, Contradiction, DocumentError
from documents.pairs import Pairs


class Poisoned(Exception):
    """The Doc is no longer to be trusted; build a new one from the log."""


@dataclass(slots=True)
class Run:
    """What came of one session's updates, applied together."""

    # Indexes into the updates, with why each was refused.
    refused: dict[int, DocumentError] = field(default_factory=dict)
    # What they changed, as one update; None if there was nothing new in them.
    changed: bytes | None = None
    # The client ids with new structs.
    clients: list[int] = field(default_factory=list)
    # The first update that brings new structs of client ids that are somebody else's, and up to
    # which clocks; nothing from there on was applied.
    foreign_from: int | None = None
    foreign: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is to be said of an update, for a document that stands where it did then."""

    version: int
    outcome: Admitted | DocumentError
    # Whether it says something else at clocks that are known.
    contradicts: bool

    def admitted(self) -> Admitted:
        """What the update holds; raises what it is refused for."""
        if isinstance(self.outcome, DocumentError):
            raise self.outcome
        return self.outcome


class LiveDoc:
    """A Doc, the clocks of what it holds, and its full state while nothing changes."""

    def __init__(
        self,
        updates: Iterable[bytes],
        *,
        pairs: Pairs | None = None,
        clocks: Mapping[int, int] | None = None,
    ) -> None:
        """Build from Yjs v1 updates in causal order; BadUpdate if one cannot be applied.

        `pairs` and `clocks`: what is in the updates, if somebody looked already. A Doc of one
        update whose clocks are known is built when it is needed: whoever only reads is answered
        with the update as it is. If it cannot be built then, what needed it raises Poisoned.
        """
        updates = list(updates)
        # What the Doc is to be built of, if it is not there yet, and the clocks that it must have.
        self._updates: Sequence[bytes] = updates
        self._stored_clocks = clocks if len(updates) == 1 else None
        # Client id -> clock; always what the Doc's own state vector says.
        self.clocks: dict[int, int] = dict(
            self._stored_clocks or decode_state_vector(self._doc.get_state())
        )
        # (client, clock) of the second half of each surrogate pair, which nothing may cut off.
        self._pairs = find_all_pairs(updates) if pairs is None else pairs
        # Counts what was applied.
        self._version = 0
        # Admitted, and not applied yet.
        self._plain: list[bytes] = []
        # An update that is all there is, as a snapshot, is the full state as it is stored.
        self._full = updates[0] if len(updates) == 1 else None
        self._full_was_used = True

    @cached_property
    def _doc(self) -> Doc[Any]:
        clocks = self._stored_clocks
        try:
            doc = build(self._updates)
            if clocks is not None:
                check_complete(doc, clocks)
        except BadUpdate as error:
            if clocks is None:
                raise
            # Whoever needs it now did not bring what is wrong with it.
            raise Poisoned(str(error)) from None
        self._updates, self._stored_clocks = (), None
        return doc

    def state_vector(self) -> bytes:
        """What the Doc holds, encoded."""
        return encode_state_vector(self.clocks)

    def admit_plain(self, update: bytes, *, is_foreign: Callable[[int], bool]) -> Admitted | None:
        """Let an update through that does nothing but add, as a keystroke does: what it holds.

        None for all others, which `apply` has to look at. What was let through is to be applied by
        `apply_plain` before anything else is done: the clocks are ahead of the Doc meanwhile.
        """
        clocks = self.clocks
        try:
            admitted = admit(update, clocks, self._pairs)
        except DocumentError:
            return None
        starts, ends = admitted.starts, admitted.ends
        if admitted.entangled or not starts:
            return None
        for client, start in starts.items():
            if start != clocks.get(client, 0) or ends[client] <= start or is_foreign(client):
                return None
        clocks.update(ends)
        if admitted.pairs:
            self._pairs.update(admitted.pairs)
        self._plain.append(update)
        return admitted

    def apply_plain(self) -> None:
        """Apply what `admit_plain` let through, whoever wrote it. It is what changed, as it is.

        Nobody need ask the Doc for it: to cut a keystroke out of the long block that pycrdt joined
        it to costs more than to apply it. Raises Poisoned; then nothing of it counts.
        """
        plain, self._plain = self._plain, []
        self._apply(plain)
        self._changed()

    async def examine(self, update: bytes) -> Examined:
        """Look at a large update in other threads; what is found counts while nothing changes."""
        version, clocks, pairs = self._version, dict(self.clocks), self._pairs

        def look() -> Admitted | DocumentError:
            try:
                return admit(update, clocks, pairs)
            except DocumentError as error:
                return error

        outcome = await asyncio.to_thread(look)
        if isinstance(outcome, DocumentError) or version != self._version:
            return Examined(version, outcome, contradicts=False)
        held = self._overlap(outcome)
        differs = held is not None and await asyncio.to_thread(
            contradicts, update, held, known=clocks
        )
        return Examined(version, outcome, differs)

    def apply(
        self,
        updates: Sequence[bytes],
        *,
        is_foreign: Callable[[int], bool] = lambda _: False,
        examined: Examined | None = None,
    ) -> Run:
        """Let updates through the gate and apply them in few transactions.

        `is_foreign` tells whether a client id is known to be somebody else's. `examined` is of the
        only update, if somebody looked at it already. Refused ones leave no trace. Raises Poisoned
        when pycrdt failed on one that the gate let through; then nothing of the run counts.
        """
        if examined is not None and examined.version != self._version:
            examined = None
        run = Run()
        clocks = self.clocks
        accepted: list[bytes] = []
        advanced: dict[int, int] = {}
        entangled = False
        for index, update in enumerate(updates):
            try:
                if examined is not None:
                    admitted = examined.admitted()
                else:
                    admitted = admit(
                        update, {**clocks, **advanced} if advanced else clocks, self._pairs
                    )
            except DocumentError as error:
                run.refused[index] = error
                continue
            if self._contradicts(update, admitted, examined) or (
                any(start < advanced.get(client, 0) for client, start in admitted.starts.items())
                and any(contradicts(update, said, known=advanced) for said in accepted)
            ):
                run.refused[index] = Contradiction(
                    "Other content is here under this client id. Take a new client id."
                )
                continue
            news = _news(admitted, clocks, advanced)
            foreign = {client: end for client, end in news.items() if is_foreign(client)}
            if foreign:
                run.foreign_from, run.foreign = index, foreign
                break
            accepted.append(update)
            self._pairs.update(admitted.pairs)
            entangled = entangled or admitted.entangled
            advanced |= news
        if not accepted:
            return run
        run.changed = self._transact(accepted)
        if entangled and decode_state_vector(self._doc.get_state()) != {**clocks, **advanced}:
            raise Poisoned("The blocks of an update wait for each other.")
        clocks.update(advanced)
        run.clients = list(advanced)
        return run

    def knows(self, update: bytes) -> bool:
        """Whether all that an update adds is here already, and the same; deletions aside."""
        try:
            admitted = admit(update, self.clocks, self._pairs)
        except DocumentError:
            return False
        return admitted.is_known(self.clocks) and not self._contradicts(update, admitted)

    def encode_deletions(self) -> bytes:
        """All that was ever deleted, as an update without content."""
        return encode(self._doc, since=self.state_vector())

    def _contradicts(
        self, update: bytes, admitted: Admitted, examined: Examined | None = None
    ) -> bool:
        """Whether the update says something else at clocks that are known."""
        if examined is not None:
            return examined.contradicts
        held = self._overlap(admitted)
        try:
            return held is not None and contradicts(update, held, known=self.clocks)
        except BadUpdate as error:
            # The update was well-formed: it is the Doc that does not encode well.
            raise Poisoned(str(error)) from None

    def _overlap(self, admitted: Admitted) -> bytes | None:
        """What is here at clocks that an update speaks of too; None if there are none."""
        clocks = self.clocks
        overlap = {
            client: start
            for client, start in admitted.starts.items()
            if start < clocks.get(client, 0) and admitted.ends[client] > start
        }
        if not overlap:
            return None
        try:
            return encode(self._doc, since=encode_state_vector({**clocks, **overlap}))
        except BadUpdate as error:
            raise Poisoned(str(error)) from None

    def apply_logged(self, updates: Sequence[bytes]) -> bytes | None:
        """Apply rows of the log, already admitted by who wrote them; return what changed."""
        changed = self._transact(updates)
        self._pairs.update(find_all_pairs(updates))
        if changed is not None:
            self.clocks = decode_state_vector(self._doc.get_state())
        return changed

    def _transact(self, updates: Sequence[bytes]) -> bytes | None:
        """Apply updates that may hold what is known; return what they changed."""
        reported: list[bytes] = []
        subscription = self._doc.observe(lambda event: reported.append(event.update))
        try:
            self._apply(updates)
        finally:
            self._doc.unobserve(subscription)
        if not reported:
            return None
        self._changed()
        return merge(reported)

    def _apply(self, updates: Sequence[bytes]) -> None:
        doc = self._doc
        try:
            if len(updates) == 1:
                guard(doc.apply_update, updates[0])
            else:
                guard(apply_all, doc, updates)
        except BadUpdate as error:
            raise Poisoned(str(error)) from None

    def _changed(self) -> None:
        self._full = None
        self._version += 1

    def let_go(self) -> None:
        """Forget the full state, unless somebody asked for it since the last time."""
        if not self._full_was_used and not self._updates:
            self._full = None
        self._full_was_used = False

    def encode_since(self, state_vector: bytes) -> bytes:
        """What a holder of that state vector lacks; the full state is kept for the next one.

        BadUpdate if it is none. One that ends within a character is taken to end before it.
        """
        clocks = decode_state_vector(state_vector) if state_vector else {}
        if not clocks:
            if self._full is None:
                self._full = encode(self._doc)
            self._full_was_used = True
            return self._full
        if any(place in self._pairs for place in clocks.items()):
            state_vector = encode_state_vector(
                {
                    client: clock - ((client, clock) in self._pairs)
                    for client, clock in clocks.items()
                }
            )
        return encode(self._doc, since=state_vector)


def merge(updates: Sequence[bytes]) -> bytes:
    """Several updates as one; for a handful (the cost grows with the square)."""
    match len(updates):
        case 0:
            return EMPTY_UPDATE
        case 1:
            return updates[0]
        case _:
            return guard(merge_updates, *updates)


def _news(admitted: Admitted, clocks: dict[int, int], advanced: dict[int, int]) -> dict[int, int]:
    return {
        client: end
        for client, end in admitted.ends.items()
        if end > advanced.get(client, clocks.get(client, 0))
    }
