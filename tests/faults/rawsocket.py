"""A WebSocket without a library behind it: frames that no library would send."""

import asyncio
import base64
import os
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

from tests.e2e.client import SUBPROTOCOL

ANSWER_SECONDS = 20.0


class RawSocket:
    """An open WebSocket; what is sent is what the test says, bit by bit."""

    def __init__(self, url: str) -> None:
        """`url` with ws://, and with its query."""
        self._url = urlsplit(url)
        self.response = ""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            self._url.hostname, self._url.port
        )
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {self._url.path}?{self._url.query} HTTP/1.1\r\n"
            f"Host: {self._url.netloc}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
            # Offered; whoever accepts it has to inflate what comes.
            "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        )
        self._writer.write(request.encode())
        async with asyncio.timeout(ANSWER_SECONDS):
            self.response = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.transport.abort()

    async def send(
        self, opcode: Opcode, data: bytes, *, fin: bool = True, rsv1: bool = False
    ) -> None:
        """One frame."""
        frame = bytearray(Frame(opcode, data, fin=fin).serialize(mask=True))
        frame[0] |= 0x40 * rsv1
        await self.send_bytes(bytes(frame))

    async def send_bytes(self, data: bytes) -> None:
        """ConnectionError when the server is gone."""
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> tuple[Opcode, bytes]:
        """The next frame; IncompleteReadError or ConnectionError when there is none any more."""
        async with asyncio.timeout(ANSWER_SECONDS):
            head, length = await self._reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8))
            return Opcode(head & 0x0F), await self._reader.readexactly(length)

    async def close_code(self) -> int | None:
        """What the server closes with; None if it just hangs up."""
        try:
            while True:
                opcode, data = await self.receive()
                if opcode is Opcode.CLOSE:
                    return int.from_bytes(data[:2])
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
