"""`/ws/yjs/<uuid>`: a session that speaks y-websocket's protocol."""

import uuid
from typing import Any

from collab import doors
from collab.attendance import Attendance, ask_in
from collab.consumers.sockets import SocketConsumer
from collab.direct import frame_of
from collab.wire.messages import (
    Close,
    CloseCode,
    ErrorCode,
    ServerMessage,
    WireError,
)
from collab.wire.yjs import YjsProtocol


class YjsConsumer(SocketConsumer):
    """A socket with one session, for whoever it brought along the credentials of."""

    attendance: Attendance | None = None
    protocol: YjsProtocol

    async def connect(self) -> None:
        self.protocol = YjsProtocol()
        await self.open(self.offered[0] if self.offered else None)
        try:
            admission = await ask_in(
                self.hub, self.document_id(), self.credentials(), address=self.address
            )
        except doors.Refused as refused:
            await self.close_slowly(Close(refused.code, refused.reason))
            return
        if admission is None:
            reason = "sign in, or bring a ticket or a token in the address"
            await self.close_slowly(Close(CloseCode.NOT_AUTHENTICATED, reason))
            return
        transport = self.transport(
            self.send_message, self.close_session, self.encode, wire="y-websocket"
        )
        self.attendance = Attendance(
            self.hub,
            admission,
            transport,
            address=self.address,
            is_stock=True,
            hears_acks=False,
        )

    def document_id(self) -> uuid.UUID:
        """The room's name is the document's id; Refused for any other."""
        try:
            return uuid.UUID(self.scope["url_route"]["kwargs"]["name"])
        except ValueError:
            raise doors.Refused(CloseCode.MISSING, "there is no such document") from None

    def take(self, data: bytes | str) -> bool:
        attendance = self.attendance
        if (
            attendance is None
            or isinstance(data, str)
            or len(data) > self.hub.options.max_frame_bytes
            or not attendance.is_ready()
        ):
            return False
        try:
            attendance.put(self.protocol.decode(data))
        except WireError:
            return False
        return True

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        if not self.is_open or self.attendance is None:
            return
        session = self.attendance.session
        limit = self.hub.options.max_frame_bytes
        if bytes_data is None:
            session.close(CloseCode.BAD_MESSAGE, "this wire is binary")
        elif len(bytes_data) > limit:
            session.close(CloseCode.TOO_LARGE, f"a frame has at most {limit} bytes")
        else:
            try:
                await self.attendance.submit(self.protocol.decode(bytes_data))
            except WireError as error:
                too_large = error.code is ErrorCode.TOO_LARGE
                code = CloseCode.TOO_LARGE if too_large else CloseCode.BAD_MESSAGE
                session.close(code, str(error))

    async def close_session(self, close: Close) -> None:
        """Close for good, which older providers do not understand, or for a while."""
        if self.attendance is not None:
            # However long the socket is kept waiting for it, nobody is here any more.
            self.attendance.leave()
        if 4400 <= close.code < 4500:
            await self.close_slowly(close)
        else:
            await self.close_with(close)

    async def send_message(self, message: ServerMessage) -> bool:
        frames = self.protocol.encode(message)
        for frame in frames:
            await self.send(bytes_data=frame)
        return bool(frames)

    def encode(self, message: ServerMessage) -> bytes:
        return b"".join(frame_of(frame) for frame in self.protocol.encode(message))

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.attendance is not None:
            await self.attendance.end()
