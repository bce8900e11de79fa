"""What is written in one open document: from a session's edit to everybody's screen and the log."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from collab import metrics
from collab.audience import Audience
from collab.following import Follower, LoggedRow
from collab.holding import Holding
from collab.journal import AckTarget, Append, Reach
from collab.live_doc import Examined, LiveDoc, Poisoned, Run, merge
from collab.services import Services
from collab.sessions import Session
from collab.wire.messages import (
    Changed,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    Sync,
    SyncRequest,
)
from documents import bus
from documents.comparison import covers_deletions
from documents.crdt import EMPTY_UPDATE
from documents.encoding import encode_state_vector
from documents.errors import BadUpdate, Contradiction, MissingPredecessors
from documents.log import State
from documents.marks import Mark
from documents.snapshots import MIN_TAIL_BYTES

logger = logging.getLogger(__name__)

# An update that is larger is read in a thread of its own: it may take a second for a megabyte.
_LARGE_BYTES = 64 * 1024
# What a reader's client says it has is not looked at beyond this.
_MAX_KNOWN_BYTES = 256 * 1024


class _Batch:
    """What sessions wrote in one turn that does nothing but add."""

    __slots__ = ("before", "runs")

    def __init__(self, before: Mapping[int, int]) -> None:
        # The document's clocks without it.
        self.before = before
        # Each session, its edits and what they hold.
        self.runs: list[tuple[Session, Sequence[Edit], Reach]] = []


class Content:
    """The document itself, in its room. The journal reports to it."""

    def __init__(
        self,
        document_id: uuid.UUID,
        *,
        state: State,
        audience: Audience,
        services: Services,
        give_up: Callable[[CloseCode, str], None],
        remind: Callable[[Session], None],
    ) -> None:
        """Build from the log; BadUpdate if it holds what cannot be applied.

        `give_up` throws the room away; `remind` has the room call `settle_held`.
        """
        self.document_id = document_id
        self._audience = audience
        self._services = services
        self._give_up = give_up
        self._remind = remind
        self._doc = LiveDoc(state.payloads(), pairs=state.pairs)
        self._holding = Holding()
        # Client id -> the session here that wrote under it first.
        self._writers: dict[int, Session] = {}
        self._overdue: dict[Session, asyncio.TimerHandle] = {}
        # Since a snapshot was last thought of.
        self._logged_bytes = 0
        self._log = Follower(
            state.mark,
            read=lambda seq: services.read_since(document_id, seq),
            apply=self._apply_logged,
            spawn=lambda work: services.spawn(work, name=f"gap of {document_id}"),
        )

    @property
    def mark(self) -> Mark:
        """How much of the log is in the document."""
        return self._log.mark

    @property
    def head(self) -> int:
        """The last row of the log that is in the document, with all before it."""
        return self._log.head

    def stop(self) -> None:
        """The room is closed."""
        self._log.stop()
        for timer in self._overdue.values():
            timer.cancel()

    def let_go(self) -> None:
        """Forget what is quickly made again, if it was of no use since the last time."""
        self._doc.let_go()

    def forget(self, session: Session) -> None:
        """The session is gone: nobody waits for it, and it waits for nobody."""
        self._writers = {id_: who for id_, who in self._writers.items() if who is not session}
        self._release(session)
        for waiting in self._holding.left(session):
            self._remind(waiting)

    # What sessions write ----------------------------------------------------------------

    async def write(self, edits: dict[Session, list[Edit]], *, may_hold: bool = True) -> None:
        """Apply what sessions wrote, tell everybody else at once, hand it to the journal.

        Keystrokes go together: one transaction, and one frame for all. Whatever takes more thought
        goes by itself, in its turn.
        """
        batch = _Batch(dict(self._doc.clocks))
        for session, run_of_edits in _parts(edits):
            plain = self._admit_plain(batch, session, run_of_edits)
            if plain == len(run_of_edits):
                continue
            await self._write_together(batch)
            await self._write_apart(session, run_of_edits[plain:], may_hold=may_hold)
            batch = _Batch(dict(self._doc.clocks))
        await self._write_together(batch)
        for waiting in self._holding.confirmed(self._doc.clocks):
            await self.write({waiting: self._release(waiting)})

    def _admit_plain(self, batch: "_Batch", session: Session, edits: Sequence[Edit]) -> int:
        """Let the first ones through that do nothing but add; how many."""
        if session.closing is not None or not session.may_edit or session in self._holding:
            return 0
        is_foreign = self._is_foreign_to(session)
        starts: dict[int, int] = {}
        leans_on: dict[int, int] = {}
        count = 0
        for edit in edits:
            if len(edit.update) > _LARGE_BYTES:
                break
            admitted = self._doc.admit_plain(edit.update, is_foreign=is_foreign)
            if admitted is None:
                break
            for client, start in admitted.starts.items():
                starts.setdefault(client, start)
            for client, clock in admitted.leans_on.items():
                if clock > leans_on.get(client, 0):
                    leans_on[client] = clock
            count += 1
        if count:
            batch.runs.append((session, edits[:count], Reach(starts, leans_on)))
        return count

    async def _write_together(self, batch: "_Batch") -> None:
        if not batch.runs:
            return
        try:
            self._doc.apply_plain()
        except Poisoned as poison:
            await self._rebuild(poison)
            await self._write_singly(
                [(session, edit) for session, edits, _ in batch.runs for edit in edits], poison
            )
            return
        payloads = []
        for session, edits, reach in batch.runs:
            clients = reach.starts.keys()
            payload = merge([edit.update for edit in edits])
            payloads.append(payload)
            self._journal(session, payload, clients, edits, reach)
            if session in self._audience:
                for client in clients:
                    self._writers.setdefault(client, session)
        # An author gets its own edits back inside what several wrote.
        first = batch.runs[0][0]
        is_one_session = all(session is first for session, _, _ in batch.runs)
        is_one_person = is_one_session or all(
            session.person == first.person for session, _, _ in batch.runs
        )
        self._audience.tell_change(
            Changed(merge(payloads), first.person if is_one_person else None),
            before=batch.before,
            apart_from=first if is_one_session else None,
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
        if session in self._holding:
            self._put_off(session, self._holding.queue(session, edits))
            return
        before = dict(self._doc.clocks)
        try:
            run = self._doc.apply(
                [edit.update for edit in edits],
                is_foreign=self._is_foreign_to(session),
                examined=examined,
            )
        except Poisoned as poison:
            await self._rebuild(poison)
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
            self._audience.tell_change(change, before=before, apart_from=session)

    async def _examine(self, session: Session, edit: Edit) -> Examined | None:
        """Look at a large edit elsewhere: it takes long, and other documents have people too."""
        if not session.may_edit:
            return None
        try:
            return await self._doc.examine(edit.update)
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
            witness.send(self._sync(EMPTY_UPDATE))
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

    async def _rebuild(self, poison: Poisoned) -> None:
        """Throw the Doc away and build it anew; the sessions stay."""
        logger.warning("Room %s builds its document anew: %s", self.document_id, poison)
        before = dict(self._doc.clocks)
        self._log.pause()
        await self._services.journal.flush(self.document_id)
        state = await self._services.load_state(self.document_id)
        self._doc = LiveDoc(state.payloads(), pairs=state.pairs)
        # Rows of other processes came in with the load, which nobody here was told of.
        missed = self._doc.encode_since(encode_state_vector(before))
        if missed != EMPTY_UPDATE:
            self._audience.tell_change(Changed(missed), before=before)
        self._log.resume(state.mark)

    def _answer_reader(self, session: Session, edits: Sequence[Edit]) -> None:
        """Refuse what somebody writes who may not; what holds nothing new writes nothing."""
        detail = f"As {session.role.slug} you may read this document, not edit it."
        for edit in edits:
            if edit.answers_sync and self._holds(edit):
                known = AckTarget(session, edit.cseq, edit.cseq)
                self._services.journal.append(self, Append(session, None, None, None, [known]))
            else:
                metrics.UPDATES.labels("read_only").inc()
                session.send(Error(ErrorCode.READ_ONLY, detail, cseq=edit.cseq))

    def _holds(self, edit: Edit) -> bool:
        """Whether an edit would change nothing; one so large that it takes long would."""
        if len(edit.update) > _MAX_KNOWN_BYTES:
            return False
        try:
            return self._doc.knows(edit.update) and covers_deletions(
                self._doc.encode_deletions(), edit.update
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
            session.send(self._sync(EMPTY_UPDATE))

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
        metrics.ACCEPTED.inc(len(edits))
        acks = [
            AckTarget(session, first, last)
            for first, last in (_stretches(edits) if session.hears_acks else ())
        ]
        client = next(iter(clients)) if len(clients) == 1 else None
        self._services.journal.append(
            self, Append(session, payload, session.user_id, client, acks, reach)
        )

    # What sessions read -----------------------------------------------------------------

    def synchronise(self, session: Session, request: SyncRequest) -> None:
        """Answer what the session lacks; from now on it is sent every change."""
        try:
            update = self._doc.encode_since(request.state_vector)
        except BadUpdate as error:
            session.send(Error(ErrorCode.BAD_MESSAGE, str(error), id=request.id))
            return
        session.send(self._sync(update, id_=request.id))
        if not session.synced:
            session.synced = True
            self._audience.show_awareness(session)

    def _sync(self, update: bytes, *, id_: Any = None) -> Sync:
        return Sync(update, self._doc.state_vector(), self.head, id_)

    def resync(self, since: Mapping[int, int]) -> Sync:
        """For a slow reader: what the document gained since it had these clocks."""
        return self._sync(self._doc.encode_since(encode_state_vector(since)))

    # What the journal says --------------------------------------------------------------

    def committed(self, appends: Sequence[Append], *, rows: int, last_seq: int) -> None:
        """These appends are on disk: acknowledge, and tell the other processes."""
        seq = last_seq - rows if rows else self.head
        written: list[tuple[bytes, int | None]] = []
        size = 0
        for append in appends:
            if append.payload is not None:
                seq += 1
                size += len(append.payload)
                written.append((append.payload, append.author_id))
            for ack in append.acks:
                ack.session.acknowledge(from_cseq=ack.from_cseq, cseq=ack.cseq, seq=seq)
        # Who waited longest.
        metrics.ACK_SECONDS.observe(appends[0].waited_seconds())
        if not written:
            return
        self._log.wrote([payload for payload, _ in written], last_seq=last_seq)
        if self._services.is_shared:
            self._services.publish(
                bus.appended(
                    document_id=self.document_id,
                    last_seq=last_seq,
                    rows=written,
                    origin=self._services.origin,
                )
            )
        self._grow(size)

    def _grow(self, size: int) -> None:
        """So many bytes were logged: a snapshot may be due."""
        self._logged_bytes += size
        if self._logged_bytes >= MIN_TAIL_BYTES:
            self._logged_bytes = 0
            self._services.grown(self.document_id)

    def append_failed(self) -> None:
        """What waited is not written: clients keep it, and send it again."""
        self._give_up(CloseCode.TRY_AGAIN_LATER, "your edits could not be stored yet")

    def document_gone(self) -> None:
        """The document is in the trash, or purged."""
        self._give_up(CloseCode.MISSING, "the document was deleted")

    def log_set_back(self) -> None:
        """An older backup was restored: clients send again what they hold."""
        self._give_up(CloseCode.RESTARTING, "the document is being reopened")

    def contested(self, refused: Sequence[Append]) -> None:
        """Another process was first to log other content under the same client ids.

        People here have seen what is refused now, and Yjs has no way to take it back: their copies
        would differ for good.
        """
        detail = "Other content was stored under this client id meanwhile. Take a new client id."
        for append in refused:
            for ack in append.acks:
                for cseq in range(ack.from_cseq, ack.cseq + 1):
                    metrics.UPDATES.labels("refused").inc()
                    ack.session.send(Error(ErrorCode.CONFLICT, detail, cseq=cseq))
        self._give_up(CloseCode.OTHER_EPOCH, "your copy holds text that could not be stored")

    # What the log says ------------------------------------------------------------------

    def hear_appended(self, *, last_seq: int, rows: Sequence[tuple[bytes, int | None]]) -> None:
        """Rows that end at `last_seq` are in the log; without `rows` they are to be read."""
        self._log.hear(last_seq=last_seq, rows=rows)
        self._grow(sum(len(payload) for payload, _ in rows))

    def follow(self, head: int) -> None:
        """The log is known to reach `head`."""
        self._log.follow(head)

    def _apply_logged(self, rows: Sequence[LoggedRow]) -> None:
        before = dict(self._doc.clocks)
        payloads = [payload for _, payload, _ in rows]
        self._services.journal.hear(self.document_id, payloads)
        try:
            changed = self._doc.apply_logged(payloads)
        except Poisoned:
            logger.exception("Rows of %s from %s on fail", self.document_id, rows[0][0])
            self._give_up(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
            return
        if changed is not None:
            authors = {author for _, _, author in rows}
            person = self._audience.person_of(authors.pop()) if len(authors) == 1 else None
            self._audience.tell_change(Changed(changed, person), before=before)


def _parts(edits: Mapping[Session, list[Edit]]) -> Iterator[tuple[Session, list[Edit]]]:
    """Each session's edits in order, large ones by themselves."""
    for session, run_of_edits in edits.items():
        part: list[Edit] = []
        for edit in run_of_edits:
            if len(edit.update) <= _LARGE_BYTES:
                part.append(edit)
                continue
            if part:
                yield session, part
            yield session, [edit]
            part = []
        if part:
            yield session, part


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
