"""Processes that die, and processes that are told to stop."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.base import (
    House,
    bounded,
    company,
    new_document,
    process_tree,
    reach,
    timed,
)
from tests.faults.faults import locked, manage
from tests.services import serve

# uvicorn lets requests finish for 5 s, and the hub drains for as long as appends are tried again.
STOP_SECONDS = 15.0


@pytest.mark.parametrize("seed", range(bounded(1, soak=10)))
async def test_kill_9_in_mid_typing_loses_nothing_that_was_acknowledged(house, figures, seed):
    async with company(house, new_document(house), seed=seed) as group:
        async with group.typing(acknowledged=20):
            await asyncio.to_thread(house.servers[0].kill)
            promised = group.promised
            await asyncio.to_thread(house.servers[0].start)
        text = await group.check(figures)
    await asyncio.to_thread(manage, house, "verify", group.document)
    assert all(token in text for token in promised)


@pytest.mark.parametrize("seed", range(bounded(1, soak=10)))
async def test_people_of_a_killed_process_go_on_in_another(trio, figures, seed):
    """And come back to it, while those who were with the others never left."""
    async with company(trio, new_document(trio), writers=6, seed=seed, roams=True) as group:
        async with group.typing(acknowledged=20):
            for server in trio.servers[:2]:
                await asyncio.to_thread(server.kill)
                # Its people are promised new things, by the others.
                await group.more_promised(20)
                await asyncio.to_thread(server.start)
        await group.check(figures)
    stayed = [scribe for scribe in group.scribes if scribe.connects == 1]
    assert [scribe.name for scribe in stayed] == ["c", "f"]


async def test_a_worker_killed_behind_one_port_is_replaced_and_nothing_is_lost(
    new_postgres, redis, figures
):
    with serve(database_url=new_postgres(), redis_url=redis.url, workers=2) as server:
        house = House.of_one(server)
        async with company(house, new_document(house), writers=6) as group:
            async with group.typing(acknowledged=20):
                # The parent, a resource tracker and two workers; what listens is a worker.
                worker = max(process_tree(server.pid), key=resident_pages)
                os.kill(worker, signal.SIGKILL)
                await group.until(lambda: any(scribe.closes for scribe in group.scribes))
                await group.more_promised(20)
            await group.check(figures)
        assert server.process is not None
        assert server.process.poll() is None
        house.cast.close()


def resident_pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


async def test_sigterm_in_mid_typing_closes_with_1012_and_ends_soon(house, figures):
    async with company(house, new_document(house), roams=True) as group:
        theirs = group.scribes[0 :: len(house.servers)]
        async with group.typing(acknowledged=20):
            server = house.servers[0]
            process = server.process
            assert process is not None
            with timed() as stopping:
                process.send_signal(signal.SIGTERM)
                status = await asyncio.to_thread(process.wait, STOP_SECONDS)
            server.process = None
            await asyncio.to_thread(server.start)
        await group.check(figures)
    figures.add(stop_seconds=stopping())
    assert status in {0, -signal.SIGTERM}
    assert {scribe.closes[0] for scribe in theirs} == {1012}


async def test_sigterm_while_the_database_is_locked_ends_all_the_same(house, figures):
    """What could not be written was not acknowledged: its author sends it again."""
    document = new_document(house)
    async with company(house, document) as group:
        async with group.typing(acknowledged=5):
            async with locked(house, document):
                server = house.servers[0]
                process = server.process
                assert process is not None
                process.send_signal(signal.SIGTERM)
                await asyncio.sleep(1.0)
            released = time.monotonic()
            await asyncio.to_thread(process.wait, STOP_SECONDS)
            figures.add(stop_seconds=time.monotonic() - released)
            server.process = None
            await asyncio.to_thread(server.start)
        await group.check(figures)


async def test_what_a_survivor_saw_of_another_is_kept_although_it_was_never_saved(house, figures):
    """The author's computer is gone for good; who saw the words brings them back."""
    document = new_document(house)
    same_process = [house.ws_urls[:1]] * 2
    async with company(house, document, writers=2, urls=same_process) as group:
        author, witness = group.scribes
        async with group.typing(acknowledged=5):
            pass
        await group.converge()
        async with locked(house, document):
            last_words = [author.type_token() for _ in range(5)]
            await group.until(lambda: all(word in witness.content for word in last_words))
            assert not group.promised & set(last_words)
            await asyncio.to_thread(house.servers[0].kill)
            await author.leave()
        await asyncio.to_thread(house.servers[0].start)
        await group.until(lambda: witness.is_here and witness.is_saved)
        expected = witness.content
        async with house.cast.alice.client(document, url=house.ws_urls[-1]) as newcomer:
            await reach(newcomer, expected)
    assert all(expected.count(word) == 1 for word in last_words)
    figures.add(relayed=len(last_words), lost=0)
