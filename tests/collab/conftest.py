"""Sockets without a network: the ASGI application, spoken to on the test's own loop."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client as HttpClient
from pycrdt import Doc, Text
from rest_framework.authtoken.models import Token

from collab.asgi import application
from collab.hub import drain_hub
from collab.wire.messages import CloseCode
from documents.models import Document
from tests.collab.scene import FakeServices, Scene

T = TypeVar("T")

SUBPROTOCOL = "collab.json.v1"
# How long anything may take that is sure to happen.
PATIENCE_SECONDS = 10


async def in_thread(work: Callable[[], T]) -> T:
    """What a request does: it runs in a thread, with a database connection of its own."""

    def call() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await sync_to_async(call, thread_sensitive=False)()


def cookie_of(user: Any) -> str:
    """A session cookie, as signing in sets it."""
    client = HttpClient()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


class Socket:
    """One WebSocket, and the document that its client has of it."""

    def __init__(
        self,
        path: str,
        *,
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        token: str = "",
        cookie: str = "",
        origin: str = "",
    ) -> None:
        given = {"authorization": token and f"Token {token}", "cookie": cookie, "origin": origin}
        headers = [(name.encode(), value.encode()) for name, value in given.items() if value]
        self.communicator = WebsocketCommunicator(
            application, path, headers=headers, subprotocols=list(subprotocols)
        )
        self.doc: Doc[Any] = Doc()
        self.cseq = 0
        self.subprotocol: str | None = None

    async def connect(self) -> "Socket":
        accepted, self.subprotocol = await self.communicator.connect(timeout=PATIENCE_SECONDS)
        assert accepted, "a close before the accept reaches browsers as 1006"
        return self

    async def send(self, **fields: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(fields))

    async def next(self) -> dict[str, Any]:
        """The next frame, or `{"type": "close", "code": ...}`."""
        output = await self.communicator.receive_output(timeout=PATIENCE_SECONDS)
        if output["type"] == "websocket.close":
            return {"type": "close", "code": output["code"], "reason": output.get("reason", "")}
        message: dict[str, Any] = json.loads(output["text"])
        assert "bytes" not in output or output["bytes"] is None
        if message["type"] in ("sync", "update"):
            self.doc.apply_update(b64decode(message["update"]))
        return message

    async def receive(self, *types: str, **fields: Any) -> dict[str, Any]:
        """The next of these types with these fields; others are passed over."""
        while True:
            message = await self.next()
            if message["type"] in types and fields.items() <= message.items():
                return message
            assert message["type"] != "close", message

    async def close_code(self) -> int:
        code: int = (await self.receive("close"))["code"]
        return code

    async def join(self) -> dict[str, Any]:
        """Be welcomed and ask for the state."""
        welcome = await self.receive("welcome")
        await self.send(type="sync", id="join", state_vector="AA==")
        await self.receive("sync", id="join")
        return welcome

    async def write(self, update: bytes) -> int:
        self.cseq += 1
        encoded = b64encode(update).decode()
        await self.send(type="update", cseq=self.cseq, update=encoded)
        return self.cseq

    async def type(self, text: str) -> int:
        """Write at the end of the text, as an editor does."""
        written: list[bytes] = []
        subscription = self.doc.observe(lambda event: written.append(event.update))
        content = self.doc.get("content", type=Text)
        content += text
        self.doc.unobserve(subscription)
        return await self.write(written[0])

    async def acknowledged(self, cseq: int) -> int:
        """The row of the log that holds the update."""
        while (ack := await self.receive("ack"))["cseq"] < cseq:
            pass
        seq: int = ack["seq"]
        return seq

    @property
    def text(self) -> str:
        return str(self.doc.get("content", type=Text))

    async def leave(self) -> None:
        await self.communicator.disconnect(timeout=PATIENCE_SECONDS)


class Sockets:
    """Opens sockets and leaves none open."""

    def __init__(self) -> None:
        self.opened: list[Socket] = []

    async def __call__(self, path: str, **arguments: Any) -> Socket:
        socket = Socket(path, **arguments)
        self.opened.append(socket)
        return await socket.connect()

    async def of(self, user: Any, document: Document, **arguments: Any) -> Socket:
        """A socket of somebody who comes with an API token."""
        token = await in_thread(lambda: Token.objects.get_or_create(user=user)[0].key)
        return await self(path_to(document), token=token, **arguments)

    async def joined(self, user: Any, document: Document) -> Socket:
        socket = await self.of(user, document)
        await socket.join()
        return socket


def path_to(document: Document) -> str:
    return f"/ws/documents/{document.id}/"


@pytest.fixture
async def sockets(transactional_db: None) -> AsyncIterator[Sockets]:
    """Opens sockets; at the end all are closed, and the hub with its threads."""
    opened = Sockets()
    yield opened
    for socket in opened.opened:
        if not socket.communicator.future.done():
            await socket.leave()
    await drain_hub()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """An open room, empty."""
    scene = Scene(FakeServices())
    await scene.open()
    yield scene
    scene.room.close(CloseCode.RESTARTING, "the test is over")
    await asyncio.gather(scene.room._task, return_exceptions=True)
    await asyncio.gather(*scene.services.tasks)
    for client in scene.clients:
        await client.session.stop()
