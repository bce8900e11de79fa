"""Everything that can fail fails, two at a time, for as long as one likes."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from random import Random

import pytest
import redis as redis_client

from tests.e2e.proxy import Network, network
from tests.faults.base import House, bounded, company, new_document
from tests.faults.faults import locked, manage, paused


class Chaos:
    """Does harm at random, and always undoes it."""

    def __init__(self, house: House, document: str, ways: list[Network], random: Random) -> None:
        self.house = house
        self.document = document
        self.ways = ways
        self.random = random
        self.done: Counter[str] = Counter()
        # A process that starts while there is no database gives up, and its supervisor tries again:
        # we are no supervisor.
        self._starting = asyncio.Lock()
        self._redis = asyncio.Lock()

    async def strike(self) -> None:
        fault = self.random.choice(
            [
                self.kill_process,
                self.stop_process,
                self.restart_postgres,
                self.restart_redis,
                self.flush_redis,
                self.pause_redis,
                self.lock_document,
                self.cut_networks,
                self.slow_networks,
            ]
        )
        self.done[fault.__name__] += 1
        await fault()

    async def kill_process(self) -> None:
        async with self._starting:
            server = self.random.choice(self.house.servers)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

    async def stop_process(self) -> None:
        async with self._starting:
            await asyncio.to_thread(self.random.choice(self.house.servers).restart)

    async def restart_postgres(self) -> None:
        async with self._starting:
            sig = self.random.choice([signal.SIGINT, signal.SIGQUIT])
            await asyncio.to_thread(self.house.postgres.stop, sig=sig)
            await asyncio.sleep(self.random.random())
            await asyncio.to_thread(self.house.postgres.start)

    async def restart_redis(self) -> None:
        async with self._redis, self._starting:
            await asyncio.to_thread(self.house.redis.stop)
            await asyncio.sleep(self.random.random())
            await asyncio.to_thread(self.house.redis.start)

    async def flush_redis(self) -> None:
        async with self._redis:
            with redis_client.Redis.from_url(self.house.redis.url) as client:
                client.flushall()

    async def pause_redis(self) -> None:
        async with self._redis, self._starting:
            with paused(self.house.redis.process):
                await asyncio.sleep(self.random.random())

    async def lock_document(self) -> None:
        async with self._starting, locked(self.house, self.document):
            await asyncio.sleep(self.random.random())

    async def cut_networks(self) -> None:
        for way in self.ways:
            if self.random.random() < 0.5:
                way.cut()

    async def slow_networks(self) -> None:
        for way in self.ways:
            way.delay_seconds = self.random.choice([0.0, 0.0, 0.01, 0.05])


@pytest.mark.parametrize("seed", range(bounded(1, soak=5)))
async def test_whatever_fails_nothing_that_was_acknowledged_is_lost(trio, figures, seed):
    random = Random(seed)
    document = new_document(trio)
    async with AsyncExitStack() as stack:
        ways = [
            await stack.enter_async_context(network(trio.servers[number % 3].port, random))
            for number in range(6)
        ]
        urls = [[way.ws_url, ways[(n + 1) % 6].ws_url] for n, way in enumerate(ways)]
        group = await stack.enter_async_context(
            company(trio, document, writers=6, seed=seed, urls=urls)
        )
        chaos = Chaos(trio, document, ways, random)
        async with group.typing(acknowledged=5, pause_seconds=bounded(0.03, soak=0.2)):
            until = time.monotonic() + bounded(15.0, soak=600.0)
            while time.monotonic() < until:
                await asyncio.gather(chaos.strike(), chaos.strike())
            for way in ways:
                way.delay_seconds = 0.0
        await group.check(figures)
    await asyncio.to_thread(manage, trio, "verify", document)
    figures.add(faults=chaos.done.total(), **{k: float(v) for k, v in chaos.done.items()})
