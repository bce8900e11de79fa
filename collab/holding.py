"""Edits that wait until somebody confirms what they bring in that person's name. Pure.

An update may carry other people's blocks: offline merges and survivors of a crash relay what
they saw. Only when a block's client id belongs to somebody who is here now, there is a better
witness: they are asked for what they have. Afterwards the relayed update is a duplicate, or a
forgery.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collab.sessions import Session
from collab.wire.messages import Edit

# More than this is not worth holding: the session is told to send it again later.
MAX_HELD = 1000


@dataclass(frozen=True, slots=True)
class _Held:
    edits: list[Edit]
    witnesses: set[Session]
    # What the witnesses are to confirm: client id -> clock.
    claims: Mapping[int, int]


class Holding:
    """What is held, by the session that sent it; its later edits queue up behind."""

    def __init__(self) -> None:
        self.by_session: dict[Session, _Held] = {}

    def hold(
        self,
        session: Session,
        edits: Iterable[Edit],
        *,
        claims: Mapping[int, int],
        witnesses: Iterable[Session],
    ) -> None:
        """Keep edits until the witnesses have confirmed what the first of them claims."""
        self.by_session[session] = _Held(list(edits), set(witnesses), claims)

    def queue(self, session: Session, edits: Sequence[Edit]) -> Sequence[Edit]:
        """Keep edits that come behind held ones; return those that are too many."""
        held = self.by_session[session]
        space = max(0, MAX_HELD - len(held.edits))
        held.edits.extend(edits[:space])
        return edits[space:]

    def release(self, session: Session) -> list[Edit]:
        """Give a session's edits back, in order."""
        held = self.by_session.pop(session, None)
        return [] if held is None else held.edits

    def confirmed(self, clocks: Mapping[int, int]) -> list[Session]:
        """The sessions whose claims are known to be true, in a document with these clocks."""
        return [
            session
            for session, held in self.by_session.items()
            if all(clocks.get(client, 0) >= end for client, end in held.claims.items())
        ]

    def left(self, witness: Session) -> list[Session]:
        """The sessions that wait for nobody any more, now that this one is gone."""
        for held in self.by_session.values():
            held.witnesses.discard(witness)
        return [session for session, held in self.by_session.items() if not held.witnesses]
