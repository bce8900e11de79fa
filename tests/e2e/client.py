"""A client of the JSON wire, and a model for scripts that want to edit documents.

    async with Client(url, document, token=token) as client:
        client.text.insert(0, "Hello")
        await client.saved()

The Yjs document outlives the connection: after a loss, `connect()` again sends whatever the
server does not have. What is typed while offline is sent then too.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlencode

import websockets
from pycrdt import Doc, Text, TransactionEvent, XmlFragment
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State

SUBPROTOCOL = "collab.json.v1"
NOTHING = b"\x00\x00"
FIRST = "first"
WAIT_SECONDS = 30.0


class ClientError(Exception):
    """The connection ended, or the server broke a rule of the wire."""


class Client:
    """One Yjs document and, while connected, the socket that keeps it in step with the server."""

    def __init__(
        self,
        url: str,
        document: str,
        *,
        token: str = "",
        ticket: str = "",
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        client_id: int | None = None,
    ) -> None:
        """`url` is the server's, as ws://host:port; give a token, a ticket, or a session cookie."""
        query = f"?{urlencode({'ticket': ticket})}" if ticket else ""
        self._url = f"{url}/ws/documents/{document}/{query}"
        self._token = token
        self._headers = dict(headers or {})
        self._origin = origin
        self.doc: Doc[Any] = Doc() if client_id is None else Doc(client_id=client_id)
        self._subscription = self.doc.observe(self._on_transaction)

        self.welcome: dict[str, Any] = {}
        self.role: str | None = None
        self.seq = 0
        # By connection id, as the server verified them.
        self.present: dict[str, dict[str, Any]] = {}
        # Others' cursors and whatever else they share: client id -> (clock, state).
        self.awareness: dict[int, tuple[int, Any]] = {}
        self._awareness_clock = 0
        self.errors: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        self.frames_sent = 0

        # Of this connection: cseq -> the row of the log that holds it.
        self.acks: dict[int, int] = {}
        self._cseq = 0
        self._synced = False
        self._is_applying = False
        # Local edits that no frame has been made of yet.
        self._unsent: list[bytes] = []
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._happened = asyncio.Event()
        self._typed = asyncio.Event()
        self._failure: Exception | None = None

    # ---- what a script uses ------------------------------------------------------------------

    @property
    def text(self) -> Text:
        """The root of a document of kind `text`. Its positions are UTF-8 bytes."""
        return self.doc.get("content", type=Text)

    @property
    def fragment(self) -> XmlFragment:
        """The root of a document of kind `richtext`."""
        return self.doc.get("default", type=XmlFragment)

    def insert(self, at: int, text: str) -> None:
        """Insert into the text at a position in code points."""
        self.text.insert(_byte_offset(str(self.text), at), text)

    def delete(self, at: int, count: int) -> None:
        """Delete that many code points of the text."""
        content = str(self.text)
        del self.text[_byte_offset(content, at) : _byte_offset(content, at + count)]

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Join: say hello, exchange state with the server, send what it lacks."""
        await self.open()
        await self.until(lambda: bool(self.welcome))
        await self.sync()

    async def saved(self, *, seconds: float = WAIT_SECONDS) -> None:
        """Wait until everything typed so far is on the server's disk."""
        await self.until(lambda: self.is_saved, seconds=seconds)

    async def until(self, condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
        """Wait for messages until the condition holds; ClientError if it can no longer."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    if self._failure is not None:
                        raise ClientError(f"{self._failure}") from self._failure
                    await self._happened.wait()
        except TimeoutError:
            raise ClientError(
                f"nothing within {seconds:g} s; {len(self.acks)} of {self._cseq} acknowledged,"
                f" errors {self.errors}, last {self.received[-3:]}"
            ) from None

    async def news(self, *, after: int, seconds: float = WAIT_SECONDS) -> None:
        """Wait until more than that many messages have been received."""
        await self.until(lambda: len(self.received) > after, seconds=seconds)

    async def close(self) -> None:
        """Leave, properly."""
        if self._socket is not None:
            await self._socket.close()
        await self._join_tasks()

    async def abort(self) -> None:
        """Vanish, as a computer does whose network is gone: no close frame, nothing flushed."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self._join_tasks()

    async def share(self, state: Any) -> None:
        """Tell the others where one's cursor is, or whatever they agree on; None leaves."""
        self._awareness_clock += 1
        entry = {"client": self.doc.client_id, "clock": self._awareness_clock, "state": state}
        await self.send({"type": "awareness", "states": [entry]})

    # ---- its state ---------------------------------------------------------------------------

    @property
    def is_saved(self) -> bool:
        return self._synced and not self._unsent and len(self.acks) == self._cseq

    @property
    def cseq(self) -> int:
        """The number of the last update sent on this connection."""
        return self._cseq

    @property
    def is_open(self) -> bool:
        return self._socket is not None and self._socket.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        return None if self._socket is None else self._socket.close_code

    @property
    def usernames(self) -> set[str]:
        """Who is here, oneself included."""
        return {entry["user"]["username"] for entry in self.present.values() if entry["user"]}

    async def closed(self, *, seconds: float = WAIT_SECONDS) -> int | None:
        """Wait until the server has closed the socket; its code."""
        assert self._socket is not None
        async with asyncio.timeout(seconds):
            await self._socket.wait_closed()
        await self._join_tasks()
        return self.close_code

    # ---- the wire ----------------------------------------------------------------------------

    async def open(self, *, subprotocols: tuple[str, ...] = (SUBPROTOCOL,)) -> None:
        """Open the socket and say hello; `connect()` does the rest."""
        await self.close()
        self.welcome, self.acks, self._cseq, self._synced = {}, {}, 0, False
        self.present, self.awareness, self._failure = {}, {}, None
        self._socket = await connect(
            self._url,
            subprotocols=[websockets.Subprotocol(name) for name in subprotocols] or None,
            additional_headers=self._headers,
            origin=None if self._origin is None else websockets.Origin(self._origin),
            compression=None,
            max_size=None,
            ping_interval=None,
        )
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        if self._token:
            # Not in the URL: URLs end up in logs. With a ticket or a cookie no hello is needed.
            await self.send({"type": "hello", "token": self._token})

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message; a socket that is gone is noticed by the reader."""
        assert self._socket is not None
        self.frames_sent += 1
        with contextlib.suppress(websockets.ConnectionClosed):
            await self._socket.send(json.dumps(message))

    async def sync(self) -> None:
        """Send what we have; the answer brings what we lack, and ours goes back as an update."""
        state_vector = _encode(self.doc.get_state())
        hello = {"type": "sync", "id": FIRST, "state_vector": state_vector}
        await self.send(hello | {"epoch": self.welcome["epoch"]})
        await self.until(lambda: self._synced)

    async def send_update(self, update: bytes) -> int:
        """Send an update as it is; its cseq."""
        self._cseq += 1
        cseq = self._cseq
        await self.send({"type": "update", "cseq": cseq, "update": _encode(update)})
        return cseq

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for frame in self._socket:
                assert isinstance(frame, str), "a binary frame on the JSON wire"
                message = json.loads(frame)
                self.received.append(
                    {**message, "update": "..."} if "update" in message else message
                )
                self._receive(message)
                self._notify()
            self._failure = ClientError(f"closed with {self.close_code}")
        except websockets.ConnectionClosed:
            self._failure = ClientError(f"closed with {self.close_code}")
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._synced = False
            self._notify()

    async def _write(self) -> None:
        """Send local edits; what was typed in one go leaves as one frame each."""
        while True:
            await self._typed.wait()
            self._typed.clear()
            if not self._synced:
                # What the first sync finds missing will carry it.
                continue
            while self._unsent:
                await self.send_update(self._unsent.pop(0))
            self._notify()

    def _notify(self) -> None:
        self._happened.set()
        self._happened.clear()

    def _on_transaction(self, event: TransactionEvent) -> None:
        if not self._is_applying and event.update != NOTHING:
            self._unsent.append(event.update)
            self._typed.set()

    def _receive(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "welcome":
                self.welcome, self.role, self.seq = message, message["role"], message["head"]
            case "sync":
                self._receive_sync(message)
            case "update":
                self.apply(_decode(message["update"]))
            case "ack":
                self._receive_ack(message)
            case "awareness":
                for entry in message["states"]:
                    if entry["state"] is None:
                        self.awareness.pop(entry["client"], None)
                    else:
                        self.awareness[entry["client"]] = (entry["clock"], entry["state"])
            case "presence":
                self._receive_presence(message)
            case "role":
                self.role = message["role"]
            case "error":
                self.errors.append(message)
            case _:
                # Unknown types are to be ignored.
                pass

    def _receive_sync(self, message: dict[str, Any]) -> None:
        self.apply(_decode(message["update"]))
        self.seq = message["seq"]
        if not self._synced and message.get("id") != FIRST:
            return
        missing = self.doc.get_update(_decode(message["state_vector"]))
        self._unsent.clear()
        if missing != NOTHING and self.role in {"editor", "owner"}:
            # The deletions of an update cannot be seen in a state vector: sent again, always.
            self._unsent.append(missing)
        self._synced = True
        self._typed.set()

    def _receive_ack(self, message: dict[str, Any]) -> None:
        first, last = message.get("from_cseq", message["cseq"]), message["cseq"]
        expected = max(self.acks, default=0) + 1
        if not expected <= first <= last <= self._cseq:
            raise ClientError(f"{message} after {expected - 1} of {self._cseq}")
        for cseq in range(first, last + 1):
            self.acks[cseq] = message["seq"]

    def _receive_presence(self, message: dict[str, Any]) -> None:
        if "full" in message:
            self.present = {entry["connection"]: entry for entry in message["full"]}
        elif "joined" in message:
            self.present[message["joined"]["connection"]] = message["joined"]
        else:
            self.present.pop(message["left"], None)

    def apply(self, update: bytes) -> None:
        """Apply an update that is not to be sent: it comes from the server, or is sent as it is."""
        self._is_applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self._is_applying = False

    async def _join_tasks(self) -> None:
        """End the reader and the writer; what went wrong in them is raised here."""
        tasks, self._tasks = self._tasks, []
        for task in tasks[1:]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def until_together(
    clients: list[Client], condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS
) -> None:
    """Wait until a condition on several clients holds, whichever of them hears the news."""
    while True:
        # Counted first: what arrives while we look is news.
        heard = [(client, len(client.received)) for client in clients]
        if condition():
            return
        waiting = [
            asyncio.create_task(client.news(after=count, seconds=seconds))
            for client, count in heard
        ]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        for task in done:
            task.result()


def _byte_offset(content: str, position: int) -> int:
    """Yjs documents in Python count UTF-8 bytes; people count characters."""
    return position if content.isascii() else len(content[:position].encode())


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(data: str) -> bytes:
    return base64.b64decode(data, validate=True)
