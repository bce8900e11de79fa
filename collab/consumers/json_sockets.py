"""What the sockets of collab.json.v1 have in common: one JSON object a frame, hello, errors."""

import asyncio
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from collab import doors
from collab.consumers.sockets import SocketConsumer
from collab.direct import frame_of
from collab.requests import Requests
from collab.sessions import Session
from collab.wire import json as json_wire
from collab.wire.messages import (
    Close,
    CloseCode,
    Error,
    ErrorCode,
    Hello,
    Ping,
    Pong,
    Request,
    ServerMessage,
    Subscribe,
    Unsubscribe,
    WireError,
)

_MAX_BAD_MESSAGES = 100


class JsonConsumer(SocketConsumer, AsyncJsonWebsocketConsumer):
    """A socket with one session, which begins when it is known who it is."""

    session: Session | None = None
    requests: Requests
    hello_timer: asyncio.TimerHandle | None = None
    bad_messages = 0

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
            return await self.let_in(credentials)
        except doors.Refused as refused:
            await self.shut(refused.code, refused.reason)
            return True

    async def let_in(self, credentials: doors.Credentials) -> bool:
        """Begin the session; False if nothing was shown yet. Raises doors.Refused."""
        raise NotImplementedError

    async def handle(self, content: json_wire.JsonMessage) -> None:
        """A message of a client that is in, of a type that not every socket takes."""
        raise NotImplementedError

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        if not self.is_open:
            return
        if text_data is None:
            await self.shut(CloseCode.BAD_MESSAGE, "this wire is text: one JSON object a frame")
            return
        if size_of(text_data) > self.hub.options.max_frame_bytes:
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
                if self.session is None and not await self.enter(
                    doors.Credentials(token=content.token)
                ):
                    await self.shut(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
            case _ if self.session is None:
                raise WireError("Say `hello` first.", code=ErrorCode.FORBIDDEN)
            case Request() | Unsubscribe() | Subscribe():
                await self.session.wait_for_reader()
                self.requests.handle(content)
            case _:
                await self.handle(content)

    async def send_message(self, message: ServerMessage) -> bool:
        await self.send_json(message)
        return True

    async def answer(self, message: ServerMessage) -> None:
        """Say something to this client alone, in order with everything else."""
        if self.session is None:
            await self.send_json(message)
        else:
            await self.session.wait_for_reader()
            self.session.send(message)

    def give_up_on_hello(self) -> None:
        self.hub.spawn(self.shut(CloseCode.NO_HELLO, "say hello"), name="no hello")

    async def shut(self, code: CloseCode, reason: str) -> None:
        """Close the socket, through the session's writer where there is one."""
        if self.session is not None:
            self.session.close(code, reason)
        else:
            await self.close_with(Close(code, reason))

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.hello_timer is not None:
            self.hello_timer.cancel()
        if self.session is not None:
            self.requests.close()
            await self.leave()

    async def leave(self) -> None:
        """The session's socket is gone."""
        raise NotImplementedError


def frame(message: ServerMessage) -> bytes:
    """The whole WebSocket frame for a message."""
    return frame_of(json_wire.encode(message).encode("ascii"), text=True)


def size_of(text: str) -> int:
    """In bytes, as it was sent."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
