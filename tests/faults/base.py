"""The check at the end of every scenario: nothing promised is lost, nothing doubled, all agree.

async with company(house, document, writers=4) as group:
    async with group.typing(acknowledged=20):
        house.servers[0].kill()
        house.servers[0].start()
    await group.check(figures)
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from pycrdt import Doc, Text

from tests.e2e.client import Client, ClientError
from tests.e2e.database import Row, read_log, replay
from tests.e2e.people import Cast, Person
from tests.e2e.traces import read_state_vector
from tests.faults.scribe import Scribe, count_tokens
from tests.services import Postgres, Redis, Server

# Full durations and many rounds; else the form that every `make test` can afford.
SOAK = os.environ.get("SOAK", "") not in {"", "0"}
# What is promised: so soon after a fault's end everybody has everything.
CONVERGENCE_SECONDS = 3.0
# The machines that run this are shared, and small.
SLACK = 2.0
# So often nobody is told to try again later when the fault is over.
MANY = 20
SCENARIO_SECONDS = 900 if SOAK else 120

T = TypeVar("T", int, float)


def bounded(short: T, *, soak: T) -> T:
    """How long, or how many: in `make test`, and in `make soak`."""
    return soak if SOAK else short


# ---- where it happens ------------------------------------------------------------------------


@dataclass
class House:
    """Processes of the product that share one database, and the people who use them."""

    servers: list[Server]
    cast: Cast
    redis: Redis | None = None
    postgres: Postgres | None = None

    @classmethod
    def of_one(cls, server: Server) -> "House":
        """A server of the test's own, with new people on it."""
        return cls([server], Cast.on(server))

    @property
    def database_url(self) -> str:
        return self.servers[0].database_url

    @property
    def ws_urls(self) -> list[str]:
        return [server.ws_url for server in self.servers]

    def repair(self) -> None:
        """Start again whatever a scenario has left dead."""
        for service in (self.redis, self.postgres, *self.servers):
            if service is not None and (
                service.process is None or service.process.poll() is not None
            ):
                service.process = None
                service.start()


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    """Seconds since the beginning of the block; the whole of it once it has ended."""
    started = time.monotonic()
    ended: list[float] = []
    yield lambda: (ended[0] if ended else time.monotonic()) - started
    ended.append(time.monotonic())


# ---- what is reported ------------------------------------------------------------------------


@dataclass
class Figures:
    """What a scenario measured; printed at the end of the run."""

    record: Callable[[str, object], None]

    def add(self, **values: float | str) -> None:
        for name, value in values.items():
            self.record(name, round(value, 3) if isinstance(value, float) else value)


# ---- who is there ----------------------------------------------------------------------------


def know(doc: Doc[Any]) -> dict[int, int]:
    """A document's state vector: client id -> clock."""
    return read_state_vector(doc.get_state())


