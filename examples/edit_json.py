"""Append a line to a plain text, and know that it is on disk: the JSON wire, in one page.

    TOKEN=... python examples/edit_json.py http://127.0.0.1:8000 DOCUMENT "A line"

Needs `websockets` and `pycrdt`; TOKEN is an API token.
"""

import asyncio
import json
import os
import sys
from base64 import b64decode, b64encode

from pycrdt import Doc, Text
from websockets import ConnectionClosed
from websockets.asyncio.client import connect


async def append(server: str, document: str, line: str) -> None:
    """Join, append, and wait for the acknowledgement; exits with what the server refuses."""
    url = f"{server.replace('http', 'ws', 1)}/ws/documents/{document}/"
    doc: Doc = Doc()
    text = doc.get("content", type=Text)

    async with connect(url, subprotocols=["collab.json.v1"], max_size=None) as socket:

        async def say(type_: str, **fields: object) -> None:
            await socket.send(json.dumps({"type": type_, **fields}))

        await say("hello", token=os.environ["TOKEN"])
        async for frame in socket:
            match json.loads(frame):
                case {"type": "welcome"}:
                    await say("sync", id="join", state_vector=b64encode(doc.get_state()).decode())
                case {"type": "presence", "full": people}:
                    names = {person["user"]["name"] for person in people}
                    print("Here:", ", ".join(sorted(names)))
                case {"type": "sync", "id": "join", "update": update}:
                    doc.apply_update(b64decode(update))
                    before = doc.get_state()
                    text += f"\n{line}" if str(text) else line
                    edit = b64encode(doc.get_update(before)).decode()
                    await say("update", cseq=1, update=edit)
                case {"type": "update" | "sync", "update": update}:
                    doc.apply_update(b64decode(update))
                case {"type": "ack", "seq": seq}:
                    print(f"{text}\n\nSaved: number {seq} in the document's log.")
                    return
                case {"type": "error", "detail": detail}:
                    sys.exit(detail)


try:
    asyncio.run(append(*sys.argv[1:]))
except ConnectionClosed as closed:
    sys.exit(f"The server closed the connection: {closed.rcvd}")
