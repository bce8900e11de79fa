"""One connected client: who it is, its outbox, and the one task that writes to its socket."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from collab.outbox import Outbox
from collab.wire.messages import (
    Ack,
    Awareness,
    Changed,
    Close,
    CloseCode,
    Error,
    ErrorCode,
    Person,
    PresenceEntry,
    ServerMessage,
    Sync,
)
from documents.permissions import Action, Role, allows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transport:
    """How to reach a socket; `send` may block for as long as its reader is slow."""

    send: Callable[[ServerMessage], Awaitable[None]]
    close: Callable[[Close], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Session:
    """One client in one document. Everything but the writer runs synchronously."""

    user_id: int | None
    person: Person
    role: Role
    transport: Transport
    outbox: Outbox
    # ISO 8601, UTC.
    since: str
    stalled_seconds: float
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    # It asked for the state once: from then on it is sent every change.
    synced: bool = False
    # What it said it had when it last asked: client id -> clock.
    declared: dict[int, int] = field(default_factory=dict)
    # Clocks that came from this session itself.
    submitted: dict[int, int] = field(default_factory=dict)
    closing: Close | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _writer: asyncio.Task[None] | None = None

    @property
    def connection(self) -> str:
        """The session's name in the roster."""
        return self.id.hex

    @property
    def may_edit(self) -> bool:
        """Whether its role lets it write now."""
        return allows(self.role, Action.EDIT)

    def entry(self) -> PresenceEntry:
        """The session in the roster."""
        return PresenceEntry(self.connection, self.person, self.role.slug, self.since)

    def start(self, resync: Callable[[bytes], Sync]) -> None:
        """Begin to write. `resync` is the room's: what it gained since a state vector."""
        self._writer = asyncio.create_task(self._write(resync), name=f"writer {self.connection}")

    def send(self, message: ServerMessage) -> None:
        """Queue a message that is neither merged nor dropped."""
        self.outbox.put(message)
        self._wake.set()

    def send_change(self, message: Changed, *, before: bytes) -> None:
        """Queue a change by others."""
        self.outbox.put_change(message, before=before)
        self._wake.set()

    def send_awareness(self, message: Awareness) -> None:
        """Queue what is new about cursors."""
        self.outbox.put_awareness(message)
        self._wake.set()

    def acknowledge(self, *, from_cseq: int, cseq: int, seq: int) -> None:
        """Queue the word that these updates are committed."""
        self.outbox.put_ack(Ack(cseq, seq, from_cseq))
        self._wake.set()

    def refuse(self, code: ErrorCode, detail: str, *, cseq: int | None = None) -> None:
        """Queue an error about one of its updates, or about itself."""
        self.send(Error(code, detail, cseq=cseq))

    def close(self, code: CloseCode, reason: str) -> None:
        """Write what waits, then close the socket. The first reason given counts."""
        if self.closing is None:
            self.closing = Close(code, reason)
        self._wake.set()

    async def stop(self) -> None:
        """The socket is gone: end the writer."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        writer.cancel()
        try:
            await writer
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise

    async def _write(self, resync: Callable[[bytes], Sync]) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for message in self.outbox.take(resync):
                    async with asyncio.timeout(self.stalled_seconds):
                        await self.transport.send(message)
                if self.closing is not None:
                    await self.transport.close(self.closing)
                    return
        except TimeoutError:
            logger.info("Closing %s: it took no byte for a while", self.connection)
            await self.transport.close(Close(CloseCode.TRY_AGAIN_LATER, "too slow"))
        except Exception:
            # Servers differ in what they raise for a peer that is gone.
            logger.debug("The socket of %s is gone", self.connection, exc_info=True)
