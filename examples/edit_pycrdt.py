"""Append a line to a plain text with pycrdt's own Provider, on the y-websocket wire.

    TOKEN=... python examples/edit_pycrdt.py http://127.0.0.1:8000 DOCUMENT "A line"

Needs `pycrdt`, `websockets` and `httpx`; TOKEN is an API token.
"""

import asyncio
import os
import sys
import time

import httpx
from pycrdt import Channel, Doc, Provider, Text
from websockets.asyncio.client import ClientConnection, connect

SERVER, DOCUMENT, LINE = sys.argv[1:]
HEADERS = {"Authorization": f"Token {os.environ['TOKEN']}"}


class Socket(Channel):
    """What pycrdt asks of a connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.send = socket.send

    async def recv(self) -> bytes:
        return await self.socket.recv(decode=False)


async def append() -> str:
    """Join, append the line, and leave when it has been sent; the text as it was seen then."""
    doc: Doc = Doc()
    text = doc.get("content", type=Text)
    url = f"{SERVER.replace('http', 'ws', 1)}/ws/yjs/{DOCUMENT}"
    async with (
        connect(url, additional_headers=HEADERS, max_size=None) as socket,
        Provider(doc, Socket(socket)) as provider,
    ):
        await provider.synced.wait()
        text += f"\n{LINE}" if str(text) else LINE
    return str(text)


try:
    text = asyncio.run(append())
except ExceptionGroup as group:
    sys.exit(f"The server closed the connection: {group.exceptions[0]}")

# This wire does not say when an edit is on disk; but REST serves nothing that is not.
for _ in range(50):
    content = httpx.get(f"{SERVER}/api/v1/documents/{DOCUMENT}/content/", headers=HEADERS).json()
    if content["text"].count(LINE) >= text.count(LINE):
        print(f"{text}\n\nSaved.")
        sys.exit()
    time.sleep(0.1)
sys.exit("Sent, but not saved: may you write here?")
