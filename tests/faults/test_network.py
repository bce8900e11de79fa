"""Networks that delay, say twice, swap and lose what is said over them."""

import asyncio
from contextlib import AsyncExitStack
from random import Random

import pytest

from tests.e2e.database import read_log
from tests.e2e.proxy import network
from tests.faults.base import bounded, company, new_document
from tests.faults.frames import Weather, frame_network, is_update


async def ways_for(stack, house, *, count, seed):
    """A frame network for each of so many scribes, round the processes."""
    return [
        await stack.enter_async_context(
            frame_network(house.ws_urls[number % len(house.servers)], Random(f"{seed} {number}"))
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(bounded(1, soak=20)))
async def test_frames_that_are_said_twice_change_nothing(house, figures, seed):
    async with AsyncExitStack() as stack:
        ways = await ways_for(stack, house, count=4, seed=seed)
        urls = [[way.ws_url] for way in ways]
        group = await stack.enter_async_context(
            company(house, new_document(house), urls=urls, seed=seed)
        )
        for scribe, way in zip(group.scribes, ways, strict=True):
            scribe.takes_acks_twice = True
            way.up = Weather(duplicate=0.5, delay_seconds=0.01)
            way.down = Weather(duplicate=0.5, delay_seconds=0.01)
        async with group.typing(acknowledged=30):
            pass
        await group.check(figures)
        figures.add(duplicates=sum(way.done.total() for way in ways))
        assert not [error for scribe in group.scribes for error in scribe.errors]
        assert not any(scribe.closes for scribe in group.scribes)


@pytest.mark.parametrize("seed", range(bounded(1, soak=20)))
async def test_updates_that_arrive_in_the_wrong_order_are_asked_for(house, figures, seed):
    async with AsyncExitStack() as stack:
        ways = await ways_for(stack, house, count=4, seed=seed)
        urls = [[way.ws_url] for way in ways]
        group = await stack.enter_async_context(
            company(house, new_document(house), urls=urls, seed=seed)
        )
        for scribe, way in zip(group.scribes, ways, strict=True):
            scribe.takes_acks_twice = True
            way.up = Weather(swap=0.3, concerns=is_update)
        async with group.typing(acknowledged=20):
            pass
        for way in ways:
            way.calm()
        # Whatever is still held back goes out before it.
        for scribe in group.scribes:
            scribe.type_token()
        await group.check(figures)
        asked = sum(
            message["type"] == "sync" and "id" not in message
            for scribe in group.scribes
            for message in scribe.received
        )
        swaps = sum(way.done["up swap"] for way in ways)
        figures.add(swaps=swaps, unasked_syncs=asked)
        assert swaps > 10
        assert asked > 0
        assert not any(scribe.closes for scribe in group.scribes)


@pytest.mark.parametrize("seed", range(bounded(1, soak=20)))
async def test_updates_that_never_arrive_are_asked_for_or_sent_again(house, figures, seed):
    """Lost without a word: the next one of the same author shows it, or the next connection."""
    async with AsyncExitStack() as stack:
        ways = await ways_for(stack, house, count=4, seed=seed)
        urls = [[way.ws_url] for way in ways]
        group = await stack.enter_async_context(
            company(house, new_document(house), urls=urls, seed=seed)
        )
        for scribe, way in zip(group.scribes, ways, strict=True):
            scribe.takes_acks_twice = True
            way.up = Weather(drop=0.2, delay_seconds=0.01, concerns=is_update)
            way.down = Weather(delay_seconds=0.02)
        async with group.typing(acknowledged=20):
            pass
        for way in ways:
            way.calm()
            way.cut()
        await group.check(figures)
        drops = sum(way.done["up drop"] for way in ways)
        figures.add(drops=drops)
        assert drops > 10


@pytest.mark.parametrize("seed", range(bounded(1, soak=20)))
async def test_three_processes_and_people_whose_networks_break_all_the_time(trio, figures, seed):
    random = Random(seed)
    async with AsyncExitStack() as stack:
        ways = [
            await stack.enter_async_context(network(trio.servers[number % 3].port, random))
            for number in range(6)
        ]
        group = await stack.enter_async_context(
            company(
                trio,
                new_document(trio),
                writers=6,
                seed=seed,
                urls=[[way.ws_url, ways[(n + 1) % 6].ws_url] for n, way in enumerate(ways)],
            )
        )
        async with group.typing(acknowledged=5):
            for _ in range(bounded(30, soak=1000)):
                way = random.choice(ways)
                way.delay_seconds = random.choice([0.0, 0.01, 0.05])
                if random.random() < 0.5:
                    way.cut()
                await asyncio.sleep(0.1)
            for way in ways:
                way.delay_seconds = 0.0
        await group.check(figures)
        assert sum(scribe.connects for scribe in group.scribes) > 6


async def test_what_was_said_before_is_said_again_and_changes_nothing(house, figures):
    """Every row of the log, sent again by everybody, in order, out of order, and all at once."""
    document = new_document(house)
    async with company(house, document, writers=3) as group:
        async with group.typing(acknowledged=20):
            pass
        await group.converge()
        rows = await asyncio.to_thread(read_log, house.database_url, document)
        again = [row.payload for row in rows]
        said = 0
        for number, scribe in enumerate(group.scribes):
            order = list(again)
            if number:
                scribe.random.shuffle(order)
            for update in [*order, scribe.doc.get_update()]:
                await scribe.send_update(update)
                said += 1
        await group.until(lambda: all(len(s.acks) == s.cseq for s in group.scribes))
        after = await asyncio.to_thread(read_log, house.database_url, document)
        await group.check(figures)
        figures.add(replayed=said, new_rows=len(after) - len(rows))
        assert len(after) == len(rows)
        assert not [error for scribe in group.scribes for error in scribe.errors]
