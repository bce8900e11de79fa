"""`/ws/documents/<uuid>/`: a session that speaks collab.json.v1."""

import uuid

from collab import doors
from collab.attendance import Attendance, ask_in
from collab.consumers.json_sockets import JsonConsumer, frame, size_of
from collab.requests import Requests
from collab.talk import Talk
from collab.wire import json as json_wire
from collab.wire.messages import (
    Awareness,
    Chat,
    Direct,
    Edit,
    Ping,
    Pong,
    SyncRequest,
    WireError,
)


class DocumentConsumer(JsonConsumer):
    """A socket with one session in one document."""

    attendance: Attendance | None = None
    talk: Talk

    @property
    def document_id(self) -> uuid.UUID:
        document_id: uuid.UUID = self.scope["url_route"]["kwargs"]["document_id"]
        return document_id

    async def let_in(self, credentials: doors.Credentials) -> bool:
        admission = await ask_in(self.hub, self.document_id, credentials, address=self.address)
        if admission is None:
            return False
        if self.is_open:
            transport = self.transport(
                self.send_message, self.close_with, frame, wire=json_wire.SUBPROTOCOL
            )
            self.attendance = Attendance(self.hub, admission, transport, address=self.address)
            self.session = self.attendance.session
            self.talk = Talk(self.hub, self.session, self.attendance.room)
            self.requests = Requests(self.hub, self.session, document_id=self.document_id)
        return True

    def take(self, data: bytes | str) -> bool:
        attendance = self.attendance
        if attendance is None or isinstance(data, bytes) or not attendance.is_ready():
            return False
        if size_of(data) > self.hub.options.max_frame_bytes:
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

    async def handle(self, content: json_wire.JsonMessage) -> None:
        if self.attendance is None:
            return
        match content:
            case Edit() | Awareness() | SyncRequest():
                await self.attendance.submit(content)
            case Chat() | Direct():
                await self.attendance.session.wait_for_reader()
                self.talk.handle(content)

    async def leave(self) -> None:
        if self.attendance is not None:
            await self.attendance.end()
