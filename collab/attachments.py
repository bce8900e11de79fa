"""One document on a socket that has many: Hocuspocus's. Its frames wait here for its one task."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from collab import doors
from collab.attendance import Attendance, ask_in
from collab.hub import Hub
from collab.sessions import Transport
from collab.wire.hocuspocus import HocuspocusProtocol, document_name
from collab.wire.messages import (
    Authenticate,
    Close,
    CloseCode,
    Detach,
    Error,
    RoleChanged,
    ServerMessage,
    TokenWanted,
    WireError,
)
from collab.wire.refusals import end_of

logger = logging.getLogger(__name__)

# Frames that wait for a document to open; beyond, the socket is not read.
_MAX_WAITING = 64


@dataclass(frozen=True, slots=True)
class Line:
    """The socket, as its attachments use it."""

    hub: Hub
    address: str
    # What the socket brought along, for clients that send no token; raises doors.Refused.
    credentials: Callable[[], doors.Credentials]
    send: Callable[[bytes], Awaitable[None]]
    close: Callable[[Close], Awaitable[None]]
    # The client is no longer interested.
    detach: Callable[[str], None]


class Attachment:
    """From the first frame with its key to the end of the socket, or of the client's interest.

    A final refusal is a denial, and the socket stays open: for its other documents, and because
    providers know no close code that would keep them from connecting again.
    """

    def __init__(self, key: str, line: Line) -> None:
        self._key = key
        self._line = line
        self._protocol = HocuspocusProtocol(key)
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)
        self._attendance: Attendance | None = None
        self._denied = False
        # A denial that is not said yet: who is denied again and again waits for it.
        self._denial: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(), name=f"attachment {key!r}")

    async def put(self, body: bytes) -> None:
        """Take what a frame says behind the key; waits while too much of it waits."""
        await self._frames.put(body)

    async def end(self) -> None:
        """The socket is gone, or the client is done with the document."""
        for timer in (self._renewal, self._denial):
            if timer is not None:
                timer.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._attendance is not None:
            await self._attendance.end()

    async def _run(self) -> None:
        while True:
            body = await self._frames.get()
            try:
                await self._handle(body)
            except WireError as error:
                await self._refuse(Close(CloseCode.BAD_MESSAGE, str(error)))
            except doors.Refused as refused:
                await self._refuse(Close(refused.code, refused.reason))
            except Exception:
                logger.exception("An attachment to %r fails", self._key)
                await self._refuse(Close(CloseCode.TRY_AGAIN_LATER, "try again"))

    async def _handle(self, body: bytes) -> None:
        attendance = self._attendance
        if self._denial is not None or (self._denied and not _is_authentication(body)):
            return
        match self._protocol.decode(body):
            case Authenticate() as message if attendance is not None:
                await self._renew(attendance, message)
            case Authenticate() as message:
                await self._enter(message)
            case Detach():
                self._line.detach(self._key)
            case _ if attendance is None:
                raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "authenticate first")
            case message:
                await attendance.submit(message)

    # Who it is --------------------------------------------------------------------------

    async def _enter(self, message: Authenticate) -> None:
        line = self._line
        credentials = self._credentials(message)
        admission = await ask_in(line.hub, self._document_id(), credentials, address=line.address)
        if admission is None:
            raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
        self._denied = False
        self._attendance = Attendance(
            line.hub,
            admission,
            Transport(send=self._send, close=self._close),
            address=line.address,
            watches_silence=True,
            hears_stateless=True,
        )
        self._expect_end(admission.entrant.until)

    async def _renew(self, attendance: Attendance, message: Authenticate) -> None:
        """The client brings a token again: asked to, or because it has a new one."""
        credentials, document_id = self._credentials(message), self._document_id()
        entrant = await self._line.hub.read(lambda: doors.enter(credentials, document_id))
        session = attendance.session
        if entrant is None or entrant.user_id != session.user_id:
            raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "the token is somebody else's")
        self._expect_end(entrant.until)
        session.send(RoleChanged(session.role.slug))

    def _credentials(self, message: Authenticate) -> doors.Credentials:
        brought = self._line.credentials()
        return brought if message.token is None else doors.Credentials(token=message.token)

    def _document_id(self) -> uuid.UUID:
        try:
            return uuid.UUID(document_name(self._key))
        except ValueError:
            raise doors.Refused(CloseCode.MISSING, "there is no such document") from None

    def _expect_end(self, until: datetime | None) -> None:
        """Ask for a new ticket when this one is over."""
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if until is not None:
            seconds = (until - datetime.now(UTC)).total_seconds()
            self._renewal = asyncio.get_running_loop().call_later(seconds, self._ask_for_token)

    def _ask_for_token(self) -> None:
        if self._attendance is not None:
            session, options = self._attendance.session, self._line.hub.options
            session.send(TokenWanted())
            self._renewal = asyncio.get_running_loop().call_later(
                options.renewal_seconds,
                lambda: session.close(CloseCode.NOT_AUTHENTICATED, "the ticket has expired"),
            )

    # What is said to the client ---------------------------------------------------------

    async def _send(self, message: ServerMessage) -> None:
        for frame in self._protocol.encode(message):
            await self._line.send(frame)
        if isinstance(message, Error) and (end := end_of(message)) and self._attendance:
            self._attendance.session.close(end.code, end.reason)

    async def _refuse(self, close: Close) -> None:
        if self._attendance is not None:
            # What waits is written first.
            self._attendance.session.close(close.code, close.reason)
            return
        self._denied = True
        client = (self._line.address, document_name(self._key))
        delay = self._line.hub.refusals.delay_seconds(client, now=time.monotonic())
        if not delay:
            await self._close(close)
            return
        self._denial = asyncio.get_running_loop().call_later(
            delay, lambda: self._line.hub.spawn(self._close(close), name="denial")
        )

    async def _close(self, close: Close) -> None:
        """The session's end, or that there is none."""
        self._denial = None
        if self._attendance is not None:
            self._attendance.leave()
            self._attendance = None
        if self._renewal is not None:
            self._renewal.cancel()
        if 4400 <= close.code < 4500:
            self._denied = True
            await self._line.send(self._protocol.deny(close.reason))
        else:
            # Worth a retry: the provider comes back, with all of its documents.
            await self._line.close(close)


def _is_authentication(body: bytes) -> bool:
    return body[:2] == b"\x02\x00"
