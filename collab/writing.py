"""What sessions write in one open document: through the gate, to all screens, to the journal."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from collab import metrics
from collab.audience import Audience
from collab.content import Content
from collab.holding import Holding
from collab.journal import AckTarget, Append, Reach
from collab.live_doc import Examined, Poisoned, Run, merge
from collab.services import Services
from collab.sessions import Session
from collab.wire.messages import Changed, Edit, Error, ErrorCode
from documents.comparison import covers_deletions
from documents.crdt import EMPTY_UPDATE
from documents.errors import BadUpdate, Contradiction, MissingPredecessors

# An update that is larger is read in a thread of its own: it may take a second for a megabyte.
_LARGE_BYTES = 64 * 1024
# What a reader's client says it has is not looked at beyond this.
_MAX_KNOWN_BYTES = 256 * 1024


# A session, edits of it that do nothing but add, and what they hold.
_Run = tuple[Session, Sequence[Edit], Reach]


class Writing:
    """Where a room's edits go."""

    def __init__(
        self,
        content: Content,
        *,
        audience: Audience,
        services: Services,
        remind: Callable[[Session], None],
    ) -> None:
        """`remind` has the room call `settle_held`."""
        self._content = content
        self._audience = audience
        self._services = services
        self._remind = remind
        self._holding = Holding()
        # Client id -> the session here that wrote under it first.
        self._writers: dict[int, Session] = {}
        self._overdue: dict[Session, asyncio.TimerHandle] = {}

    def stop(self) -> None:
        """The room is closed."""
        for timer in self._overdue.values():
            timer.cancel()

    def forget(self, session: Session) -> None:
        """The session is gone: nobody waits for it, and it waits for nobody."""
        self._writers = {id_: who for id_, who in self._writers.items() if who is not session}
        self._release(session)
        for waiting in self._holding.left(session):
            self._remind(waiting)

    async def write(self, edits: dict[Session, list[Edit]], *, may_hold: bool = True) -> None:
        """Apply what sessions wrote, tell everybody else at once, hand it to the journal.

        Keystrokes go together: one transaction, and one frame for all. Whatever takes more thought
        goes by itself, in its turn.
        """
        runs: list[_Run] = []
        for session, written in edits.items():
            plain = self._admit_plain(runs, session, written)
            if plain == len(written):
                continue
            await self._write_together(runs)
            runs = []
            for part in _parts(written[plain:]):
                await self._write_apart(session, part, may_hold=may_hold)
        await self._write_together(runs)
        if self._holding.by_session:
            for waiting in self._holding.confirmed(self._content.doc.clocks):
                await self.write({waiting: self._release(waiting)})

    def _admit_plain(self, runs: list[_Run], session: Session, edits: Sequence[Edit]) -> int:
        """Let the first ones through that do nothing but add; how many."""
        held = self._holding.by_session
        if session.closing is not None or not session.may_edit or session in held:
            return 0
        is_foreign = self._is_foreign_to(session)
        reaches: list[Reach] = []
        for edit in edits:
            if len(edit.update) > _LARGE_BYTES:
                break
            admitted = self._content.doc.admit_plain(edit.update, is_foreign=is_foreign)
            if admitted is None:
                break
            reaches.append(Reach(admitted.starts, admitted.leans_on))
        count = len(reaches)
        if count:
            reach = reaches[0] if count == 1 else Reach.of_all(reaches)
            runs.append((session, edits[:count], reach))
        return count

    async def _write_together(self, runs: Sequence[_Run]) -> None:
        """Apply what was let through, a run of each session."""
        if not runs:
            return
        try:
            self._content.doc.apply_plain()
        except Poisoned as poison:
            await self._content.rebuild(poison)
            await self._write_singly(
                [(session, edit) for session, edits, _ in runs for edit in edits], poison
            )
            return
        payloads = []
        for session, edits, reach in runs:
            payload = edits[0].update if len(edits) == 1 else merge([e.update for e in edits])
            payloads.append(payload)
            self._journal(session, payload, reach.starts, edits, reach)
            for client in reach.starts:
                if client not in self._writers and session in self._audience:
                    self._writers[client] = session
        session, person = runs[0][0], runs[0][0].person
        if len(runs) == 1:
            change = Changed(payloads[0], person)
            apart_from = session
        else:
            # An author gets its own edits back inside what several wrote.
            is_one = all(each.person == person for each, _, _ in runs)
            change = Changed(merge(payloads), person if is_one else None)
            apart_from = None
        self._audience.tell_change(
            change,
            before=lambda: _clocks_before(runs, self._content.doc.clocks),
            apart_from=apart_from,
        )

    async def _write_apart(
        self, session: Session, edits: Sequence[Edit], *, may_hold: bool
    ) -> None:
        examined = None
        if len(edits[0].update) > _LARGE_BYTES:
            examined = await self._examine(session, edits[0])
        if session.closing is not None:
            return
        if not session.may_edit:
            self._answer_reader(session, edits)
            return
        if session in self._holding.by_session:
            self._put_off(session, self._holding.queue(session, edits))
            return
        before = dict(self._content.doc.clocks)
        try:
            run = self._content.doc.apply(
                [edit.update for edit in edits],
                is_foreign=self._is_foreign_to(session),
                examined=examined,
            )
        except Poisoned as poison:
            await self._content.rebuild(poison)
            await self._write_singly([(session, edit) for edit in edits], poison)
            return
        taken = edits[: run.foreign_from]
        if run.foreign_from is not None:
            self._doubt(session, edits[run.foreign_from :], run, may_hold=may_hold)
        self._answer_refused(session, taken, run)
        admitted = [edit for index, edit in enumerate(taken) if index not in run.refused]
        self._journal(session, run.changed, run.clients, admitted)
        if run.changed is not None:
            change = Changed(run.changed, session.person)
            self._audience.tell_change(change, before=lambda: before, apart_from=session)

    async def _examine(self, session: Session, edit: Edit) -> Examined | None:
        """Look at a large edit elsewhere: it takes long, and other documents have people too."""
        if not session.may_edit:
            return None
        try:
            return await self._content.doc.examine(edit.update)
        except (Poisoned, BadUpdate):
            # The Doc, not the edit: applying finds that too, and builds a new one.
            return None

    async def _write_singly(self, edits: Sequence[tuple[Session, Edit]], poison: Poisoned) -> None:
        """After a poisonous run: refuse the one that is it, take the rest."""
        if len(edits) == 1:
            ((session, edit),) = edits
            detail = f"The update cannot be applied: {poison}"
            session.send(Error(ErrorCode.BAD_UPDATE, detail, cseq=edit.cseq))
            return
        for session, edit in edits:
            await self.write({session: [edit]})

    def _is_foreign_to(self, session: Session) -> Callable[[int], bool]:
        # A cursor in the name of somebody who writes does not keep them from writing.
        return lambda client: (
            self._writers.get(client) is not session
            and self._audience.witness_of(client, session) is not None
        )

    def _doubt(self, session: Session, edits: Sequence[Edit], run: Run, *, may_hold: bool) -> None:
        """Somebody who is here is said to have written this: ask them first."""
        if not may_hold or session not in self._audience:
            detail = "It holds edits in the name of somebody who is here and does not have them."
            for edit in edits:
                # Whose words these are may still say so.
                session.send(
                    Error(ErrorCode.CONFLICT, detail, cseq=edit.cseq, retry_ms=self._patience_ms)
                )
            return
        found = {self._audience.witness_of(client, session) for client in run.foreign}
        witnesses = [witness for witness in found if witness is not None]
        self._holding.hold(session, edits, claims=run.foreign, witnesses=witnesses)
        for witness in witnesses:
            witness.send(self._content.sync(EMPTY_UPDATE))
        self._overdue[session] = asyncio.get_running_loop().call_later(
            self._services.options.confirm_seconds, self._remind, session
        )

    def _put_off(self, session: Session, edits: Sequence[Edit]) -> None:
        detail = "Too much of yours waits for somebody's confirmation: send it again later."
        for edit in edits:
            session.send(
                Error(ErrorCode.RATE_LIMITED, detail, cseq=edit.cseq, retry_ms=self._patience_ms)
            )

    @property
    def _patience_ms(self) -> int:
        return round(1000 * self._services.options.confirm_seconds)

    async def settle_held(self, session: Session) -> None:
        """Nobody is waited for any more: what its author left behind is taken, or it is refused."""
        for edit in self._release(session):
            await self.write({session: [edit]}, may_hold=False)

    def _release(self, session: Session) -> list[Edit]:
        # Its timer too: it would cut short what the session has held next.
        if (timer := self._overdue.pop(session, None)) is not None:
            timer.cancel()
        return self._holding.release(session)

    def _answer_reader(self, session: Session, edits: Sequence[Edit]) -> None:
        """Refuse what somebody writes who may not; what holds nothing new writes nothing."""
        detail = f"As {session.role.slug} you may read this document, not edit it."
        for edit in edits:
            if edit.answers_sync and self._holds(edit):
                known = AckTarget(session, edit.cseq, edit.cseq)
                self._services.journal.append(
                    self._content, Append(session, None, None, None, [known], edits=0)
                )
            else:
                metrics.UPDATES.labels("read_only").inc()
                session.send(Error(ErrorCode.READ_ONLY, detail, cseq=edit.cseq))

    def _holds(self, edit: Edit) -> bool:
        """Whether an edit would change nothing; one so large that it takes long would."""
        if len(edit.update) > _MAX_KNOWN_BYTES:
            return False
        try:
            return self._content.doc.knows(edit.update) and covers_deletions(
                self._content.doc.encode_deletions(), edit.update
            )
        except (BadUpdate, Poisoned):
            return False

    def _answer_refused(self, session: Session, edits: Sequence[Edit], run: Run) -> None:
        lacking = False
        for index, error in run.refused.items():
            if isinstance(error, MissingPredecessors):
                lacking = True
            else:
                metrics.UPDATES.labels("refused").inc()
                conflict = isinstance(error, Contradiction)
                code = ErrorCode.CONFLICT if conflict else ErrorCode.BAD_UPDATE
                session.send(Error(code, str(error), cseq=edits[index].cseq))
        if lacking:
            metrics.UPDATES.labels("incomplete").inc()
            session.send(self._content.sync(EMPTY_UPDATE))

    def _journal(
        self,
        session: Session,
        payload: bytes | None,
        clients: Collection[int],
        edits: Sequence[Edit],
        reach: Reach | None = None,
    ) -> None:
        if not edits:
            return
        acks: Sequence[AckTarget] = ()
        if session.hears_acks:
            acks = [AckTarget(session, first, last) for first, last in _stretches(edits)]
        client = next(iter(clients)) if len(clients) == 1 else None
        is_awaited = session.hears_acks or self._services.is_shared
        self._services.journal.append(
            self._content,
            Append(session, payload, session.user_id, client, acks, reach, len(edits), is_awaited),
        )


def _clocks_before(runs: Sequence[_Run], clocks: Mapping[int, int]) -> dict[int, int]:
    """The clocks that a document had before these runs, which has those with them."""
    before = dict(clocks)
    for _, _, reach in reversed(runs):
        before.update(reach.starts)
    return before


def _parts(edits: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    """A session's edits in order, large ones by themselves."""
    part: list[Edit] = []
    for edit in edits:
        if len(edit.update) <= _LARGE_BYTES:
            part.append(edit)
            continue
        if part:
            yield part
        yield [edit]
        part = []
    if part:
        yield part


def _stretches(edits: Sequence[Edit]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers of edits, as first and last."""
    first = last = edits[0].cseq
    for edit in edits[1:]:
        if edit.cseq == last + 1:
            last = edit.cseq
            continue
        yield first, last
        first = last = edit.cseq
    yield first, last
