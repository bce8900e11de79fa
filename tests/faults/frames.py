"""A bad network one level up: it delays, says twice, swaps and loses whole frames.

A WebSocket is reliable: a frame that is lost stands for a connection that is, so whoever loses
one cuts the connection in the end. Duplicates of updates have to be harmless, and a client's
updates that arrive out of order are to be answered by a sync.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

Frame = str | bytes


@dataclass
class Weather:
    """What happens to frames in one direction; each a probability, of frames that it concerns."""

    drop: float = 0.0
    duplicate: float = 0.0
    # Held back, and sent after the one that follows.
    swap: float = 0.0
    delay_seconds: float = 0.0
    concerns: Callable[[dict[str, Any]], bool] = lambda _: True


def is_update(message: dict[str, Any]) -> bool:
    return message["type"] == "update"


@dataclass
class FrameNetwork:
    """One client's way to the server, frame by frame."""

    server_url: str
    random: Random
    up: Weather = field(default_factory=Weather)
    down: Weather = field(default_factory=Weather)
    # What happened to frames, by direction: "up drop" and so on.
    done: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _legs: set[Any] = field(default_factory=set)

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def calm(self) -> None:
        """From now on nothing happens to frames; what is lost already stays lost."""
        self.up, self.down = Weather(), Weather()

    def cut(self) -> None:
        """Break every connection, now."""
        for leg in self._legs:
            leg.transport.abort()

    async def _serve(self, client: ServerConnection) -> None:
        assert client.request is not None
        subprotocols = [client.subprotocol] if client.subprotocol else None
        try:
            server = await connect(
                self.server_url + client.request.path,
                subprotocols=subprotocols,
                compression=None,
                max_size=None,
                ping_interval=None,
            )
        except (OSError, websockets.WebSocketException):
            client.transport.abort()
            return
        legs = {client, server}
        self._legs |= legs
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pipe(client, server, "up"))
                tasks.create_task(self._pipe(server, client, "down"))
        finally:
            self._legs -= legs

    async def _pipe(self, source: Any, sink: Any, direction: str) -> None:
        held: list[Frame] = []
        with contextlib.suppress(websockets.ConnectionClosed):
            async for frame in source:
                weather: Weather = getattr(self, direction)
                for piece in self._treat(frame, weather, direction, held):
                    if weather.delay_seconds:
                        await asyncio.sleep(self.random.random() * weather.delay_seconds)
                    await sink.send(piece)
        for leg in (source, sink):
            if leg.close_code in {None, 1006} or source.close_code in {None, 1005, 1006}:
                leg.transport.abort()
        if sink.transport is not None and not sink.transport.is_closing():
            await sink.close(source.close_code, source.close_reason or "")

    def _treat(
        self, frame: Frame, weather: Weather, direction: str, held: list[Frame]
    ) -> list[Frame]:
        pieces: list[Frame] = [frame]
        if weather.concerns(json.loads(frame)):
            if self._happens(weather.drop, f"{direction} drop"):
                return []
            if self._happens(weather.duplicate, f"{direction} duplicate"):
                pieces.append(frame)
            if not held and self._happens(weather.swap, f"{direction} swap"):
                held.extend(pieces)
                return []
        pieces += held
        held.clear()
        return pieces

    def _happens(self, probability: float, what: str) -> bool:
        happens = self.random.random() < probability
        if happens:
            self.done[what] += 1
        return happens


@contextlib.asynccontextmanager
async def frame_network(server_url: str, random: Random) -> AsyncIterator[FrameNetwork]:
    """A way to the server that treats frames as badly as one likes."""
    way = FrameNetwork(server_url, random)
    async with serve(
        way._serve,
        "127.0.0.1",
        0,
        compression=None,
        max_size=None,
        ping_interval=None,
        select_subprotocol=lambda _connection, offered: offered[0] if offered else None,
    ) as listener:
        way.port = next(iter(listener.sockets)).getsockname()[1]
        try:
            yield way
        finally:
            way.cut()
