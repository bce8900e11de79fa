"""The subscription to the channel layer: what is wanted, whatever the layer does."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from collab.hints import Hints
from documents import bus

PATIENCE_SECONDS = 10
ONE, TWO = bus.group_of(uuid.uuid4()), bus.user_group(2)


class Layer:
    """A channel layer that can fail, or not answer."""

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0
        self.happened = asyncio.Event()

    async def new_channel(self) -> str:
        return "channel"

    async def _ask(self) -> None:
        self.asked += 1
        self.happened.set()
        await self.answers.wait()
        self.happened.set()
        if self.fails:
            raise ConnectionError("the layer is away")

    async def group_add(self, group: str, _channel: str) -> None:
        await self._ask()
        self.groups.add(group)

    async def group_discard(self, group: str, _channel: str) -> None:
        await self._ask()
        self.groups.discard(group)


@pytest.fixture
async def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr("collab.hints.bus.channel_layer", lambda: layer)
    monkeypatch.setattr("collab.hints._PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("collab.hints._SUBSCRIBE_SECONDS", 0.05)
    return layer


@pytest.fixture
async def hints(layer: Layer) -> AsyncIterator[Hints]:
    hints = Hints(origin="here", hear=lambda _: None)
    await hints.start()
    task = asyncio.create_task(hints.keep_subscribed())
    yield hints
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(layer: Layer, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            layer.happened.clear()
            await layer.happened.wait()
            await asyncio.sleep(0)


async def until_groups(layer: Layer, *groups: str) -> None:
    """Wait until the layer has just these."""
    await until(layer, lambda: layer.groups == set(groups))


async def test_subscription_stands_when_it_is_said_to(hints, layer):
    await hints.subscribe(ONE)
    assert layer.groups == {ONE}
    hints.unsubscribe(ONE)
    await until_groups(layer)


async def test_group_is_heard_until_the_last_who_wants_it_is_gone(hints, layer):
    await hints.subscribe(ONE)
    await hints.subscribe(ONE)
    hints.unsubscribe(ONE)
    await hints.subscribe(TWO)
    assert layer.groups == {ONE, TWO}
    hints.unsubscribe(ONE)
    await until_groups(layer, TWO)


async def test_layer_that_fails_or_does_not_answer_keeps_nobody_out(hints, layer):
    layer.fails = True
    await asyncio.wait_for(hints.subscribe(ONE), PATIENCE_SECONDS)
    layer.answers.clear()
    await asyncio.wait_for(hints.subscribe(TWO), PATIENCE_SECONDS)
    assert not layer.groups
    layer.fails = False
    layer.answers.set()
    await until_groups(layer, ONE, TWO)


async def test_document_that_is_wanted_again_while_it_is_given_up_is_kept(hints, layer):
    await hints.subscribe(ONE)
    layer.answers.clear()
    asked = layer.asked
    hints.unsubscribe(ONE)
    await until(layer, lambda: layer.asked > asked)
    again: Any = asyncio.create_task(hints.subscribe(ONE))
    await asyncio.sleep(0)
    layer.answers.set()
    await again
    await until_groups(layer, ONE)
