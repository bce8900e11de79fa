"""The load: many clients in one process, on a core of its own, doing as little as they can.

A client types characters and counts what it receives from the others, by clocks: a frame counts
as the updates that are in it, an update that comes twice counts once, and one that never comes is
known by its absence. Frames that several clients receive alike are read once.
"""

import asyncio
import gc
import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.updates import ALPHABET, character, paste_characters, type_characters
from benchmarks.wires import Heard, Kind, Wire

CONNECT_AT_ONCE = 64
# Addresses of this machine that clients come from.
HOMES = 4
CONNECT_SECONDS = 60
DRAIN_SECONDS = 20.0
# Without a delivery for so long, a flood is taken to have lost something.
STALL_SECONDS = 5.0
MAX_FRAME_BYTES = 256 * 1024 * 1024
_CHUNK = 256
_CACHED_FRAMES = 8192


class GeneratorError(Exception):
    """A server did not let a client in, or threw it out."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a client finds its document."""

    url: str
    wire: Callable[[], Wire]
    headers: tuple[tuple[str, str], ...] = ()


class Places(Protocol):
    """What the generator has to know of a server."""

    def address(self, document: str, person: int) -> Address:
        """For the `person`th client, who may be anybody that may write."""
        ...


@dataclass(slots=True)
class Tally:
    """What happened to all clients of a fleet together."""

    sent: int = 0
    # Updates received by somebody who did not write them.
    delivered: int = 0
    # Frames with edits in them, and all bytes that came as payload.
    frames: int = 0
    received_bytes: int = 0
    acknowledged: int = 0
    # Seconds from sending to delivery, one for each delivery, while `is_timing`.
    latencies: list[float] = field(default_factory=list)
    # Seconds from sending to the acknowledgement of storage.
    ack_latencies: list[float] = field(default_factory=list)
    # Seconds by which the generator itself was late.
    lags: list[float] = field(default_factory=list)


