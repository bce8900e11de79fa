"""Sockets that are gone when something is said on them: what they held is let go all the same."""

import contextlib
from types import SimpleNamespace
from typing import Any, cast

from collab.consumers import HocuspocusConsumer
from collab.hub import Hub
from collab.options import Options
from collab.wire.hocuspocus import PING


class Gone(Exception):
    """What a server raises for a peer that is not there any more."""


class Attached(HocuspocusConsumer):
    """A consumer without a hub, that counts how often it lets go."""

    let_go = 0

    async def connect(self) -> None:
        self.attachments, self.is_open = {}, True
        self.hub = cast("Hub", SimpleNamespace(options=Options()))

    async def disconnect(self, code: int) -> None:
        self.let_go += 1
        await super().disconnect(code)


async def test_consumer_whose_answer_finds_nobody_lets_go_of_its_documents():
    arriving = iter(
        [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "bytes": PING},
            {"type": "websocket.disconnect", "code": 1006},
        ]
    )

    async def receive() -> Any:
        return next(arriving)

    async def send(message: Any) -> None:
        raise Gone

    consumer = Attached()
    with contextlib.suppress(Gone):
        await consumer({"type": "websocket", "subprotocols": [], "headers": []}, receive, send)
    assert consumer.let_go == 1
