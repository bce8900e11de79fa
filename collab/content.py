"""One open document in step with its log: what is in it, what it tells, what the journal says.

What sessions write comes by `collab.writing`.
"""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collab import metrics
from collab.audience import Audience
from collab.following import Follower, LoggedRow
from collab.journal import Append
from collab.live_doc import LiveDoc, Poisoned
from collab.services import Services
from collab.sessions import Session
from collab.wire.messages import (
    Changed,
    CloseCode,
    Error,
    ErrorCode,
    Sync,
    SyncRequest,
)
from documents import bus
from documents.crdt import EMPTY_UPDATE
from documents.encoding import encode_state_vector
from documents.errors import BadUpdate
from documents.log import State
from documents.marks import Mark
from documents.snapshots import MIN_TAIL_BYTES

logger = logging.getLogger(__name__)


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
    ) -> None:
        """Build from the log; BadUpdate if it holds what cannot be applied.

        `give_up` throws the room away.
        """
        self.document_id = document_id
        self._audience = audience
        self._services = services
        self._give_up = give_up
        self.doc = LiveDoc(state.payloads(), pairs=state.pairs, clocks=state.clocks)
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

    def let_go(self) -> None:
        """Forget what is quickly made again, if it was of no use since the last time."""
        self.doc.let_go()

    async def rebuild(self, poison: Poisoned) -> None:
        """Throw the Doc away and build it anew; the sessions stay."""
        logger.warning("Room %s builds its document anew: %s", self.document_id, poison)
        before = dict(self.doc.clocks)
        self._log.pause()
        await self._services.journal.flush(self.document_id)
        state = await self._services.load_state(self.document_id)
        self.doc = LiveDoc(state.payloads(), pairs=state.pairs)
        # Rows of other processes came in with the load, which nobody here was told of.
        missed = self.doc.encode_since(encode_state_vector(before))
        if missed != EMPTY_UPDATE:
            self._audience.tell_change(Changed(missed), before=lambda: before)
        self._log.resume(state.mark)

    # What sessions read -----------------------------------------------------------------

    def synchronise(self, session: Session, request: SyncRequest) -> None:
        """Answer what the session lacks; from now on it is sent every change."""
        try:
            update = self.doc.encode_since(request.state_vector)
        except BadUpdate as error:
            session.send(Error(ErrorCode.BAD_MESSAGE, str(error), id=request.id))
            return
        session.send(self.sync(update, id_=request.id))
        if not session.synced:
            session.synced = True
            self._audience.show_awareness(session)

    def sync(self, update: bytes, *, id_: Any = None) -> Sync:
        """A message with an update, and with what the document holds."""
        return Sync(update, self.doc.state_vector(), self.head, id_)

    def resync(self, since: Mapping[int, int]) -> Sync:
        """For a slow reader: what the document gained since it had these clocks."""
        return self.sync(self.doc.encode_since(encode_state_vector(since)))

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
        before = dict(self.doc.clocks)
        payloads = [payload for _, payload, _ in rows]
        self._services.journal.hear(self.document_id, payloads)
        try:
            changed = self.doc.apply_logged(payloads)
        except Poisoned:
            logger.exception("Rows of %s from %s on fail", self.document_id, rows[0][0])
            self._give_up(CloseCode.TRY_AGAIN_LATER, "the document is being reopened")
            return
        if changed is not None:
            authors = {author for _, _, author in rows}
            person = self._audience.person_of(authors.pop()) if len(authors) == 1 else None
            self._audience.tell_change(Changed(changed, person), before=lambda: before)
