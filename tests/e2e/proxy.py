"""A bad network between a client and the server: it delays, and it breaks in mid-frame."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random

CHUNK_BYTES = 4096


@dataclass
class Network:
    """One client's way to the server."""

    server_port: int
    random: Random
    # The longest that a piece of the stream is held back, in each direction.
    delay_seconds: float = 0.0
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _pipes: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection, now; what is under way is lost, frames are torn."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(server[1])
        for source, sink in ((reader, server[1]), (server[0], writer)):
            task = asyncio.create_task(self._pipe(source, sink))
            self._pipes.add(task)
            task.add_done_callback(self._pipes.discard)

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(CHUNK_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(self.random.random() * self.delay_seconds)
                sink.write(piece)
                await sink.drain()
        sink.close()


@contextlib.asynccontextmanager
async def network(server_port: int, random: Random) -> AsyncIterator[Network]:
    """A way to the server that can be made as bad as one likes."""
    way = Network(server_port, random)
    listener = await asyncio.start_server(way._serve, "127.0.0.1", 0)
    way.port = listener.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        listener.close()
        way.cut()
        await asyncio.gather(*way._pipes, return_exceptions=True)