class Client(WSListener):
    """One connection to one document."""

    def __init__(self, fleet: "Fleet", client_id: int, wire: Wire) -> None:
        self.fleet = fleet
        self.id = client_id
        self.wire = wire
        self.transport: WSTransport | None = None
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # When its first answer had arrived, and how many bytes that was.
        self.synced_at = self._arrived_at = 0.0
        self.started_at = 0.0
        self.synced_bytes = 0
        # Whether this one keeps the updates it gets, to build the document from them at the end.
        self.keep = False
        self.kept: list[bytes] = []
        self.sent = 0
        self.sent_at: list[float] = []
        self.answers = 0
        # Clocks that were jumped over.
        self.gaps = 0
        self.refusals: list[bytes] = []
        self.closed = False
        # The others on this document, and this one.
        self.peers: list[Client] = []
        self._known: dict[int, int] = {}
        # Frames made ahead of time, and which of them is next.
        self._frames: list[bytes] = []
        self._next = 0
        self._updates = 0
        self._updates_at: list[float] = []
        # How many of its updates are stored, and how many statuses said so.
        self._acked = 0
        self._statuses = 0
        self._msg_type = WSMsgType.TEXT if wire.is_text else WSMsgType.BINARY
        self._tally = fleet.tally

    # ---- the socket --------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        for frame in self.wire.greet({}):
            transport.send(self._msg_type, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 (picows names it)
        self.closed = True
        if not self.synced.done():
            self.synced.set_exception(GeneratorError(f"closed before it was synced: {self.reason}"))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            self.refusals.append(frame.get_close_message() or b"closed")
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        content = frame.get_payload_as_bytes()
        if not self.synced_at:
            # Before it is read: that is not the server's time.
            self._arrived_at = time.perf_counter()
        tally = self._tally
        tally.received_bytes += len(content)
        heard = self.fleet.cache.get(content)
        if heard is None:
            heard = self.fleet.read(self.wire, content)
        if heard.kind is Kind.EDITS:
            self._receive(heard)
        elif heard.kind is Kind.ACK:
            self._acknowledge(heard.acks)
        elif heard.kind is not Kind.OTHER:
            self._converse(heard, len(content))

    def leave(self) -> None:
        """Close the socket, without waiting for what the server has to say."""
        if self.transport is not None and not self.closed:
            self.transport.disconnect(graceful=False)

    @property
    def reason(self) -> str:
        return b"; ".join(self.refusals).decode(errors="replace") or "no reason given"

    # ---- edits -------------------------------------------------------------------------------

    def type(self, now: float) -> None:
        """Send one more character."""
        if self._next == len(self._frames):
            self._frames = self.fleet.frames_for(self, self.sent, self._updates)
            self._next = 0
        frame = self._frames[self._next]
        self._next += 1
        self._count(1, now)
        self._send(frame)

    def paste(self, count: int) -> None:
        """Send many characters as one update."""
        update = paste_characters(self.id, self.sent, count)
        self._frames.clear()
        self._next = 0
        self._count(count, time.perf_counter())
        self._send(self.wire.update(update, self._updates))

    def relay(self, update: bytes) -> None:
        """Send what somebody else has written; nothing is counted."""
        self._frames.clear()
        self._next = 0
        self._updates += 1
        self._send(self.wire.update(update, self._updates))

    def _count(self, characters: int, now: float) -> None:
        self.sent += characters
        self._updates += 1
        self._tally.sent += characters
        if self.fleet.is_timing:
            self.sent_at.extend([now] * characters)
            self._updates_at.append(now)

    def _send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(self._msg_type, frame)

    def _receive(self, heard: Heard) -> None:
        known, own, new = self._known, self.id, 0
        fleet, tally = self.fleet, self._tally
        for author, start, end in heard.clocks:
            at = known.get(author, 0)
            if end <= at or author == own:
                continue
            if start > at:
                self.gaps += start - at
                at = start
            new += end - at
            known[author] = end
            if fleet.is_timing:
                self._time(author, at, end)
        if self.keep:
            self.kept.append(heard.content)
        if new:
            tally.frames += 1
            tally.delivered += new
        if fleet.pump is not None:
            fleet.pump()

    def _time(self, author: int, start: int, end: int) -> None:
        now = time.perf_counter()
        sent_at = self.fleet.by_id[author].sent_at
        self._tally.latencies.extend([now - sent_at[clock] for clock in range(start, end)])

    def _acknowledge(self, acks: int) -> None:
        if self.wire.is_text:
            upto = acks
        else:
            # One for each message; those for the answers to step 1 came before any update's.
            self._statuses += acks
            upto = self._statuses - self.answers
        fresh = range(self._acked, upto)
        if not fresh:
            return
        self._acked = upto
        self._tally.acknowledged += len(fresh)
        if self.fleet.is_timing:
            now = time.perf_counter()
            self._tally.ack_latencies.extend([now - self._updates_at[number] for number in fresh])
        if self.fleet.on_ack is not None:
            self.fleet.on_ack(self)

    # ---- the rest ----------------------------------------------------------------------------

    def _converse(self, heard: Heard, size: int) -> None:
        match heard.kind:
            case Kind.SYNCED if self.synced.done():
                # Made good what a slow reader did not take.
                self._receive(heard)
            case Kind.SYNCED:
                for author, _, end in heard.clocks:
                    self._known[author] = max(end, self._known.get(author, 0))
                if self.keep:
                    self.kept.append(heard.content)
                self.synced_at = self._arrived_at
                self.synced_bytes = size
                self.synced.set_result(None)
            case Kind.ASKED:
                assert self.transport is not None
                for frame in self.wire.answer(heard):
                    self.answers += 1
                    self.transport.send(self._msg_type, frame)
            case _:
                self.refusals.append(heard.content)

    def missing(self) -> int:
        """How many updates of the others this one does not have."""
        return self.gaps + sum(
            max(0, other.sent - self._known.get(other.id, 0))
            for other in self.peers
            if other is not self
        )


class Fleet:
    """All the clients of one run."""

    def __init__(self, server: Places, *, seed: int = 1) -> None:
        self._server = server
        self._random = random.Random(seed)
        self.tally = Tally()
        self.clients: list[Client] = []
        self.by_id: dict[int, Client] = {}
        self.cache: dict[bytes, Heard] = {}
        # Called at every delivery, to send what may be sent now.
        self.pump: Callable[[], None] | None = None
        self.on_ack: Callable[[Client], None] | None = None
        self.is_timing = False

    # ---- for the clients ---------------------------------------------------------------------

    def read(self, wire: Wire, frame: bytes) -> Heard:
        """Read a frame, or remember what it said to somebody else."""
        if len(self.cache) > _CACHED_FRAMES:
            self.cache.clear()
        heard = self.cache[frame] = wire.read(frame)
        return heard

    def frames_for(self, client: Client, start: int, updates: int) -> list[bytes]:
        """The next frames of a client who has sent so many characters and updates."""
        return [
            client.wire.update(update, updates + number)
            for number, update in enumerate(type_characters(client.id, start, _CHUNK), 1)
        ]

    def own_updates(self, client: Client) -> list[bytes]:
        """All that a client has sent, as updates."""
        return [paste_characters(client.id, 0, client.sent)] if client.sent else []

    # ---- connecting --------------------------------------------------------------------------

    async def join(self, document: str, count: int, *, keep: bool = True) -> list[Client]:
        """Connect `count` clients more to a document, and wait until they are synced.

        With `keep`, the first of them keeps what it receives.
        """
        gate = asyncio.Semaphore(CONNECT_AT_ONCE)
        clients = [self._client(self._server.address(document, number)) for number in range(count)]
        for client, _ in clients:
            client.peers = [other for other, _ in clients]
        clients[0][0].keep = keep

        async def enter(client: Client, address: Address) -> None:
            async with gate:
                await self.connect(client, address)

        async with asyncio.timeout(CONNECT_SECONDS + count / 20):
            await asyncio.gather(*(enter(client, address) for client, address in clients))
        return [client for client, _ in clients]

    async def connect(self, client: Client, address: Address) -> None:
        """Open its socket, and wait for the first answer."""
        client.started_at = time.perf_counter()
        await ws_connect(
            lambda: client,
            address.url,
            extra_headers=list(address.headers),
            websocket_handshake_timeout=CONNECT_SECONDS,
            max_frame_size=MAX_FRAME_BYTES,
            # An address may have so many connections; a home has its own.
            local_addr=(f"127.0.0.{1 + client.id % HOMES}", 0),
        )
        await asyncio.wait_for(client.synced, CONNECT_SECONDS)

    def _client(self, address: Address) -> tuple[Client, Address]:
        # As Yjs draws them: 32 random bits.
        while (client_id := self._random.getrandbits(32)) in self.by_id:
            pass
        client = Client(self, client_id, address.wire())
        self.clients.append(client)
        self.by_id[client_id] = client
        return client, address

    async def visit(self, document: str, *, keep: bool = True, person: int = 0) -> Client:
        """A client on its own, who writes nothing: what does the server say there is?"""
        client, address = self._client(self._server.address(document, person))
        client.keep = keep
        await self.connect(client, address)
        return client

    def leave(self) -> None:
        """Close every socket."""
        for client in self.clients:
            client.leave()

    # ---- typing ------------------------------------------------------------------------------

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Within, latencies are taken; of all updates, so it has to begin before the first."""
        self.is_timing = True
        try:
            yield
        finally:
            self.is_timing = False

    def flood(self, clients: list[Client], *, in_flight: int) -> "Flood":
        """Type as fast as the window allows; see Flood."""
        return Flood(self, clients, in_flight=in_flight)

    async def pace(self, clients: list[Client], *, per_second: float, seconds: float) -> None:
        """Everybody types at their own uneven rhythm, on average `per_second` characters."""
        schedule = self._schedule(clients, period=1 / per_second, seconds=seconds)
        started = time.perf_counter()
        for due, _, client in schedule:
            wait = started + due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            now = time.perf_counter()
            self.tally.lags.append(now - started - due)
            client.type(now)
        await asyncio.sleep(max(0.0, started + seconds - time.perf_counter()))

    def _schedule(
        self, clients: list[Client], *, period: float, seconds: float
    ) -> list[tuple[float, int, Client]]:
        chance = random.Random(7)
        heap = [(chance.random() * period, number, client) for number, client in enumerate(clients)]
        heapq.heapify(heap)
        schedule = []
        while heap:
            due, number, client = heapq.heappop(heap)
            if due >= seconds:
                continue
            schedule.append((due, number, client))
            heapq.heappush(heap, (due + period * chance.uniform(0.5, 1.5), number, client))
        return schedule

    async def drain(self, *, seconds: float = DRAIN_SECONDS) -> float:
        """Wait until everybody has everything, or nothing comes any more; seconds it took."""
        started = last = time.perf_counter()
        seen = -1
        while True:
            if self.tally.delivered != seen:
                seen, last = self.tally.delivered, time.perf_counter()
                if self.missing() == 0:
                    return last - started
            now = time.perf_counter()
            if now - last > STALL_SECONDS or now - started > seconds:
                return now - started
            await asyncio.sleep(0.01)

    def missing(self) -> int:
        """Updates that somebody should have received and has not."""
        return sum(client.missing() for client in self.clients)


class Flood:
    """A bounded number of updates under way, each until all others on the document have it.

    The bound is on deliveries: `in_flight` updates times those who have yet to receive them. With
    one in flight, the next update leaves when the last of the others has the one before.
    """

    def __init__(self, fleet: Fleet, clients: list[Client], *, in_flight: int) -> None:
        self._fleet = fleet
        self._clients = itertools.cycle(clients)
        self._others = len(clients) - 1
        # Deliveries that there will have been when all that was sent has arrived.
        self._due = fleet.tally.delivered
        self._most = (in_flight - 1) * self._others

    def __enter__(self) -> "Flood":
        self._fleet.pump = self._pump
        self._pump()
        return self

    def __exit__(self, *_: object) -> None:
        self._fleet.pump = None

    def _pump(self) -> None:
        fleet = self._fleet
        while self._due - fleet.tally.delivered <= self._most:
            self._due += self._others
            next(self._clients).type(time.perf_counter() if fleet.is_timing else 0.0)


@contextmanager
def quiet() -> Iterator[None]:
    """No garbage collection while a measurement runs."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def expected_text(sent: dict[int, int]) -> dict[str, int]:
    """How often each character has to be in the text, of what each client has sent."""
    counts = dict.fromkeys(map(character, range(ALPHABET)), 0)
    for count in sent.values():
        for clock in range(ALPHABET):
            # Clocks below `count` with this one's remainder.
            counts[character(clock)] += (count - clock + ALPHABET - 1) // ALPHABET
    return counts
