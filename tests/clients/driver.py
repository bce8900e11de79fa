"""Drives the published providers, which run in a Node process, from Python.

    with Harness() as harness:
        bob = await harness.connect("y-websocket3", url=..., document=..., params={"token": ...})
        await bob.insert(0, "Hello")
        await alice.until(lambda view: view.text == "Hello")

The process belongs to no event loop, so that all tests can share one.
"""

import asyncio
import itertools
import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve().parent
WAIT_SECONDS = 20.0
STOP_SECONDS = 10

Y_WEBSOCKET = ("y-websocket2", "y-websocket3")
HOCUSPOCUS = ("hocuspocus2", "hocuspocus3", "hocuspocus4")


class HarnessError(Exception):
    """A provider threw, or something awaited did not come; the message says what there was."""


@dataclass(frozen=True, slots=True)
class View:
    """What one client sees at a moment."""

    version: int
    text: str
    # By client id, one's own included.
    states: Mapping[int, Any]
    is_synced: bool
    # None where the provider does not know.
    has_unsaved: bool | None
    scope: str | None
    # In order; each has a `name` and what belongs to it.
    events: Sequence[Mapping[str, Any]]
    # When sockets were begun, in seconds; how many opened; the codes with which they were closed.
    attempts: Sequence[float]
    connects: int
    closes: Sequence[int]
    is_open: bool

    def named(self, name: str) -> list[Mapping[str, Any]]:
        """The events of that name."""
        return [event for event in self.events if event["name"] == name]

    def of(self, client: "StockClient", field: str = "user") -> Any:
        """A field of what somebody shares; None if they are not here."""
        return (self.states.get(client.id) or {}).get(field)


class Harness:
    """A Node process full of stock clients."""

    def __init__(self, *, speed: int = 1) -> None:
        """With a speed, the providers' clocks run that many times as fast as ours."""
        self._process = subprocess.Popen(
            ["node", "--import", "./clock.mjs", "harness.mjs"],
            cwd=HERE,
            env=os.environ | {"SPEED": str(speed)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What providers warn about is theirs; what they throw comes as a fault.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self.faults: list[str] = []
        self._reader = threading.Thread(target=self._read, name="stock clients", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if error is None:
            self.check()

    def close(self) -> None:
        """End the process; it goes when nobody talks to it any more."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            self._reader.join()

    def check(self) -> None:
        """HarnessError if a provider has thrown anything that nobody caught."""
        if self.faults:
            faults, self.faults = self.faults, []
            raise HarnessError("\n".join(faults))

    async def connect(
        self,
        kind: str,
        *,
        url: str,
        document: str,
        line: "StockClient | None" = None,
        **options: Any,
    ) -> "StockClient":
        """Make a provider of that kind for a document.

        Those of Hocuspocus that name the `line` of another share its socket. Options:
        `connect=False`, `clientId`; y-websocket's `params` and `protocols`; Hocuspocus's `tokens`
        (what its token function gives, in turn), `awareness=None` and `sessionAwareness`.
        """
        number = next(self._numbers)
        if line is not None:
            options["line"] = line.line
        made = await self.ask(
            "connect", client=number, kind=kind, url=url, document=document, **options
        )
        return StockClient(self, number, kind, made["id"], options.get("line", number))

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Have something done; what came of it. Commands are begun in the order they are given."""
        number = next(self._numbers)
        answer: Future[Any] = Future()
        assert self._process.stdin is not None
        with self._lock:
            self._waiting[number] = answer
            if self._process.poll() is not None:
                raise HarnessError(f"The Node process ended with {self._process.returncode}.")
            self._process.stdin.write(json.dumps({"id": number, "do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        return await asyncio.wrap_future(answer)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "fault" in message:
                self.faults.append(message["fault"])
                continue
            with self._lock:
                answer = self._waiting.pop(message["id"])
            # Whoever asked may have given up.
            if answer.set_running_or_notify_cancel():
                if "error" in message:
                    answer.set_exception(HarnessError(message["error"]))
                else:
                    answer.set_result(message["result"])
        with self._lock:
            for answer in self._waiting.values():
                if answer.set_running_or_notify_cancel():
                    answer.set_exception(HarnessError("The Node process has ended."))
            self._waiting.clear()


@dataclass(frozen=True, slots=True)
class StockClient:
    """One provider with its document and its awareness."""

    harness: Harness
    number: int
    kind: str
    # The document's client id.
    id: int
    line: int

    async def _do(self, do: str, **arguments: Any) -> Any:
        return await self.harness.ask(do, client=self.number, **arguments)

    async def insert(self, at: int, text: str) -> None:
        """Insert at a position in code points."""
        await self._do("insert", at=at, text=text)

    async def delete(self, at: int, count: int) -> None:
        await self._do("delete", at=at, count=count)

    async def share(self, state: Mapping[str, Any] | None) -> None:
        """Set one's own awareness state; None leaves."""
        await self._do("share", state=state)

    async def forge(self, client: int, state: Mapping[str, Any] | None) -> None:
        """Claim the state of any client id."""
        await self._do("forge", **{"as": client}, state=state)

    async def send_stateless(self, payload: str) -> None:
        await self._do("stateless", payload=payload)

    async def drop(self) -> None:
        """Lose the TCP connection; the provider comes back by itself."""
        await self._do("drop")

    async def cut(self) -> None:
        """Lose the TCP connection, and find no way to the server until `mend`."""
        await self._do("cut")

    async def mend(self) -> None:
        await self._do("mend")

    async def disconnect(self) -> None:
        """Leave as the provider does it."""
        await self._do("disconnect")

    async def reconnect(self) -> None:
        await self._do("reconnect")

    async def close(self) -> None:
        """Destroy the provider and the document; not an error if that is done already."""
        await self._do("close")

    async def look(self) -> View:
        return _view(await self._do("look"))

    async def changed(self, *, after: int) -> View:
        """Wait for a view with a higher version."""
        return _view(await self._do("changed", after=after))

    async def until(
        self, condition: Callable[[View], bool], *, seconds: float = WAIT_SECONDS
    ) -> View:
        """Wait until the client sees that; HarnessError with what it sees instead."""
        view = await self.look()
        try:
            async with asyncio.timeout(seconds):
                while not condition(view):
                    view = await self.changed(after=view.version)
        except TimeoutError:
            raise HarnessError(f"{self.kind}: not within {seconds:g} s: {view}") from None
        return view

    async def until_text(self, text: str) -> View:
        return await self.until(lambda view: view.text == text)

    async def until_synced(self) -> View:
        return await self.until(lambda view: view.is_synced)

    async def until_saved(self) -> View:
        """Wait until the provider knows of nothing that the server has not stored."""
        return await self.until(lambda view: view.is_synced and view.has_unsaved is False)

    async def until_event(self, name: str, *, after: int = 0, **fields: Any) -> View:
        """Wait for an event of that name and with those fields, beyond the first `after`."""
        return await self.until(
            lambda view: any(
                event["name"] == name and fields.items() <= event.items()
                for event in view.events[after:]
            )
        )


def _view(answer: Mapping[str, Any]) -> View:
    return View(
        version=answer["version"],
        text=answer["text"],
        states={int(client): state for client, state in answer["states"].items()},
        is_synced=answer["synced"],
        has_unsaved=answer["unsaved"],
        scope=answer["scope"],
        events=answer["events"],
        attempts=answer["attempts"],
        connects=answer["connects"],
        closes=answer["closes"],
        is_open=answer["open"],
    )
