"""pycrdt-websocket with its SQLite store, under uvicorn, as its documentation sets both up.

The library starts rooms without a store; its users override `get_room`, as here, and load what is
stored before they let anybody in.
"""

import asyncio
import contextlib
import os
from collections import defaultdict
from typing import Any

from pycrdt import Doc
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom


class Store(SQLiteYStore):
    db_path = os.environ["DATABASE"]


class StoringServer(WebsocketServer):
    def __init__(self) -> None:
        super().__init__()
        self._opening = defaultdict(asyncio.Lock)

    async def get_room(self, name: str) -> YRoom:
        async with self._opening[name]:
            if name not in self.rooms:
                store, doc = Store(name), Doc()
                await self._task_group.start(store.start)
                with contextlib.suppress(YDocNotFound):
                    await store.apply_updates(doc)
                self.rooms[name] = YRoom(ystore=store, ydoc=doc)
            room = self.rooms[name]
            await self.start_room(room)
            return room


server = StoringServer()
rooms = ASGIServer(server)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "lifespan":
        await rooms(scope, receive, send)
        return
    await receive()
    async with server:
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
