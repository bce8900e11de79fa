"""A room with people in it; its journal and its log are imitated."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

from pycrdt import Text

from collab.journal import Append
from collab.options import Options
from collab.outbox import Outbox
from collab.rooms import Room
from collab.sessions import Session, Transport
from collab.wire.messages import (
    Close,
    Edit,
    Person,
    ServerMessage,
    SyncRequest,
)
from documents.log import State
from documents.marks import Mark
from documents.roles import Role

A, B, C = (bytes.fromhex(f"01010{n}0004010174016{n}00") for n in (1, 2, 3))
AFTER_A = bytes.fromhex("01010101840100016200")
DELETE_A = bytes.fromhex("000101010001")
OTHER_A = bytes.fromhex("0101010004010174017a00")
# Two blocks that wait for each other: they pass the gate, and show in the Doc.
POISON = bytes.fromhex("02" + "010800" + "8409000161" + "010900" + "8408000162" + "00")


class FakeJournal:
    """Records what is appended, and commits when it is told to."""

    def __init__(self, log: list[bytes]) -> None:
        self.log = log
        self.waiting: list[tuple[Any, Append]] = []
        self.flushed = 0
        self.heard: list[bytes] = []

    def append(self, room: Any, append: Append) -> None:
        if append.payload is None and not self.waiting:
            room.committed([append], rows=0, last_seq=0)
        else:
            self.waiting.append((room, append))

    def hear(self, _document_id: uuid.UUID, payloads: Iterable[bytes]) -> None:
        self.heard.extend(payloads)

    def commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        if waiting:
            appends = [append for _, append in waiting]
            payloads = [append.payload for append in appends if append.payload is not None]
            self.log.extend(payloads)
            waiting[0][0].committed(appends, rows=len(payloads), last_seq=len(self.log))

    async def flush(self, document_id: uuid.UUID) -> None:
        self.flushed += 1
        self.commit()


class FakeServices:
    """A hub without processes or a database: the log is a list."""

    def __init__(self) -> None:
        self.options = Options(inbox_messages=4, confirm_seconds=0.01)
        self.log: list[bytes] = []
        self.journal: Any = FakeJournal(self.log)
        self.origin = "this process"
        self.published: list[Any] = []
        self.forgotten: list[uuid.UUID] = []
        self.is_shared = True
        self.snapshots_due = 0
        self.reads: list[int] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.during_load: Callable[[], None] = lambda: None

    async def load_state(self, document_id: uuid.UUID) -> State:
        self.during_load()
        end = self.end()
        return State(end.seq, None, 0, list(self.log), end.checksum)

    def end(self) -> Mark:
        return Mark(0, 0).after(self.log)

    async def read_since(
        self, document_id: uuid.UUID, seq: int
    ) -> list[tuple[int, bytes, int | None]]:
        self.reads.append(seq)
        return [(at, payload, None) for at, payload in enumerate(self.log, 1) if at > seq]

    def publish(self, hint: Any) -> None:
        self.published.append(hint)

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def forget(self, document_id: uuid.UUID) -> None:
        self.forgotten.append(document_id)

    def grown(self, document_id: uuid.UUID) -> None:
        self.snapshots_due += 1


class Client:
    """A session with a socket that is a list; `blocked` is a reader that takes nothing."""

    def __init__(self, scene: "Scene", name: str, role: Role, *, max_bytes: int = 10**6) -> None:
        self.scene = scene
        self.said: list[ServerMessage] = []
        self.closed: Close | None = None
        self.spoken_to = asyncio.Event()
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.cseq = 0
        self.session = Session(
            user_id=sum(name.encode()),
            person=Person(name, f"{name.title()} é😀"),
            role=role,
            transport=Transport(send=self._take, close=self._close),
            outbox=Outbox(max_bytes=max_bytes),
            since=datetime.now(UTC),
            stalled_seconds=5,
        )

    async def _take(self, message: ServerMessage) -> bool:
        await self.may_take.wait()
        self.said.append(message)
        self.spoken_to.set()
        return True

    async def _close(self, close: Close) -> None:
        self.closed = close

    async def send(self, message: Any) -> None:
        await self.scene.room.submit(self.session, message)

    async def write(self, *updates: bytes) -> None:
        """Send updates, all in one turn of the loop, and let the room handle them."""
        for update in updates:
            self.cseq += 1
            await self.send(Edit(update, self.cseq))
        await self.scene.turn()

    async def sync(self, since: bytes = b"\0", **arguments: Any) -> None:
        await self.send(SyncRequest(since, id=1, **arguments))
        await self.scene.turn()

    async def until_said(self, *types: type) -> None:
        """Wait until something of these types is said."""
        async with asyncio.timeout(10):
            while not any(isinstance(message, types) for message in self.said):
                self.spoken_to.clear()
                await self.spoken_to.wait()

    def got(self, *types: type) -> list[Any]:
        """What was said since the last time, of these types."""
        said, self.said = self.said, []
        return [message for message in said if isinstance(message, types)]


class Scene:
    """A room and who is in it."""

    def __init__(self, services: FakeServices) -> None:
        self.services = services
        self.clients: list[Client] = []
        self.room: Room

    async def open(self, *rows: bytes) -> None:
        self.services.log.extend(rows)
        state = await self.services.load_state(uuid.uuid4())
        self.room = Room(uuid.uuid4(), epoch=1, state=state, services=self.services)

    async def enter(self, name: str, role: Role = Role.EDITOR, **arguments: Any) -> Client:
        client = Client(self, name, role, **arguments)
        self.clients.append(client)
        self.room.join(client.session)
        await client.sync()
        for other in self.clients:
            other.said.clear()
        return client

    async def turn(self) -> None:
        """Until the room has handled what came in, and the writers what came of it."""
        await self.room.settle()
        for _ in range(10):
            await asyncio.sleep(0)

    async def commit(self) -> None:
        self.services.journal.commit()
        await self.turn()

    def text(self) -> str:
        return str(self.room._content.doc._doc.get("t", type=Text))
