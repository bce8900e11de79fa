"""The process's one subscription to the channel layer: hints in, hints out, both lossy."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from typing import cast

from channels.layers import InMemoryChannelLayer

from documents import bus

logger = logging.getLogger(__name__)

_WAITING_AT_MOST = 1000
_PAUSE_SECONDS = 0.5
_SUBSCRIBE_SECONDS = 1.0


class Hints:
    """Hears the groups that somebody here wants to hear, and tells others what happened here."""

    def __init__(self, *, origin: str, hear: Callable[[bus.Hint], None]) -> None:
        self._origin = origin
        self._hear = hear
        self._layer = bus.channel_layer()
        # With the in-memory layer there is nobody else to tell, or to hear of.
        self.shared = not isinstance(self._layer, InMemoryChannelLayer)
        self._channel = ""
        # The groups to hear, with whether that is so, and how many want it; and what the layer was
        # asked for.
        self._wanted: dict[str, asyncio.Event] = {}
        self._wanting: Counter[str] = Counter()
        self._subscribed: set[str] = set()
        self._changed = asyncio.Event()
        self._outgoing: asyncio.Queue[bus.Hint] = asyncio.Queue(_WAITING_AT_MOST)

    async def start(self) -> None:
        """Take a channel; `listen`, `keep_subscribed` and `publish_queued` are to be run then."""
        self._channel = await self._layer.new_channel()

    async def subscribe(self, group: str) -> None:
        """Hear a group; each call wants an `unsubscribe`, even one that is cancelled.

        Returns when that is so, or when it takes too long: an open document can do without hints,
        the poll makes good what is missed, and it is subscribed to when the layer is back.
        """
        self._wanting[group] += 1
        ready = self._wanted.setdefault(group, asyncio.Event())
        self._changed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SUBSCRIBE_SECONDS):
                await ready.wait()

    def unsubscribe(self, group: str) -> None:
        """One less wants to hear it; with the last it is heard no more, before long."""
        self._wanting[group] -= 1
        if self._wanting[group] <= 0:
            del self._wanting[group]
            self._wanted.pop(group, None)
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
        for group in self._wanted.keys() - self._subscribed:
            await self._layer.group_add(group, self._channel)
            self._subscribed.add(group)
        for group in self._subscribed - self._wanted.keys():
            # Whatever comes of it, the layer may have forgotten it: if wanted, it is asked again.
            self._subscribed.discard(group)
            await self._layer.group_discard(group, self._channel)
        for group, ready in self._wanted.items():
            if group in self._subscribed:
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
