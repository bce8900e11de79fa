"""A small reverse proxy, for machines without Caddy: the least busy process gets the connection.

    python -m tests.e2e.balancer PORT UPSTREAM_PORT ...

One request a connection. Like Caddy it says who the client is, believes no client that says so
itself, and goes to the next process when one takes no connection.
"""

import asyncio
import contextlib
import sys
from collections import Counter

_FORWARDED = (b"x-forwarded-for:", b"x-forwarded-proto:", b"connection: keep-alive")
_TRY_SECONDS = 10.0


class Balancer:
    """Connections to a few ports of this machine."""

    def __init__(self, upstreams: list[int]) -> None:
        self._upstreams = upstreams
        self._busy: Counter[int] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            client = writer.get_extra_info("peername")[0]
            port, upstream_reader, upstream_writer = await self._connect()
        except (asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
            return
        self._busy[port] += 1
        try:
            upstream_writer.write(_say_who(head, client))
            await asyncio.gather(
                _pipe(reader, upstream_writer), _pipe(upstream_reader, writer, last=True)
            )
        finally:
            self._busy[port] -= 1
            upstream_writer.transport.abort()
            writer.transport.abort()

    async def _connect(self) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(_TRY_SECONDS):
            while True:
                for port in sorted(self._upstreams, key=lambda port: self._busy[port]):
                    with contextlib.suppress(OSError):
                        return port, *await asyncio.open_connection("127.0.0.1", port)
                await asyncio.sleep(0.05)


def _say_who(head: bytes, client: str) -> bytes:
    request, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    headers = [header for header in headers if not header.lower().startswith(_FORWARDED)]
    if not any(header.lower().startswith(b"upgrade:") for header in headers):
        headers.append(b"Connection: close")
    who = [f"X-Forwarded-For: {client}".encode(), b"X-Forwarded-Proto: http"]
    return b"\r\n".join([request, *headers, *who, b"", b""])


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, last: bool = False
) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        if last:
            # The server has said all: the client hears the end of it.
            writer.close()
            await writer.wait_closed()
        else:
            writer.write_eof()


async def main(port: int, upstreams: list[int]) -> None:
    listener = await asyncio.start_server(Balancer(upstreams).serve, "127.0.0.1", port)
    async with listener:
        await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), [int(argument) for argument in sys.argv[2:]]))
