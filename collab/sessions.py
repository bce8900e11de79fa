"""One connected client: who it is, its outbox, and the one task that writes to its socket."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collab.outbox import Outbox
from collab.wire.messages import (
    Ack,
    Awareness,
    Changed,
    Close,
    CloseCode,
    Error,
    Person,
    PresenceEntry,
    PresenceFull,
    PresenceJoined,
    PresenceLeft,
    ServerMessage,
    Stateless,
    Sync,
)
from collab.wire.refusals import end_of
from documents.permissions import Action, Role, allows

# Answers and acknowledgements that may wait for a client before it is read no further.
_MAX_UNREAD = 256

logger = logging.getLogger(__name__)


def _never() -> bool:
    return False


def _write_nothing(_message: ServerMessage) -> bool:
    raise AssertionError("this transport is never ready")


def _write_no_change(_change: Changed) -> None:
    raise AssertionError("this transport is never ready")


def _cannot_abort() -> None:
    """There is no way: the server will notice itself."""


@dataclass(frozen=True, slots=True)
class Transport:
    """How to reach a socket; `send` may block for as long as its reader is slow.

    `send` and `write` say whether anything went out: not every wire has a word for everything.
    """

    send: Callable[[ServerMessage], Awaitable[bool]]
    close: Callable[[Close], Awaitable[None]]
    # A short cut, where there is one: while the reader is ready, `write` does not block.
    is_ready: Callable[[], bool] = _never
    write: Callable[[ServerMessage], bool] = _write_nothing
    # The same for what most messages are.
    write_change: Callable[[Changed], None] = _write_no_change
    # For a reader that takes not even the close.
    abort: Callable[[], None] = _cannot_abort


@dataclass(eq=False, slots=True)
class Session:
    """One client in one document. Everything but the writer runs synchronously."""

    user_id: int | None
    person: Person
    role: Role
    transport: Transport
    outbox: Outbox
    since: datetime
    stalled_seconds: float
    # Its client is a stock provider. It takes a socket without messages for a dead one: it is told
    # its own awareness too, and something when there is nothing to tell. It has no word for the
    # roster, nor for errors: one that it cannot live with ends the session.
    is_stock: bool = False
    hears_stateless: bool = False
    # Whether its wire has a word for what is committed.
    hears_acks: bool = True
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    # The session's name in the roster: its id, written once.
    connection: str = ""
    # It asked for the state once: from then on it is sent every change.
    synced: bool = False
    closing: Close | None = None
    # When it was last sent something, on the monotonic clock.
    told_at: float = field(default_factory=time.monotonic)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _space: asyncio.Event = field(default_factory=asyncio.Event)
    _writer: asyncio.Task[None] | None = None
    # The writer was woken, and has not said yet all that waits.
    _writing: bool = False
    # What was taken out of the outbox, and found the reader behind.
    _unsent: list[ServerMessage] = field(default_factory=list)
    # What waits is written at the end of this turn, without the writer.
    _flushing: bool = False
    # All that waits; from its start on.
    _take: Callable[[], list[ServerMessage]] = list

    def __post_init__(self) -> None:
        self.connection = str(self.id)

    @property
    def may_edit(self) -> bool:
        """Whether its role lets it write now."""
        return allows(self.role, Action.EDIT)

    def entry(self) -> PresenceEntry:
        """The session in the roster."""
        since = self.since.isoformat().replace("+00:00", "Z")
        return PresenceEntry(self.connection, self.person, self.role.slug, since)

    def start(
        self, resync: Callable[[Mapping[int, int]], Sync], full: Callable[[], PresenceFull]
    ) -> None:
        """Begin to write. From the room: what it gained since some clocks, and its roster."""
        self._take = lambda: self.outbox.take(resync, full)
        self._writer = asyncio.create_task(self._write(), name=f"writer {self.connection}")

    def send(self, message: ServerMessage) -> None:
        """Queue a message that is neither merged nor dropped."""
        self.outbox.put(message)
        self._stir()
        if self.is_stock and isinstance(message, Error) and (end := end_of(message)) is not None:
            self.close(end.code, end.reason)

    def send_presence(self, message: PresenceJoined | PresenceLeft) -> None:
        """Queue what is new about the roster."""
        if not self.is_stock:
            self.outbox.put_presence(message)
            self._stir()

    def send_change(self, message: Changed, *, before: Callable[[], Mapping[int, int]]) -> None:
        """Write a change by others, or queue it behind what waits."""
        if not self._may_write():
            self.outbox.put_change(message, before=before())
            self._stir()
            return
        try:
            self.transport.write_change(message)
        except Exception:  # noqa: BLE001 (it is logged)
            self._fail()
        else:
            self.told_at = time.monotonic()

    def send_awareness(self, message: Awareness) -> None:
        """Queue what is new about cursors."""
        self.outbox.put_awareness(message)
        self._stir()

    def send_stateless(self, message: Stateless) -> None:
        """Queue what another client says; too much of it for a slow reader ends the session."""
        if self.outbox.put_stateless(message):
            self._stir()
        else:
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow")

    def acknowledge(self, *, from_cseq: int, cseq: int, seq: int) -> None:
        """Write the word that these updates are committed, or queue it behind what waits."""
        if self._may_write():
            self._write_one(Ack(cseq, seq, from_cseq))
        else:
            self.outbox.put_ack(Ack(cseq, seq, from_cseq))
            self._stir()

    def is_behind(self) -> bool:
        """Whether the client does not take what it is sent."""
        if not (self._writing or self._flushing):
            # Nothing waits.
            return False
        waiting = len(self.outbox) + len(self._unsent)
        return waiting > _MAX_UNREAD and self._writer is not None

    async def wait_for_reader(self) -> None:
        """Wait until the client takes what it is sent: whoever does not is not read either."""
        while self.is_behind():
            self._space.clear()
            await self._space.wait()

    def close(self, code: CloseCode, reason: str) -> None:
        """Write what waits, then close the socket. The first reason given counts."""
        if self.closing is None:
            self.closing = Close(code, reason)
        self._rouse()

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

    def _may_write(self) -> bool:
        """Whether nothing waits, and the reader is ready."""
        waits = self._flushing or self._writing or self._writer is None
        return not waits and self.transport.is_ready()

    def _stir(self) -> None:
        """Something waits: write it at the end of this turn, or whenever the reader is ready."""
        if self._writing or not self.transport.is_ready():
            self._rouse()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _rouse(self) -> None:
        """What waits is the writer's."""
        self._writing = True
        self._wake.set()

    def _flush(self) -> None:
        self._flushing = False
        if self.closing is not None or self._writer is None or not self.transport.is_ready():
            self._rouse()
            return
        self._write_now(self._take())
        self._space.set()

    def _write_now(self, messages: list[ServerMessage]) -> None:
        """Write until the reader is behind; the rest is the writer's."""
        for at, message in enumerate(messages):
            if not self.transport.is_ready():
                self._unsent = messages[at:]
                self._rouse()
                return
            if not self._write_one(message):
                return

    def _write_one(self, message: ServerMessage) -> bool:
        """Write to a reader that is ready; False if that failed, and the session ends."""
        try:
            if self.transport.write(message):
                self.told_at = time.monotonic()
        except Exception:  # noqa: BLE001 (it is logged)
            self._fail()
            return False
        return True

    def _fail(self) -> None:
        # What was taken is not there any more: the client has to begin anew.
        logger.exception("The session %s cannot be written to", self.connection)
        self.close(CloseCode.TRY_AGAIN_LATER, "try again")

    async def _write(self) -> None:
        try:
            while self.closing is None:
                await self._wake.wait()
                self._wake.clear()
                unsent, self._unsent = self._unsent, []
                for message in unsent + self._take():
                    async with asyncio.timeout(self.stalled_seconds):
                        if await self.transport.send(message):
                            self.told_at = time.monotonic()
                self._writing = self._wake.is_set()
                self._space.set()
            await self._shut(self.closing)
        except TimeoutError:
            logger.info("Closing %s: it took no byte for a while", self.connection)
            await self._shut(Close(CloseCode.TRY_AGAIN_LATER, "too slow"))
        except Exception:
            logger.debug("The socket of %s is gone", self.connection, exc_info=True)
            await self._shut(Close(CloseCode.TRY_AGAIN_LATER, "try again"))
        finally:
            self._writer = None
            self._space.set()

    async def _shut(self, close: Close) -> None:
        # A close waits behind what the reader did not take: it too must end.
        try:
            async with asyncio.timeout(self.stalled_seconds):
                await self.transport.close(close)
        except Exception:
            # Servers differ in what they raise for a peer that is gone.
            logger.debug("%s could not be closed", self.connection, exc_info=True)
            self.transport.abort()
