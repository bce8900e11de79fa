"""Somebody who types tokens that nobody else types, comes back whatever happens, and keeps book."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import websockets
from pycrdt import TransactionEvent

from tests.e2e.client import NOTHING, Client, ClientError

TOKEN = re.compile(r"<[^<>]*>")
CONNECT_SECONDS = 10.0
# What means "come back": everything but the 44xx codes.
LOST = (ClientError, OSError, TimeoutError, websockets.WebSocketException)


def count_tokens(text: str) -> Counter[str]:
    """How often each token is in the text."""
    return Counter(TOKEN.findall(text))


class Scribe(Client):
    """A client of the JSON wire whose every edit can be counted.

    One insertion is one token, such as `<a17é😀>`, and one transaction. Which tokens a frame
    carries is written down when it is sent, so that its acknowledgement says which are promised.
    """

    def __init__(
        self,
        urls: Sequence[str],
        document: str,
        *,
        name: str,
        random: Random,
        heard: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        """`urls` are the servers that it turns to, in turn; `heard` is called at all news."""
        super().__init__(urls[0], document, **options)
        self.name = name
        self.random = random
        self.typed: list[str] = []
        # Every token that was acknowledged at any time -> the first row that was named for it.
        self.promised: dict[str, int] = {}
        self.connects = 0
        # The codes of all connections that were lost; None where there was none.
        self.closes: list[int | None] = []
        # The code of a close that is final.
        self.refused: int | None = None
        # Behind a network that says things twice, acknowledgements come twice.
        self.takes_acks_twice = False
        self._heard = heard
        self._ways = [url + self._url.removeprefix(urls[0]) for url in urls]
        # Of frames not sent yet: the update -> the tokens in it.
        self._tokens_of: dict[bytes, Sequence[str]] = {}
        # Of this connection: cseq -> the tokens in it.
        self._carried: dict[int, Sequence[str]] = {}
        self._keeper: asyncio.Task[None] | None = None

    # ---- what it does ------------------------------------------------------------------------

    def type_token(self, *, filling: str = "") -> str:
        """Insert a new token between two others."""
        token = f"<{self.name}{len(self.typed)}é{filling}😀>"
        content = str(self.text)
        places = [0, *(match.end() for match in TOKEN.finditer(content))]
        self.typed.append(token)
        self.insert(self.random.choice(places), token)
        return token

    async def type_until(self, stop: asyncio.Event, *, pause_seconds: float) -> None:
        """Type on, connected or not."""
        while not stop.is_set():
            self.type_token()
            await asyncio.sleep(self.random.uniform(0.5, 1.5) * pause_seconds)

    def stay(self) -> None:
        """Be connected from now on: come back whenever the connection is lost."""
        self._keeper = asyncio.create_task(self._stay(), name=f"{self.name} stays")

    async def leave(self) -> None:
        """Be connected no more."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        await self.abort()

    async def _stay(self) -> None:
        while self.refused is None:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self.connect()
                self.connects += 1
                self._heard()
                while True:
                    await self.until(lambda: False, seconds=3600)
            except LOST:
                code = self.close_code
                self.closes.append(code)
                if code is not None and 4400 <= code <= 4499:
                    self.refused = code
                await self.abort()
                self._heard()
            # As browsers do: soon, not all at once, and elsewhere if there is an elsewhere.
            self._ways.append(self._ways.pop(0))
            await asyncio.sleep(self.random.uniform(0.05, 0.25))

    # ---- its book ----------------------------------------------------------------------------

    @property
    def is_here(self) -> bool:
        """Connected, and in step with the server once."""
        return self._synced and self.is_open

    @property
    def is_saved(self) -> bool:
        return self._synced and not self._unsent and len(self.promised) == len(self.typed)

    @property
    def content(self) -> str:
        return str(self.text)

    async def open(self, **options: Any) -> None:
        self._url = self._ways[0]
        self._carried = {}
        await super().open(**options)

    async def send_update(self, update: bytes) -> int:
        self._carried[self._cseq + 1] = self._tokens_of.pop(update, ())
        return await super().send_update(update)

    def _on_transaction(self, event: TransactionEvent) -> None:
        super()._on_transaction(event)
        if not self._is_applying and event.update != NOTHING and self.typed:
            self._tokens_of[event.update] = self.typed[-1:]

    def _receive_sync(self, message: dict[str, Any]) -> None:
        super()._receive_sync(message)
        if not self._synced:
            return
        if not self._unsent and len(self.promised) < len(self.typed):
            # The server has them, but is it committed? An empty update asks.
            self._unsent.append(NOTHING)
        if self._unsent:
            self._tokens_of = {self._unsent[-1]: list(self.typed)}

    def _receive_ack(self, message: dict[str, Any]) -> None:
        first, last = message.get("from_cseq", message["cseq"]), message["cseq"]
        if not self.takes_acks_twice:
            super()._receive_ack(message)
        for cseq in range(first, last + 1):
            self.acks[cseq] = message["seq"]
            for token in self._carried[cseq]:
                self.promised.setdefault(token, message["seq"])

    def _notify(self) -> None:
        super()._notify()
        self._heard()
