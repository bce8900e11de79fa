"""The process's one subscription to the channel layer: hints in, hints out, both lossy."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from typing import cast

from channels.layers import InMemoryChannelLayer

from documents import bus

logger = logging.getLogger(__name__)

_WAITING_AT_MOST = 1000
_PAUSE_SECONDS = 0.5


class Hints:
    """Hears the groups of the open documents, and tells them what happened here."""

    def __init__(self, *, origin: str, hear: Callable[[bus.Hint], None]) -> None:
        self._origin = origin
        self._hear = hear
        self._layer = bus.channel_layer()
        # With the in-memory layer there is nobody else to tell, or to hear of.
        self.shared = not isinstance(self._layer, InMemoryChannelLayer)
        self._channel = ""
        self._outgoing: asyncio.Queue[bus.Hint] = asyncio.Queue(_WAITING_AT_MOST)

    async def start(self) -> None:
        """Take a channel; `listen` and `publish_queued` are to be run from then on."""
        self._channel = await self._layer.new_channel()

    async def subscribe(self, document_id: uuid.UUID) -> None:
        """Hear of a document."""
        await self._layer.group_add(bus.group_of(document_id), self._channel)

    async def unsubscribe(self, document_id: uuid.UUID) -> None:
        """Hear no more of it."""
        await self._layer.group_discard(bus.group_of(document_id), self._channel)

    def publish(self, hint: bus.Hint) -> None:
        """Tell the other processes, if there are any; dropped when the layer does not keep up."""
        if self.shared:
            with contextlib.suppress(asyncio.QueueFull):
                self._outgoing.put_nowait(hint)

    async def publish_queued(self) -> None:
        """Send what was published, for ever."""
        while True:
            await bus.send(await self._outgoing.get())

    async def listen(self) -> None:
        """Hand on what others say, for ever."""
        while True:
            try:
                hint = cast("bus.Hint", await self._layer.receive(self._channel))
            except Exception:
                # Redis went away. What is missed meanwhile, the poll makes good.
                logger.warning("The channel layer cannot be heard", exc_info=True)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            try:
                if hint["origin"] != self._origin:
                    self._hear(hint)
            except Exception:
                logger.exception("A hint could not be used: %r", hint)
