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
from collab.direct import frame_of
from collab.hub import Hub
from collab.sessions import Transport
from collab.wire.hocuspocus import DETACH, HocuspocusProtocol, document_name
from collab.wire.messages import (
    Authenticate,
    Close,
    CloseCode,
    Detach,
    RoleChanged,
    ServerMessage,
    TokenWanted,
    WireError,
)

logger = logging.getLogger(__name__)

# Frames that wait for a document to open; beyond, the socket is not read.
_MAX_WAITING = 64
# The types of frames that no attachment has to think about: sync and awareness.
_FOR_THE_ROOM = (b"\0", b"\1")


@dataclass(frozen=True, slots=True)
class Socket:
    """The socket, as its attachments use it."""

    hub: Hub
    address: str
    # What the socket brought along, for clients that send no token; raises doors.Refused.
    credentials: Callable[[], doors.Credentials]
    send: Callable[[bytes], Awaitable[None]]
    close: Callable[[Close], Awaitable[None]]
    # How a session of this socket reaches its client.
    transport: Callable[
        [
            Callable[[ServerMessage], Awaitable[bool]],
            Callable[[Close], Awaitable[None]],
            Callable[[ServerMessage], bytes],
        ],
        Transport,
    ]


class Attachment:
    """From the first frame with its key to the end of the socket, or of the client's interest.

    A final refusal is a denial, and the socket stays open: for its other documents, and because
    providers know no close code that would keep them from connecting again.
    """

    def __init__(self, key: str, socket: Socket) -> None:
        self._key = key
        self._socket = socket
        self._protocol = HocuspocusProtocol(key)
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)
        self._attendance: Attendance | None = None
        # A frame from the queue is being handled; those behind it must not overtake it.
        self._busy = False
        # The client is no longer interested.
        self._detached = False
        self._denied = False
        # The last that the client brought.
        self._token: str | None = None
        # A denial that is not said yet: who is denied again and again waits for it.
        self._denial: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._run(), name=f"attachment {key!r}")

    async def put(self, body: bytes) -> None:
        """Take what a frame says behind the key; waits while too much of it waits."""
        await self._frames.put(body)

    def take(self, body: bytes) -> bool:
        """Handle it at once, if it is for the room and can be; whether that was so."""
        attendance = self._attendance
        if (
            attendance is None
            or self._busy
            or not self._frames.empty()
            or body[:1] not in _FOR_THE_ROOM
            or not attendance.is_ready()
        ):
            return False
        try:
            message = self._protocol.decode(body)
        except WireError:
            return False
        if isinstance(message, Authenticate | Detach):
            return False
        attendance.put(message)
        return True

    async def detach(self) -> None:
        """The client is done with the document: handle what it still sent, and say nothing."""
        self._detached = True
        await self._frames.put(DETACH)
        await asyncio.gather(self._task, return_exceptions=True)
        await self.end()

    async def end(self) -> None:
        """The socket is gone."""
        for timer in (self._renewal, self._denial):
            if timer is not None:
                timer.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._attendance is not None:
            await self._attendance.end()

    async def _run(self) -> None:
        while (body := await self._frames.get()) != DETACH:
            self._busy = True
            try:
                await self._handle(body)
            except WireError as error:
                await self.refuse(Close(CloseCode.BAD_MESSAGE, str(error)))
            except doors.Refused as refused:
                await self.refuse(Close(refused.code, refused.reason))
            except Exception:
                logger.exception("An attachment to %r fails", self._key)
                await self.refuse(Close(CloseCode.TRY_AGAIN_LATER, "try again"))
            self._busy = False

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
                # The socket's matter: it does not come here.
                return
            case message:
                if attendance is None:
                    # Providers 2 without a token do not authenticate: the socket may have.
                    attendance = await self._enter(Authenticate(None))
                await attendance.submit(message)

    # Who it is --------------------------------------------------------------------------

    async def _enter(self, message: Authenticate) -> Attendance:
        socket = self._socket
        credentials = self._credentials(message)
        admission = await ask_in(
            socket.hub, self._document_id(), credentials, address=socket.address
        )
        if admission is None:
            raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
        self._denied = False
        self._attendance = Attendance(
            socket.hub,
            admission,
            socket.transport(self._send, self._close, self._encode),
            address=socket.address,
            is_stock=True,
            hears_stateless=True,
            renews=True,
        )
        self._expect_end(admission.entrant.until)
        return self._attendance

    async def _renew(self, attendance: Attendance, message: Authenticate) -> None:
        """The client brings a token again: asked to, or because it has a new one."""
        credentials, document_id = self._credentials(message), self._document_id()
        entrant = await self._socket.hub.read(lambda: doors.enter(credentials, document_id))
        session = attendance.session
        if entrant is None or entrant.user_id != session.user_id:
            raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "the token is somebody else's")
        self._socket.hub.guard.renew(session, credentials)
        self._expect_end(entrant.until)
        session.send(RoleChanged(session.role.slug))

    def _credentials(self, message: Authenticate) -> doors.Credentials:
        self._token = message.token
        brought = self._socket.credentials()
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
            session, options = self._attendance.session, self._socket.hub.options
            session.send(TokenWanted())
            self._renewal = asyncio.get_running_loop().call_later(
                options.renewal_seconds,
                lambda: session.close(CloseCode.NOT_AUTHENTICATED, "the ticket has expired"),
            )

    # What is said to the client ---------------------------------------------------------

    async def _send(self, message: ServerMessage) -> bool:
        frames = [] if self._detached else self._protocol.encode(message)
        for frame in frames:
            await self._socket.send(frame)
        return bool(frames)

    def _encode(self, message: ServerMessage) -> bytes:
        frames = [] if self._detached else self._protocol.encode(message)
        return b"".join(map(frame_of, frames))

    async def refuse(self, close: Close) -> None:
        """End the session, or say that there is none."""
        if self._attendance is not None:
            # What waits is written first.
            self._attendance.session.close(close.code, close.reason)
            return
        self._denied = True
        client = (self._socket.address, self._key, self._token)
        delay = self._socket.hub.refusals.delay_seconds(client, now=time.monotonic())
        if not delay:
            try:
                await self._close(close)
            except Exception:
                # The socket is gone, and its end is on its way.
                logger.debug("A denial of %r finds nobody", self._key, exc_info=True)
            return
        self._denial = asyncio.get_running_loop().call_later(
            delay, lambda: self._socket.hub.spawn(self._close(close), name="denial")
        )

    async def _close(self, close: Close) -> None:
        """The session's end, or that there is none."""
        self._denial = None
        if self._attendance is not None:
            self._attendance.leave()
            self._attendance = None
        if self._renewal is not None:
            self._renewal.cancel()
        if self._detached:
            return
        if 4400 <= close.code < 4500:
            self._denied = True
            await self._socket.send(self._protocol.deny(close.reason))
        else:
            # Worth a retry: the provider comes back, with all of its documents.
            await self._socket.close(close)


def _is_authentication(body: bytes) -> bool:
    return body[:2] == b"\x02\x00"
