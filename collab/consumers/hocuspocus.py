"""`/ws/hocuspocus`: a socket with a session for each document that its client attaches to."""

import asyncio
from typing import Any

from collab.attachments import Attachment, Socket
from collab.consumers.sockets import SocketConsumer
from collab.wire.hocuspocus import DETACH, PING, PONG, split
from collab.wire.messages import Close, CloseCode, WireError

# More documents than this on one socket are somebody's mistake.
_MAX_ATTACHMENTS = 1000


class HocuspocusConsumer(SocketConsumer):
    """Sorts frames by their key."""

    socket: Socket
    attachments: dict[str, Attachment]

    async def connect(self) -> None:
        self.attachments = {}
        await self.open(self.offered[0] if self.offered else None)
        if self.hub.draining:
            await self.close_with(Close(CloseCode.RESTARTING, "the server restarts"))
            return
        self.socket = Socket(
            hub=self.hub,
            address=self.address,
            credentials=self.credentials,
            send=self.send_frame,
            close=self.close_with,
            transport=self.transport,
        )

    def take(self, data: bytes | str) -> bool:
        if isinstance(data, str) or len(data) > self.hub.options.max_frame_bytes:
            return False
        try:
            key, body = split(data)
        except WireError:
            return False
        attachment = self.attachments.get(key)
        return attachment is not None and attachment.take(body)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        if not self.is_open or self.refusal is not None:
            return
        limit = self.hub.options.max_frame_bytes
        if bytes_data is None:
            await self.close_slowly(Close(CloseCode.BAD_MESSAGE, "this wire is binary"))
        elif bytes_data == PING:
            await self.send_frame(PONG)
        elif bytes_data == PONG:
            # The socket is alive, which is all that was asked.
            return
        else:
            try:
                key, body = split(bytes_data)
                if len(bytes_data) > limit:
                    # Said for the document: providers would send it again on another socket.
                    reason = f"a frame has at most {limit} bytes"
                    await self.attachment(key).refuse(Close(CloseCode.TOO_LARGE, reason))
                elif body[:1] == DETACH:
                    self.detach(key)
                else:
                    await self.attachment(key).put(body)
            except WireError as error:
                await self.close_slowly(Close(CloseCode.BAD_MESSAGE, str(error)))

    def attachment(self, key: str) -> Attachment:
        """The one with that key, from its first frame on; WireError if there are too many."""
        found = self.attachments.get(key)
        if found is None:
            if len(self.attachments) >= _MAX_ATTACHMENTS:
                raise WireError(f"A socket has at most {_MAX_ATTACHMENTS} documents.")
            found = self.attachments[key] = Attachment(key, self.socket)
        return found

    def detach(self, key: str) -> None:
        """The client is done with the document; if it comes again, it begins anew."""
        if (attachment := self.attachments.pop(key, None)) is not None:
            self.hub.spawn(attachment.detach(), name=f"detach {key!r}")

    async def send_frame(self, frame: bytes) -> None:
        if self.is_open:
            await self.send(bytes_data=frame)

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        attachments, self.attachments = self.attachments, {}
        await asyncio.gather(*(attachment.end() for attachment in attachments.values()))
