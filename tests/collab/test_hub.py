"""The hub's end: it comes, whatever the tasks and the layer do."""

import asyncio

import pytest

from collab.hub import current_hub, drain_hub
from tests.collab.conftest import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


async def test_task_that_swallows_a_cancellation_does_not_hold_up_the_end(transactional_db):
    hub = await current_hub()
    began, cancelled = asyncio.Event(), 0

    async def swallow() -> None:
        nonlocal cancelled
        while cancelled < 2:
            began.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    hub.spawn(swallow(), name="swallows")
    await began.wait()
    await asyncio.wait_for(drain_hub(), PATIENCE_SECONDS)
    assert cancelled == 2


async def test_hub_of_a_loop_is_one_until_it_is_drained(transactional_db):
    first, second = await asyncio.gather(current_hub(), current_hub())
    assert first is second
    await drain_hub()
    third = await current_hub()
    assert third is not first
    await drain_hub()
    await drain_hub()
