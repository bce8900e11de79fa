"""One open document in this process: the sole owner of its LiveDoc.

A room is a cache of the log: it may be thrown away at any moment, and built again. Sessions put
their messages into its inbox, which is bounded; its one task handles what came in a turn of the
event loop as one batch. Whatever touches the document or the sessions runs synchronously on the
loop, so there is nothing to lock: rows that close a gap are read elsewhere, and applied here.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from collab import metrics
from collab.audience import Audience
from collab.following import Follower, LoggedRow
from collab.holding import Holding
from collab.journal import AckTarget, Append
from collab.live_doc import LiveDoc, Poisoned, Run, merge
from collab.services import Services
from collab.sessions import Session
from collab.wire.messages import (
    Awareness,
    AwarenessState,
    Changed,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    Person,
    Sync,
    SyncRequest,
)
from documents import bus
from documents.admission import decode_state_vector
from documents.crdt import EMPTY_UPDATE
from documents.errors import BadUpdate, Contradiction, MissingPredecessors
from documents.log import State

logger = logging.getLogger(__name__)

RoomMessage = SyncRequest | Edit | Awareness


@dataclass(frozen=True, slots=True)
class _Overdue:
    """To the room itself: what is held of a session has waited long enough."""


class Room:
    """One open document. Lives from its loading until `close`."""

    def __init__(
        self, document_id: uuid.UUID, *, epoch: int, state: State, services: Services
    ) -> None:
        """Build from the log; BadUpdate if it holds what cannot be applied."""
        self.document_id = document_id
        self.epoch = epoch
        self.audience = Audience()
        self.closed = False
        self._services = services
        self._doc = LiveDoc(state.payloads())
        self._holding = Holding()
        self._inbox: list[tuple[Session, RoomMessage | _Overdue]] = []
        self._arrived = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._space = asyncio.Event()
        self._log = Follower(
            state.head,
            read=lambda seq: services.read_since(document_id, seq),
            apply=self._apply_logged,
            spawn=lambda work: services.spawn(work, name=f"gap of {document_id}"),
        )
        self._task = asyncio.create_task(self._run(), name=f"room {document_id}")
        metrics.ROOMS.inc()

    @property
    def head(self) -> int:
        """The last row of the log that is in the document, with all before it."""
        return self._log.head

    def join(self, session: Session) -> None:
        """Let a session in, already welcomed."""
        session.start(self._resync)
        self.audience.join(session)

    def leave(self, session: Session) -> None:
        """The session's socket is gone."""
        self._holding.release(session)
        for waiting in list(self._holding.answered(session)):
            self._put(waiting, _Overdue())
        self._share_awareness(session, self.audience.leave(session))

    async def submit(self, session: Session, message: RoomMessage) -> None:
        """Hand in a session's message; waits while the inbox is full."""
        while len(self._inbox) >= self._services.options.inbox_messages and not self.closed:
            self._space.clear()
            await self._space.wait()
        self._put(session, message)

    def _put(self, session: Session, message: "RoomMessage | _Overdue") -> None:
        self._inbox.append((session, message))
        self._settled.clear()
        self._arrived.set()

    async def settle(self) -> None:
        """Wait until all that was handed in is applied, and in the journal's hands."""
        await self._settled.wait()

    def is_idle(self, *, for_seconds: float) -> bool:
        """Whether nobody was here for that long."""
        empty_since = self.audience.empty_since
        return empty_since is not None and time.monotonic() - empty_since >= for_seconds

    def close(self, code: CloseCode, reason: str) -> None:
        """Close every session and throw the room away; nothing acknowledged is lost by it."""
        if self.closed:
            return
        self.closed = True
        self._log.stop()
        self.audience.close(code, reason)
        self._space.set()
        self._settled.set()
        self._task.cancel()
        self._services.forget(self)
        metrics.ROOMS.dec()

    # What sessions say ------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._inbox = self._inbox, []
            self._space.set()
            try:
                await self._handle(batch)
            except Exception:
                logger.exception("Room %s fails, and is thrown away", self.document_id)
                self.close(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
            if not self._inbox:
                self._settled.set()

    async def _handle(self, batch: Iterable[tuple[Session, RoomMessage | _Overdue]]) -> None:
        edits: dict[Session, list[Edit]] = {}
        cursors: dict[Session, list[AwarenessState]] = {}
        for session, message in batch:
            if session not in self.audience:
                continue
            match message:
                case Edit():
                    edits.setdefault(session, []).append(message)
                case Awareness():
                    cursors.setdefault(session, []).extend(message.states)
                case SyncRequest():
                    # The answer holds what arrived before the question.
                    await self._write(edits)
                    edits = {}
                    self._synchronise(session, message)
                case _Overdue():
                    await self._settle_held(session)
        await self._write(edits)
        self._hear_awareness(cursors)

    async def _write(self, edits: dict[Session, list[Edit]], *, may_hold: bool = True) -> None:
        """Apply each session's run, tell everybody else at once, hand it to the journal."""
        changes: list[tuple[Session, bytes]] = []
        before = self._doc.state_vector() if edits else b""
        for session, run_of_edits in edits.items():
            if not session.may_edit:
                self._refuse_reader(session, run_of_edits)
                continue
            if self._holding.queue(session, run_of_edits):
                continue
            try:
                run = self._doc.apply(
                    [edit.update for edit in run_of_edits], is_foreign=self._is_foreign_to(session)
                )
            except Poisoned as poison:
                self._tell_changes(changes, before)
                await self._rebuild(poison)
                await self._write_singly(session, run_of_edits, poison)
                before, changes = self._doc.state_vector(), []
                continue
            taken = run_of_edits[: run.foreign_from]
            if run.foreign_from is not None:
                self._doubt(session, run_of_edits[run.foreign_from :], run, may_hold=may_hold)
            self._answer_refused(session, taken, run)
            if run.changed is not None:
                changes.append((session, run.changed))
            self._journal(session, taken, run)
        self._tell_changes(changes, before)
        for session in edits:
            for waiting in list(self._holding.answered(session)):
                await self._settle_held(waiting)

    async def _write_singly(
        self, session: Session, edits: Sequence[Edit], poison: Poisoned
    ) -> None:
        """After a poisonous run: refuse the one that is it, take the rest."""
        if len(edits) == 1:
            detail = f"The update cannot be applied: {poison}"
            session.send(Error(ErrorCode.BAD_UPDATE, detail, cseq=edits[0].cseq))
            return
        for edit in edits:
            await self._write({session: [edit]})

    def _is_foreign_to(self, session: Session) -> Callable[[int], bool]:
        return lambda client: self.audience.witness_of(client, session) is not None

    def _doubt(self, session: Session, edits: Sequence[Edit], run: Run, *, may_hold: bool) -> None:
        """Somebody who is here is said to have written this: ask them first."""
        if not may_hold:
            detail = "It holds edits in the name of somebody who is here and does not have them."
            for edit in edits:
                session.send(Error(ErrorCode.CONFLICT, detail, cseq=edit.cseq))
            return
        found = {self.audience.witness_of(client, session) for client in run.foreign_clients}
        witnesses = [witness for witness in found if witness is not None]
        self._holding.hold(session, edits, witnesses)
        for witness in witnesses:
            witness.send(self._sync(EMPTY_UPDATE))
        asyncio.get_running_loop().call_later(
            self._services.options.confirm_seconds, self._put, session, _Overdue()
        )

    async def _settle_held(self, session: Session) -> None:
        """What was held is known by now, or its author has left, or it is refused."""
        for edit in self._holding.release(session):
            await self._write({session: [edit]}, may_hold=False)

    async def _rebuild(self, poison: Poisoned) -> None:
        """Throw the Doc away and build it anew; the sessions stay."""
        logger.warning("Room %s builds its document anew: %s", self.document_id, poison)
        self._log.pause()
        await self._services.journal.flush(self.document_id)
        state = await self._services.load_state(self.document_id)
        self._doc = LiveDoc(state.payloads())
        self._log.resume(state.head)

    def _refuse_reader(self, session: Session, edits: Sequence[Edit]) -> None:
        metrics.UPDATES.labels("read_only").inc(len(edits))
        detail = f"As {session.role.slug} you may read this document, not edit it."
        for edit in edits:
            session.send(Error(ErrorCode.READ_ONLY, detail, cseq=edit.cseq))

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

    def _journal(self, session: Session, edits: Sequence[Edit], run: Run) -> None:
        taken = (edit.cseq for index, edit in enumerate(edits) if index not in run.refused)
        acks = [AckTarget(session, first, last) for first, last in _stretches(taken)]
        if not acks:
            return
        metrics.UPDATES.labels("accepted").inc(len(edits) - len(run.refused))
        client = run.clients[0] if len(run.clients) == 1 else None
        self._services.journal.append(
            self, Append(session, run.changed, session.user_id, client, acks)
        )

    def _tell_changes(self, changes: Sequence[tuple[Session, bytes]], before: bytes) -> None:
        """One message for all: an author gets its own edits back inside a merged one."""
        if not changes:
            return
        authors = {session.person for session, _ in changes}
        self.audience.tell_change(
            Changed(
                merge([changed for _, changed in changes]),
                authors.pop() if len(authors) == 1 else None,
            ),
            before=before,
            apart_from=changes[0][0] if len(changes) == 1 else None,
        )

    def _synchronise(self, session: Session, request: SyncRequest) -> None:
        if request.epoch is not None and request.epoch != self.epoch:
            session.close(CloseCode.OTHER_EPOCH, "the document was replaced by its operator")
            return
        try:
            decode_state_vector(request.state_vector)
            update = self._doc.encode_since(request.state_vector)
        except BadUpdate as error:
            session.send(Error(ErrorCode.BAD_MESSAGE, str(error), id=request.id))
            return
        session.send(self._sync(update, id_=request.id))
        if not session.synced:
            session.synced = True
            self.audience.show_awareness(session)

    def _sync(self, update: bytes, *, id_: Any = None) -> Sync:
        return Sync(update, self._doc.state_vector(), self.head, id_)

    def _resync(self, since: bytes) -> Sync:
        """For a slow reader: what the document gained since that state vector."""
        return self._sync(self._doc.encode_since(since))

    def _hear_awareness(self, cursors: dict[Session, list[AwarenessState]]) -> None:
        news: list[AwarenessState] = []
        for session, states in cursors.items():
            heard = self.audience.hear_awareness(session, states)
            self._share_awareness(session, heard)
            news += heard
        alone = next(iter(cursors)) if len(cursors) == 1 else None
        self.audience.tell_awareness(news, apart_from=alone)

    def _share_awareness(self, session: Session, states: Sequence[AwarenessState]) -> None:
        if states:
            self._services.publish(
                {
                    "type": "awareness",
                    "document": str(self.document_id),
                    "origin": self._services.origin,
                    "connection": session.connection,
                    "username": session.person.username,
                    "name": session.person.name,
                    "states": [(state.client, state.clock, state.state) for state in states],
                }
            )

    # What the journal says --------------------------------------------------------------

    def committed(self, appends: Sequence[Append], *, rows: int, last_seq: int) -> None:
        """These appends are on disk: acknowledge, and tell the other processes."""
        seq = last_seq - rows if rows else self.head
        written: list[tuple[bytes, int | None]] = []
        for append in appends:
            if append.payload is not None:
                seq += 1
                written.append((append.payload, append.author_id))
            for ack in append.acks:
                ack.session.acknowledge(from_cseq=ack.from_cseq, cseq=ack.cseq, seq=seq)
            metrics.ACK_SECONDS.observe(append.waited_seconds())
        if not written or self.closed:
            return
        self._log.wrote(rows=rows, last_seq=last_seq)
        self._services.publish(
            bus.appended(
                document_id=self.document_id,
                last_seq=last_seq,
                rows=written,
                origin=self._services.origin,
            )
        )
        self._services.grown(self.document_id, sum(len(payload) for payload, _ in written))

    def append_failed(self) -> None:
        """What waited is not written: clients keep it, and send it again."""
        self.close(CloseCode.TRY_AGAIN_LATER, "your edits could not be stored yet")

    def document_gone(self) -> None:
        """The document is in the trash, or purged."""
        self.close(CloseCode.MISSING, "the document was deleted")

    # What other processes say -----------------------------------------------------------

    def hear_appended(self, *, last_seq: int, rows: Sequence[tuple[bytes, int | None]]) -> None:
        """Rows that end at `last_seq` are in the log; without `rows` they are to be read."""
        self._log.hear(last_seq=last_seq, rows=rows)

    def hear_awareness(
        self, states: Sequence[AwarenessState], *, connection: str, person: Person, origin: str
    ) -> None:
        """Cursors in another process."""
        self.audience.hear_awareness_elsewhere(
            states, connection=connection, person=person, origin=origin
        )

    def compare(self, *, head: int, own_head: int) -> None:
        """The database's head, asked for when the room's was `own_head`."""
        if head < own_head:
            # The database was restored from a backup: clients send again what they hold.
            self.close(CloseCode.RESTARTING, "the document is being reopened")
        else:
            self._log.follow(head)

    def _apply_logged(self, rows: Sequence[LoggedRow]) -> None:
        before = self._doc.state_vector()
        try:
            changed = self._doc.apply_logged([payload for _, payload, _ in rows])
        except Poisoned:
            logger.exception("Rows of %s from %s on fail", self.document_id, rows[0][0])
            self.close(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
            return
        if changed is not None:
            authors = {author for _, _, author in rows}
            person = self.audience.person_of(authors.pop()) if len(authors) == 1 else None
            self.audience.tell_change(Changed(changed, person), before=before)


def _stretches(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers, as first and last."""
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last
