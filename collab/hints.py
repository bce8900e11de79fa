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
_SUBSCRIBE_SECONDS = 1.0


class Hints:
    """Hears the groups of the open documents, and tells them what happened here."""

    def __init__(self, *, origin: str, hear: Callable[[bus.Hint], None]) -> None:
        self._origin = origin
        self._hear = hear
        self._layer = bus.channel_layer()
        # With the in-memory layer there is nobody else to tell, or to hear of.
        self.shared = not isinstance(self._layer, InMemoryChannelLayer)
        self._channel = ""
        # The documents to hear of, with whether that is so; and what the layer was asked for.
        self._wanted: dict[uuid.UUID, asyncio.Event] = {}
        self._subscribed: set[uuid.UUID] = set()
        self._changed = asyncio.Event()
        self._outgoing: asyncio.Queue[bus.Hint] = asyncio.Queue(_WAITING_AT_MOST)

    async def start(self) -> None:
        """Take a channel; `listen`, `keep_subscribed` and `publish_queued` are to be run then."""
        self._channel = await self._layer.new_channel()

    async def subscribe(self, document_id: uuid.UUID) -> None:
        """Hear of a document.

        Returns when that is so, or when it takes too long: an open document can do without hints,
        the poll makes good what is missed, and it is subscribed to when the layer is back.
        """
        ready = self._wanted.setdefault(document_id, asyncio.Event())
        self._changed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SUBSCRIBE_SECONDS):
                await ready.wait()

    def unsubscribe(self, document_id: uuid.UUID) -> None:
        """Hear no more of it, before long."""
        self._wanted.pop(document_id, None)
        self._changed.set()

    async def keep_subscribed(self) -> None:
        """Make the layer's subscriptions what is wanted, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._reconcile()
            except Exception:
                logger.warning("The channel layer takes no subscription", exc_info=True)
                await asyncio.sleep(_PAUSE_SECONDS)
                self._changed.set()

    async def _reconcile(self) -> None:
        for document_id in self._wanted.keys() - self._subscribed:
            await self._layer.group_add(bus.group_of(document_id), self._channel)
            self._subscribed.add(document_id)
        for document_id in self._subscribed - self._wanted.keys():
            # Whatever comes of it, the layer may have forgotten it: if wanted, it is asked again.
            self._subscribed.discard(document_id)
            await self._layer.group_discard(bus.group_of(document_id), self._channel)
        for document_id, ready in self._wanted.items():
            if document_id in self._subscribed:
                ready.set()
            else:
                # Wanted again while it was taken back.
                self._changed.set()

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