@dataclass
class Company:
    """Scribes in one document."""

    house: House
    document: str
    scribes: list[Scribe]
    changed: asyncio.Event
    # When the fault was over, and nobody typed any more.
    quiet_since: float = field(default_factory=time.monotonic)

    async def until(
        self, condition: Callable[[], bool], *, seconds: float = 30.0, what: str = ""
    ) -> None:
        """Wait for news of any of them until the condition holds."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self.changed.clear()
                    if condition():
                        return
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{what or 'it'}: not within {seconds:g} s; {self}") from None

    def __str__(self) -> str:
        return "; ".join(
            f"{scribe.name}: {'here' if scribe.is_here else 'away'}, {scribe.connects} connects,"
            f" {len(scribe.promised)} of {len(scribe.typed)} promised,"
            f" {sum(scribe_tokens(scribe).values())} seen, refused {scribe.refused},"
            f" errors {scribe.errors[-2:]}"
            for scribe in self.scribes
        )

    async def all_here(self, *, seconds: float = 30.0) -> None:
        await self.until(
            lambda: all(scribe.is_here for scribe in self.scribes),
            seconds=seconds,
            what="everybody is here",
        )

    async def more_promised(self, count: int, *, seconds: float = 30.0) -> None:
        """Wait until each has so many more acknowledgements."""
        goals = {scribe.name: len(scribe.promised) + count for scribe in self.scribes}
        await self.until(
            lambda: all(len(scribe.promised) >= goals[scribe.name] for scribe in self.scribes),
            seconds=seconds,
            what=f"{count} more acknowledgements each",
        )

    @asynccontextmanager
    async def typing(
        self, *, acknowledged: int = 10, pause_seconds: float = 0.02
    ) -> AsyncIterator[None]:
        """Everybody types; the block begins when each has been promised so many, and they go on."""
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(scribe.type_until(stop, pause_seconds=pause_seconds))
            for scribe in self.scribes
        ]
        try:
            await self.more_promised(acknowledged)
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            self.quiet_since = time.monotonic()

    @property
    def tried(self) -> set[str]:
        return {token for scribe in self.scribes for token in scribe.typed}

    @property
    def promised(self) -> set[str]:
        return {token for scribe in self.scribes for token in scribe.promised}

    def agrees(self) -> bool:
        """Whether all are here, all is saved, and all have the same."""
        if not all(scribe.is_here and scribe.is_saved for scribe in self.scribes):
            return False
        first, *rest = self.scribes
        if any(know(first.doc) != know(scribe.doc) for scribe in rest):
            return False
        # A deletion changes no state vector, so the words are compared as well.
        return all(first.content == scribe.content for scribe in rest)

    async def converge(self, *, seconds: float = 30.0) -> float:
        """Wait until all agree; how long after the fault that was."""
        await self.until(self.agrees, seconds=seconds, what="everybody agrees")
        return time.monotonic() - self.quiet_since

    async def check(
        self,
        figures: Figures,
        *,
        within_seconds: float = CONVERGENCE_SECONDS,
        patience_seconds: float = 30.0,
        deleted: Sequence[str] = (),
    ) -> str:
        """The base check; the text that all agree on.

        `deleted` are tokens that somebody took away on purpose.
        """
        promised_in_fault = len(self.promised)
        seconds = await self.converge(seconds=patience_seconds)
        text = self.scribes[0].content
        found = count_tokens(text)
        expected = self.tried - set(deleted)
        lost = (self.promised - set(deleted)) - set(found)
        doubled = {token for token, count in found.items() if count > 1}
        figures.add(
            tried=len(self.tried),
            acknowledged_by_fault_end=promised_in_fault,
            acknowledged=len(self.promised),
            lost=len(lost),
            doubled=len(doubled),
            reconnects=sum(scribe.connects - 1 for scribe in self.scribes),
            convergence_seconds=seconds,
        )
        assert not lost, f"acknowledged, and lost: {sorted(lost)}"
        assert not doubled, f"twice: {sorted(doubled)}"
        assert found == Counter(expected), f"{sorted(expected ^ set(found))}"
        await self._check_others(text, figures)
        assert seconds < within_seconds * SLACK, f"converged after {seconds:.2f} s"
        return text

    async def _check_others(self, text: str, figures: Figures) -> None:
        """A newcomer to each process, REST, and the log alone: all have what the scribes have."""
        expected = know(self.scribes[0].doc)
        alice = self.house.cast.alice
        sent_away = 0
        for server in self.house.servers:
            newcomer = alice.client(self.document, url=server.ws_url)
            sent_away += await enter(newcomer)
            assert str(newcomer.text) == text
            assert know(newcomer.doc) == expected
            await newcomer.close()
        path = f"/documents/{self.document}/content/"
        while (answer := await asyncio.to_thread(alice.http.get, path)).is_server_error:
            sent_away += 1
            assert sent_away < MANY, f"REST: {answer.status_code}, again and again"
        assert answer.json()["text"] == text
        if sent_away:
            # Each time "try again later", and each time rightly so?
            figures.add(sent_away_after_the_fault=sent_away)
        rows = await asyncio.to_thread(read_log, self.house.database_url, self.document)
        from_log = replay(rows)
        assert know(from_log) == expected
        assert str(from_log.get("content", type=Text)) == text
        self._check_rows(rows)

    def _check_rows(self, rows: Sequence[Row]) -> None:
        """An acknowledgement names a row of the log: with it, the token is there."""
        named = [item for scribe in self.scribes for item in scribe.promised.items() if item[1]]
        # Looking for all would take the square of their number.
        sample = Random(len(named)).sample(named, min(len(named), 200))
        by_row: dict[int, list[str]] = {}
        for token, seq in sample:
            by_row.setdefault(seq, []).append(token)
        doc: Doc[Any] = Doc()
        text = doc.get("content", type=Text)
        for row in rows:
            doc.apply_update(row.payload)
            if row.seq in by_row:
                content = str(text)
                missing = [token for token in by_row.pop(row.seq) if token not in content]
                assert not missing, f"acknowledged as in row {row.seq}, and not there: {missing}"
        assert not by_row, f"acknowledgements named rows that are not there: {by_row}"


async def enter(client: Client) -> int:
    """Connect as a client does, again after a "try again later"; how often it was sent away."""
    sent_away = 0
    while True:
        try:
            await client.connect()
        except ClientError:
            sent_away += 1
            if client.close_code not in {1012, 1013} or sent_away == MANY:
                raise
            await client.abort()
        else:
            return sent_away


def scribe_tokens(scribe: Scribe) -> Counter[str]:
    return count_tokens(scribe.content)


@asynccontextmanager
async def company(
    house: House,
    document: str,
    *,
    writers: int = 4,
    seed: int = 1,
    urls: Sequence[Sequence[str]] = (),
    roams: bool = False,
) -> AsyncIterator[Company]:
    """alice and bob, several times over, spread over the processes of the house; all connected.

    `urls` sends each another way. Who roams turns to the next process when one is lost.
    """
    changed = asyncio.Event()
    people: list[Person] = [house.cast.alice, house.cast.bob]
    scribes = []
    for number in range(writers):
        turn = number % len(house.servers)
        own = [*house.ws_urls[turn:], *house.ws_urls[:turn]]
        ways = urls[number] if urls else own if roams else own[:1]
        scribes.append(
            Scribe(
                ways,
                document,
                name=f"{'abcdefghijklmnopqrstuvwxyz'[number]}",
                random=Random(f"{seed} {number}"),
                heard=changed.set,
                token=people[number % len(people)].token,
            )
        )
    group = Company(house, document, scribes, changed)
    async with AsyncExitStack() as stack:
        for scribe in scribes:
            stack.push_async_callback(scribe.leave)
        await stack.enter_async_context(asyncio.timeout(SCENARIO_SECONDS))
        for scribe in scribes:
            scribe.stay()
        await group.all_here()
        yield group


async def reach(client: Client, expected: str, *, seconds: float = 30.0) -> None:
    """Wait until a client's text is this."""
    await client.until(lambda: str(client.text) == expected, seconds=seconds)


def new_document(house: House) -> str:
    """One of alice's, which bob may edit."""
    return house.cast.alice.create(bob="editor")


def process_tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
            found += [int(child) for child in children.split()]
    return found


def memory_bytes(server: Server) -> int:
    """Resident memory of a server, with all its processes."""
    page = os.sysconf("SC_PAGE_SIZE")
    return page * sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in process_tree(server.pid)
    )
