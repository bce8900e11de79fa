"""Redis is a hint: it dies, forgets and falls asleep, and nobody notices."""

import asyncio

import pytest
import redis as redis_client

from tests.faults.base import (
    CONVERGENCE_SECONDS,
    SLACK,
    bounded,
    company,
    new_document,
    timed,
)
from tests.faults.faults import paused


async def test_redis_killed_and_restarted_in_mid_sentence_is_not_noticed(trio, figures):
    async with company(trio, new_document(trio), writers=6) as group:
        async with group.typing(acknowledged=20):
            trio.redis.process.kill()
            await asyncio.to_thread(trio.redis.process.wait, 10)
            # Acknowledged as ever: Redis has no part in it.
            await group.more_promised(20)
            await asyncio.to_thread(trio.redis.start)
        await group.check(figures)
    assert not any(scribe.closes for scribe in group.scribes)


async def test_processes_without_redis_agree_by_looking_at_the_log(trio, figures):
    async with company(trio, new_document(trio), writers=6) as group:
        async with group.typing(acknowledged=10):
            await asyncio.to_thread(trio.redis.stop)
            await group.more_promised(20)
        seconds = await group.converge()
        await asyncio.to_thread(trio.redis.start)
        await group.check(figures, within_seconds=60)
        figures.add(without_redis_seconds=seconds)
    assert seconds < CONVERGENCE_SECONDS * SLACK


async def test_hints_are_heard_again_after_redis_was_restarted(trio, figures):
    """By the hint, in milliseconds, not by the poll: those who listened do so again."""
    async with company(trio, new_document(trio), writers=3) as group:
        async with group.typing(acknowledged=5):
            await asyncio.to_thread(trio.redis.restart)
        await group.converge()
        await soon_heard(group, figures)


async def test_a_flushed_redis_is_not_noticed(trio, figures):
    async with company(trio, new_document(trio), writers=6) as group:
        async with group.typing(acknowledged=20):
            with redis_client.Redis.from_url(trio.redis.url) as client:
                client.flushall()
            await group.more_promised(20)
        await group.check(figures)
        await soon_heard(group, figures)
    assert not any(scribe.closes for scribe in group.scribes)


async def soon_heard(group, figures) -> None:
    """One edit in each process is everywhere, at best long before the next poll of 2 s."""
    fastest = 60.0
    # Once may be lost, and healed by the poll; not all the time.
    for _ in range(6):
        token = group.scribes[0].type_token()
        group.quiet_since = asyncio.get_running_loop().time()
        await group.until(lambda t=token: all(t in scribe.content for scribe in group.scribes))
        fastest = min(fastest, asyncio.get_running_loop().time() - group.quiet_since)
    figures.add(heard_seconds=fastest)
    assert fastest < 0.5


async def test_a_redis_that_is_paused_holds_nobody_up(trio, figures):
    async with company(trio, new_document(trio), writers=6) as group:
        async with group.typing(acknowledged=20, pause_seconds=bounded(0.02, soak=0.1)):
            with paused(trio.redis.process):
                pause = asyncio.create_task(asyncio.sleep(bounded(5.0, soak=30.0)))
                await group.more_promised(20, seconds=4.0)
                await pause
        await group.check(figures)
    assert not any(scribe.closes for scribe in group.scribes)


async def test_a_redis_that_is_paused_holds_up_no_request(trio, figures):
    """Who edits over REST is answered, and heard by the poll at the latest."""
    document = new_document(trio)
    edits = bounded(10, soak=100)
    async with company(trio, document, writers=3) as group:
        with paused(trio.redis.process):
            waits = []
            for number in range(edits):
                ops = [{"insert": f"<rest {number} é😀>", "at": 0}]
                with timed() as answering:
                    await asyncio.to_thread(
                        trio.cast.bob.call,
                        "POST",
                        f"/documents/{document}/edits/",
                        json={"ops": ops},
                    )
                waits.append(answering())
            await group.until(
                lambda: all(f"<rest {edits - 1} " in scribe.content for scribe in group.scribes),
                seconds=5,
            )
        assert all(scribe.content.count("<rest") == edits for scribe in group.scribes)
    worst, median = max(waits), sorted(waits)[edits // 2]
    figures.add(tried=edits, lost=0, worst_seconds=worst, median_seconds=median)
    assert worst < 2.0


@pytest.mark.parametrize("fault", ["dead", "paused"])
async def test_a_document_opened_while_redis_is_away_is_open_when_it_is_back(trio, figures, fault):
    """At once, or after a "try again later": never blank, and never with a final code."""
    document = new_document(trio)
    async with company(trio, document, writers=2) as group:
        async with group.typing(acknowledged=5):
            pass
        await group.converge()
    scribes = group.scribes
    # Closed everywhere: the next who come have to open it.
    for server in trio.servers[:2]:
        await asyncio.to_thread(server.restart)
    if fault == "dead":
        await asyncio.to_thread(trio.redis.stop)
        for scribe in scribes:
            scribe.stay()
        await asyncio.sleep(1.0)
        await asyncio.to_thread(trio.redis.start)
    else:
        with paused(trio.redis.process):
            for scribe in scribes:
                scribe.stay()
            await asyncio.sleep(2.0)
    group.quiet_since = asyncio.get_running_loop().time()
    try:
        await group.all_here()
        await group.check(figures)
    finally:
        for scribe in scribes:
            await scribe.leave()
    assert all(scribe.refused is None for scribe in scribes)
