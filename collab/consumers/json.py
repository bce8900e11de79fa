"""`/ws/documents/<uuid>/`: a session that speaks collab.json.v1."""

import asyncio
import uuid
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from collab import doors
from collab.attendance import Attendance, ask_in
from collab.consumers.sockets import SocketConsumer
from collab.direct import frame_of, frame_once
from collab.wire import json as json_wire
from collab.wire.messages import (
    Awareness,
    Changed,
    Close,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    Hello,
    Ping,
    Pong,
    ServerMessage,
    SyncRequest,
    WireError,
)

_MAX_BAD_MESSAGES = 100


class DocumentConsumer(SocketConsumer, AsyncJsonWebsocketConsumer):
    """A socket with one session, which begins when it is known who it is."""

    attendance: Attendance | None = None
    hello_timer: asyncio.TimerHandle | None = None
    bad_messages = 0

    @property
    def document_id(self) -> uuid.UUID:
        document_id: uuid.UUID = self.scope["url_route"]["kwargs"]["document_id"]
        return document_id

    @classmethod
    async def decode_json(cls, text_data: str) -> json_wire.JsonMessage:
        return json_wire.decode(text_data)

    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        return json_wire.encode(content)

    async def connect(self) -> None:
        spoken = json_wire.SUBPROTOCOL in self.offered or not self.offered
        subprotocol = json_wire.SUBPROTOCOL if spoken else self.offered[0]
        await self.open(subprotocol if self.offered else None)
        if not spoken:
            await self.shut(CloseCode.WRONG_SUBPROTOCOL, f"speak {json_wire.SUBPROTOCOL}")
            return
        try:
            credentials = self.credentials()
        except doors.Refused as refused:
            await self.shut(refused.code, refused.reason)
            return
        if self.hub.draining:
            await self.shut(CloseCode.RESTARTING, "the server restarts")
            return
        shown = credentials.token is not None or credentials.session_key is not None
        if not (shown and await self.enter(credentials)) and self.is_open:
            self.hello_timer = asyncio.get_running_loop().call_later(
                self.hub.options.hello_seconds, self.give_up_on_hello
            )

    async def enter(self, credentials: doors.Credentials) -> bool:
        """Let the client in, or close; False if it has still to say who it is."""
        try:
            admission = await ask_in(self.hub, self.document_id, credentials, address=self.address)
        except doors.Refused as refused:
            await self.shut(refused.code, refused.reason)
            return True
        if admission is None:
            return False
        if self.is_open:
            transport = self.transport(self.send_message, self.close_with, _frame_of)
            self.attendance = Attendance(self.hub, admission, transport, address=self.address)
        return True

    def take(self, data: bytes | str) -> bool:
        attendance = self.attendance
        if attendance is None or isinstance(data, bytes) or not attendance.is_ready():
            return False
        if _size_of(data) > self.hub.options.max_frame_bytes:
            return False
        try:
            message = json_wire.decode(data)
        except WireError:
            return False
        if isinstance(message, Edit | Awareness | SyncRequest):
            attendance.put(message)
        elif isinstance(message, Ping):
            attendance.session.send(Pong(message.id))
        else:
            return False
        return True

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        if not self.is_open:
            return
        if text_data is None:
            await self.shut(CloseCode.BAD_MESSAGE, "this wire is text: one JSON object a frame")
            return
        if _size_of(text_data) > self.hub.options.max_frame_bytes:
            await self.shut(
                CloseCode.TOO_LARGE, f"a frame has at most {self.hub.options.max_frame_bytes} bytes"
            )
            return
        try:
            await self.receive_json(await self.decode_json(text_data))
        except WireError as error:
            self.bad_messages += 1
            if self.bad_messages > _MAX_BAD_MESSAGES:
                await self.shut(CloseCode.BAD_MESSAGE, "too many bad messages")
                return
            await self.answer(Error(error.code, str(error), id=error.id, cseq=error.cseq))

    async def receive_json(self, content: json_wire.JsonMessage, **_kwargs: Any) -> None:
        match content:
            case Ping():
                await self.answer(Pong(content.id))
            case Hello():
                # They spoke in time, however long the look-up takes.
                if self.hello_timer is not None:
                    self.hello_timer.cancel()
                if self.attendance is None and not await self.enter(
                    doors.Credentials(token=content.token)
                ):
                    await self.shut(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
            case Edit() | Awareness() | SyncRequest():
                if self.attendance is None:
                    raise WireError("Say `hello` first.", code=ErrorCode.FORBIDDEN)
                await self.attendance.submit(content)

    async def send_message(self, message: ServerMessage) -> bool:
        await self.send_json(message)
        return True

    async def answer(self, message: ServerMessage) -> None:
        """Say something to this client alone."""
        if self.attendance is None:
            await self.send_json(message)
        else:
            await self.attendance.answer(message)

    def give_up_on_hello(self) -> None:
        self.hub.spawn(self.shut(CloseCode.NO_HELLO, "say hello"), name="no hello")

    async def shut(self, code: CloseCode, reason: str) -> None:
        """Close the socket, through the session's writer where there is one."""
        if self.attendance is not None:
            self.attendance.session.close(code, reason)
        else:
            await self.close_with(Close(code, reason))

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.hello_timer is not None:
            self.hello_timer.cancel()
        if self.attendance is not None:
            await self.attendance.end()


def _encode(message: ServerMessage) -> bytes:
    return json_wire.encode(message).encode("ascii")


def _frame_of(message: ServerMessage) -> bytes:
    if isinstance(message, Changed):
        return frame_once(message, _encode, text=True)
    return frame_of(_encode(message), text=True)


def _size_of(text: str) -> int:
    """In bytes, as it was sent."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
