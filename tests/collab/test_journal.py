"""Group commit against the real database: one transaction, in order, and what if it fails."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from pycrdt import Doc, Text

from collab import journal as journal_module
from collab.journal import AckTarget, Append, Journal, Reach
from collab.live_doc import LiveDoc
from collab.options import Options
from documents.errors import BadUpdate
from documents.lifecycle import create_document, trash_document
from documents.log import NewUpdate, Row, append_updates, read_since
from documents.marks import Mark
from documents.models import Document
from tests.collab.conftest import in_thread

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 10


def letter(client: int, clock: int = 0) -> bytes:
    """A client's letter, behind its own earlier ones."""
    place = b"\x04\1\1t" if clock == 0 else bytes([0x84, client, clock - 1])
    return bytes([1, 1, client, clock]) + place + b"\1" + bytes([0x60 + client, 0])


class FakeRoom:
    """What the journal says of one document."""

    def __init__(self, document_id: uuid.UUID) -> None:
        self.document_id = document_id
        self.commits: list[tuple[list[Append], int, int]] = []
        self.failed = self.gone = self.set_back = False
        self.refused: list[Append] = []
        self.mark = Mark(0, 0)
        self.heard = asyncio.Event()

    def committed(self, appends: Any, *, rows: int, last_seq: int) -> None:
        self.commits.append((list(appends), rows, last_seq))
        self.heard.set()

    def append_failed(self) -> None:
        self.failed = True
        self.heard.set()

    def document_gone(self) -> None:
        self.gone = True
        self.heard.set()

    def log_set_back(self) -> None:
        self.set_back = True
        self.heard.set()

    def contested(self, refused: Any) -> None:
        self.refused = list(refused)
        self.heard.set()

    @property
    def seqs(self) -> list[int]:
        return [last_seq for _, _, last_seq in self.commits]


class Writes:
    """Every call of the write function; `fail` decides which of them fail."""

    def __init__(self, write: Callable[..., Any]) -> None:
        self.write = write
        self.documents: list[set[uuid.UUID]] = []
        self.fail: Callable[[set[uuid.UUID]], bool] = lambda _: False
        self.error: Exception = OperationalError("database is locked")

    def __call__(self, work: Any) -> Any:
        self.documents.append(set(work))
        if self.fail(set(work)):
            raise self.error
        return self.write(work)

    def hold(self) -> tuple[threading.Event, threading.Event]:
        """Hold writing up: set when it has begun, and to be set for it to go on."""
        started, go_on, write = threading.Event(), threading.Event(), self.write

        def held(work: Any) -> Any:
            started.set()
            go_on.wait(PATIENCE_SECONDS)
            return write(work)

        self.write = held
        return started, go_on


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    counted = Writes(journal_module._write)
    monkeypatch.setattr(journal_module, "_write", counted)
    monkeypatch.setattr(journal_module, "_FIRST_PAUSE_SECONDS", 0.001)
    return counted


@pytest.fixture
async def journal(transactional_db: None, writes: Writes) -> AsyncIterator[Journal]:
    options = Options(journal_gather_seconds=0.001, append_retry_seconds=0.3)
    journal = Journal(options)
    journal.start()
    yield journal
    await journal.stop()


def append_of(payload: bytes | None, session: Any = None, **arguments: Any) -> Append:
    given: dict[str, Any] = {"author_id": None, "client": None, "acks": []} | arguments
    return Append(session or SimpleNamespace(), payload, **given)


async def settled(journal: Journal) -> None:
    await asyncio.wait_for(journal.settle(), PATIENCE_SECONDS)


async def rows_of(document: Document) -> list[Row]:
    return await in_thread(lambda: read_since(document_id=document.id, seq=0))


async def test_appends_of_many_documents_are_one_transaction(journal, writes, alice):
    documents = await in_thread(lambda: [create_document(owner=alice) for _ in range(30)])
    rooms = [FakeRoom(document.id) for document in documents]
    for room in rooms:
        journal.append(room, append_of(letter(1)))
    await settled(journal)
    assert writes.documents == [{document.id for document in documents}]
    assert [room.seqs for room in rooms] == [[1]] * 30


async def test_what_came_while_others_were_written_has_gathered_meanwhile(
    transactional_db, writes, text_document, monkeypatch
):
    seconds = 0.02
    journal, room = Journal(Options(journal_gather_seconds=seconds)), FakeRoom(text_document.id)
    started, go_on = writes.hold()
    sleep, pauses = asyncio.sleep, []

    async def counted(delay: float) -> None:
        pauses.append(delay)
        await sleep(delay)

    journal.start()
    journal.append(room, append_of(letter(1)))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    journal.append(room, append_of(letter(2)))
    await sleep(seconds)
    monkeypatch.setattr(journal_module.asyncio, "sleep", counted)
    go_on.set()
    await settled(journal)
    assert (len(writes.documents), room.seqs) == (2, [1, 2])
    assert [pause for pause in pauses if pause > 0] == []
    await journal.stop()


async def test_what_comes_after_a_document_went_in_the_middle_of_its_commit_is_waited_for(
    transactional_db, writes, text_document, document
):
    journal = Journal(Options(journal_gather_seconds=0.05))
    gone, there = FakeRoom(text_document.id), FakeRoom(document.id)
    started, go_on = writes.hold()
    journal.start()
    journal.append(gone, append_of(letter(1)))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    journal.append(gone, append_of(letter(2)))
    await in_thread(
        lambda: Document.objects.filter(id=text_document.id).update(trashed_at=timezone.now())
    )
    go_on.set()
    await gone.heard.wait()
    assert gone.gone
    journal.append(there, append_of(letter(3)))
    await settled(journal)
    assert there.seqs == [1]
    await journal.stop()


async def test_what_nobody_waits_for_gathers_until_somebody_does(
    transactional_db, writes, text_document, document
):
    journal = Journal(Options(journal_gather_seconds=0.001, journal_unawaited_seconds=60))
    unawaited, awaited = FakeRoom(text_document.id), FakeRoom(document.id)
    journal.start()
    journal.append(unawaited, append_of(letter(1), is_awaited=False))
    await asyncio.sleep(0.1)
    journal.append(unawaited, append_of(letter(2), is_awaited=False))
    assert writes.documents == []
    journal.append(awaited, append_of(letter(3)))
    await settled(journal)
    assert writes.documents == [{text_document.id, document.id}]
    assert (unawaited.seqs, awaited.seqs) == ([2], [1])
    await journal.stop()


async def test_what_nobody_waits_for_is_written_all_the_same(
    transactional_db, writes, text_document
):
    journal = Journal(Options(journal_gather_seconds=0, journal_unawaited_seconds=0.01))
    room = FakeRoom(text_document.id)
    journal.start()
    journal.append(room, append_of(letter(1), is_awaited=False))
    await settled(journal)
    assert room.seqs == [1]
    await journal.stop()


async def test_rows_stand_in_the_order_in_which_they_came_without_a_gap(
    journal, text_document, bob, alice
):
    room = FakeRoom(text_document.id)
    for client in range(1, 6):
        author = bob if client % 2 else alice
        journal.append(room, append_of(letter(client), author_id=author.pk, client=client))
    await settled(journal)
    journal.append(room, append_of(letter(9), author_id=bob.pk))
    await settled(journal)
    rows = await rows_of(text_document)
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.payload for row in rows] == [letter(client) for client in (1, 2, 3, 4, 5, 9)]
    assert [row.author_id for row in rows[:2]] == [bob.pk, alice.pk]
    assert [row.client for row in rows] == [1, 2, 3, 4, 5, None]
    assert (room.seqs, [rows for _, rows, _ in room.commits]) == ([5, 6], [5, 1])


async def test_what_one_session_wrote_without_another_between_is_one_row(journal, text_document):
    room, one, two = FakeRoom(text_document.id), SimpleNamespace(), SimpleNamespace()
    acks = [AckTarget(one, cseq, cseq) for cseq in (1, 2, 3)]  # type: ignore[arg-type]
    journal.append(room, append_of(letter(1, 0), one, client=1, acks=acks[:1]))
    journal.append(room, append_of(letter(1, 1), one, client=1, acks=acks[1:2]))
    journal.append(room, append_of(letter(2, 0), two, client=2))
    journal.append(room, append_of(letter(1, 2), one, client=1, acks=acks[2:]))
    await settled(journal)
    rows = await rows_of(text_document)
    assert [row.client for row in rows] == [1, 2, 1]
    assert LiveDoc([row.payload for row in rows]).clocks == {1: 3, 2: 1}
    (appends, count, last_seq) = room.commits[0]
    assert (count, last_seq) == (3, 3)
    assert [list(append.acks) for append in appends] == [acks[:2], [], acks[2:]]


async def test_what_sessions_wrote_apart_from_each_other_is_a_row_each(journal, text_document):
    room, one, two = FakeRoom(text_document.id), object(), object()
    for clock in range(3):
        for session, client in ((one, 1), (two, 2)):
            reach = Reach({client: clock}, {9: 5})
            journal.append(room, append_of(letter(client, clock), session, reach=reach))
    await settled(journal)
    rows = await rows_of(text_document)
    assert len(rows) == 2
    assert LiveDoc([row.payload for row in rows]).clocks == {1: 3, 2: 3}


@pytest.mark.parametrize("leans_on", [{1: 1}, {1: 2, 9: 4}])
async def test_what_builds_on_anothers_words_stays_behind_them(journal, text_document, leans_on):
    room, one, two = FakeRoom(text_document.id), object(), object()
    journal.append(room, append_of(letter(2, 0), two, reach=Reach({2: 0}, {})))
    journal.append(room, append_of(letter(1, 0), one, reach=Reach({1: 0}, {})))
    journal.append(room, append_of(letter(2, 1), two, reach=Reach({2: 1}, leans_on)))
    await settled(journal)
    assert [row.payload[2] for row in await rows_of(text_document)] == [2, 1, 2]


async def test_one_client_id_of_two_sessions_keeps_its_order(journal, text_document):
    room, one, two = FakeRoom(text_document.id), object(), object()
    for clock, session in enumerate((one, two, one)):
        journal.append(room, append_of(letter(1, clock), session, reach=Reach({1: clock}, {})))
    await settled(journal)
    assert LiveDoc([row.payload for row in await rows_of(text_document)]).clocks == {1: 3}


async def test_nothing_to_write_is_told_at_once_where_nothing_waits(journal, writes):
    room = FakeRoom(uuid.uuid4())
    journal.append(room, append_of(None))
    assert [(rows, last_seq) for _, rows, last_seq in room.commits] == [(0, 0)]
    assert writes.documents == []


async def test_nothing_to_write_waits_for_what_is_before_it(journal, text_document):
    room, target = FakeRoom(text_document.id), AckTarget(SimpleNamespace(), 1, 1)  # type: ignore[arg-type]
    journal.append(room, append_of(letter(1)))
    journal.append(room, append_of(None, acks=[target]))
    assert room.commits == []
    await settled(journal)
    ((appends, rows, last_seq),) = room.commits
    assert (rows, last_seq) == (1, 1)
    assert [ack for append in appends for ack in append.acks] == [target]


async def test_document_that_is_gone_is_told_and_the_others_are_written(
    journal, alice, text_document
):
    trashed = await in_thread(lambda: create_document(owner=alice))
    await in_thread(lambda: trash_document(document=trashed))
    rooms = [FakeRoom(id_) for id_ in (trashed.id, uuid.uuid4(), text_document.id)]
    for room in rooms:
        journal.append(room, append_of(letter(1)))
    await settled(journal)
    assert [(room.gone, room.seqs) for room in rooms] == [(True, []), (True, []), (False, [1])]


@pytest.mark.parametrize(
    "error", [OperationalError("locked"), InterfaceError("closed"), RuntimeError("unheard of")]
)
async def test_failure_of_all_is_tried_again_until_it_works(journal, writes, text_document, error):
    writes.error = error
    writes.fail = lambda _: len(writes.documents) <= 4
    room = FakeRoom(text_document.id)
    journal.append(room, append_of(letter(1)))
    await settled(journal)
    assert (room.seqs, room.failed, len(writes.documents)) == ([1], False, 5)


async def test_document_that_cannot_be_written_holds_up_only_itself(
    journal, writes, alice, text_document
):
    other = await in_thread(lambda: create_document(owner=alice))
    bad, good = FakeRoom(text_document.id), FakeRoom(other.id)
    writes.fail = lambda documents: text_document.id in documents
    journal.append(bad, append_of(letter(1)))
    journal.append(good, append_of(letter(1)))
    await settled(journal)
    assert (good.seqs, good.failed) == ([1], False)
    assert (bad.seqs, bad.failed) == ([], True)
    assert not await rows_of(text_document)


async def test_failing_document_is_tried_apart_and_not_with_every_batch(
    journal, writes, alice, text_document
):
    other = await in_thread(lambda: create_document(owner=alice))
    bad, good = FakeRoom(text_document.id), FakeRoom(other.id)
    failing, loop = asyncio.Event(), asyncio.get_running_loop()

    def fail(documents: set[uuid.UUID]) -> bool:
        loop.call_soon_threadsafe(failing.set)
        return text_document.id in documents

    writes.fail = fail
    journal.append(bad, append_of(letter(1)))
    await asyncio.wait_for(failing.wait(), PATIENCE_SECONDS)
    for clock in range(20):
        good.heard.clear()
        journal.append(good, append_of(letter(1, clock)))
        await asyncio.wait_for(good.heard.wait(), PATIENCE_SECONDS)
    assert good.seqs == list(range(1, 21))
    assert {text_document.id, other.id} not in writes.documents[1:]
    await settled(journal)
    assert bad.failed


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows")
async def test_row_that_somebody_locks_holds_up_only_its_own_document(
    journal, alice, text_document
):
    other = await in_thread(lambda: create_document(owner=alice))
    locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Document.objects.select_for_update(no_key=True).get(id=text_document.id)
            locked.set()
            may_end.wait(PATIENCE_SECONDS)

    holding = asyncio.ensure_future(in_thread(hold))
    assert await asyncio.to_thread(locked.wait, PATIENCE_SECONDS)
    held, free = FakeRoom(text_document.id), FakeRoom(other.id)
    journal.append(held, append_of(letter(1)))
    journal.append(free, append_of(letter(1)))
    for clock in range(1, 4):
        await asyncio.wait_for(free.heard.wait(), PATIENCE_SECONDS / 2)
        free.heard.clear()
        journal.append(free, append_of(letter(1, clock)))
    await asyncio.wait_for(free.heard.wait(), PATIENCE_SECONDS / 2)
    assert (free.seqs, held.seqs) == ([1, 2, 3, 4], [])
    journal.append(held, append_of(letter(1, 1)))
    may_end.set()
    await holding
    await settled(journal)
    assert held.seqs[-1] == len(await rows_of(text_document))


async def test_log_that_ends_before_what_its_room_holds_is_not_written_to(
    journal, alice, text_document
):
    other = await in_thread(lambda: create_document(owner=alice))
    ahead, good = FakeRoom(text_document.id), FakeRoom(other.id)
    ahead.mark = Mark(5, 0)
    for room in (ahead, good):
        journal.append(room, append_of(letter(1)))
    await settled(journal)
    assert (ahead.set_back, ahead.commits, good.seqs) == (True, [], [1])
    assert not await rows_of(text_document)


async def write_elsewhere(document: Document, *payloads: bytes) -> None:
    """Another process appends."""
    rows = [NewUpdate(payload) for payload in payloads]
    await in_thread(lambda: append_updates(document_id=document.id, updates=rows))


async def test_log_that_is_another_one_of_the_same_length_is_not_written_to(journal, text_document):
    await write_elsewhere(text_document, letter(2), letter(3))
    stale, fresh = FakeRoom(text_document.id), FakeRoom(text_document.id)
    stale.mark = Mark(0, 0).after([letter(2), letter(4)])
    journal.append(stale, append_of(letter(1)))
    await settled(journal)
    assert (stale.set_back, stale.commits) == (True, [])
    fresh.mark = Mark(0, 0).after([letter(2), letter(3)])
    journal.append(fresh, append_of(letter(1)))
    await settled(journal)
    assert (fresh.set_back, fresh.seqs) == (False, [3])


async def test_log_that_parted_from_the_rooms_and_has_grown_beyond_it_is_not_written_to(
    journal, text_document
):
    await write_elsewhere(text_document, letter(2), letter(3), letter(5))
    stale = FakeRoom(text_document.id)
    stale.mark = Mark(0, 0).after([letter(2), letter(4)])
    journal.append(stale, append_of(letter(1)))
    await settled(journal)
    assert (stale.set_back, stale.commits) == (True, [])


def other_letter(client: int) -> bytes:
    """Another first letter under the same client id."""
    return letter(client)[:-2] + b"z\0"


@pytest.mark.parametrize("heard", [False, True], ids=["not heard of", "heard of"])
async def test_what_another_process_logged_otherwise_under_one_client_id_is_refused(
    journal, text_document, heard
):
    """Heard of after the edit was taken, or not at all before it is to be written."""
    room = FakeRoom(text_document.id)
    lost, mine = append_of(letter(1), client=1), append_of(letter(2), client=2)
    await write_elsewhere(text_document, other_letter(1))
    for append in (mine, lost):
        journal.append(room, append)
    if heard:
        journal.hear(text_document.id, [other_letter(1)])
        room.mark = Mark(0, 0).after([other_letter(1)])
    await settled(journal)
    assert (room.refused, room.commits) == ([lost], [])
    assert [row.payload for row in await rows_of(text_document)] == [other_letter(1)]
    # Nothing is left behind for the room that comes next.
    following = FakeRoom(text_document.id)
    following.mark = Mark(0, 0).after([other_letter(1)])
    journal.append(following, mine)
    await settled(journal)
    assert following.seqs == [2]


async def test_what_another_process_logged_too_is_logged_again(journal, text_document):
    """Its author lost the connection there before the acknowledgement."""
    room = FakeRoom(text_document.id)
    await write_elsewhere(text_document, letter(2), letter(1))
    journal.append(room, append_of(letter(1), client=1))
    await settled(journal)
    assert (room.refused, room.seqs) == ([], [3])


async def test_what_was_heard_before_an_edit_was_taken_is_the_gates_business(
    journal, text_document
):
    room = FakeRoom(text_document.id)
    journal.hear(text_document.id, [other_letter(1)])
    journal.append(room, append_of(letter(1), client=1))
    await settled(journal)
    assert room.seqs == [1]


async def test_large_updates_of_one_session_are_not_merged_into_one_row(journal, text_document):
    room, one = FakeRoom(text_document.id), SimpleNamespace()
    doc: Doc[Any] = Doc(client_id=1)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    for number in range(4):
        doc.get("t", type=Text).insert(0, f"{number}" * 30_000)
    for update in updates:
        journal.append(room, append_of(update, one, client=1))
    await settled(journal)
    assert [len(row.payload) // 30_000 for row in await rows_of(text_document)] == [2, 2]


async def test_appends_stay_in_order_over_a_failure(journal, writes, text_document):
    room = FakeRoom(text_document.id)
    failing = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail(_documents: set[uuid.UUID]) -> bool:
        loop.call_soon_threadsafe(failing.set)
        return len(writes.documents) <= 2

    writes.fail = fail
    journal.append(room, append_of(letter(1)))
    await asyncio.wait_for(failing.wait(), PATIENCE_SECONDS)
    journal.append(room, append_of(letter(2)))
    await settled(journal)
    assert [row.payload for row in await rows_of(text_document)] == [letter(1), letter(2)]


async def test_past_the_bound_the_append_has_failed_and_later_ones_are_tried_anew(
    journal, writes, text_document
):
    room = FakeRoom(text_document.id)
    writes.fail = lambda _: True
    journal.append(room, append_of(letter(1)))
    await asyncio.wait_for(journal.flush(text_document.id), PATIENCE_SECONDS)
    assert (room.failed, room.seqs) == (True, [])
    writes.fail = lambda _: False
    again = FakeRoom(text_document.id)
    journal.append(again, append_of(letter(1)))
    await settled(journal)
    assert again.seqs == [1]


async def test_flush_waits_for_that_document_alone(journal, writes, alice, text_document):
    other = await in_thread(lambda: create_document(owner=alice))
    room, stuck = FakeRoom(text_document.id), FakeRoom(other.id)
    writes.fail = lambda documents: other.id in documents
    journal.append(stuck, append_of(letter(1)))
    journal.append(room, append_of(letter(1)))
    await asyncio.wait_for(journal.flush(text_document.id), PATIENCE_SECONDS)
    assert room.seqs == [1]
    await asyncio.wait_for(journal.flush(uuid.uuid4()), PATIENCE_SECONDS)
    await settled(journal)


async def test_updates_that_cannot_be_merged_are_rows_of_their_own(
    journal, text_document, monkeypatch
):
    def fail(_updates: Any) -> bytes:
        raise BadUpdate("no")

    monkeypatch.setattr("collab.journal.merge", fail)
    room = FakeRoom(text_document.id)
    one = append_of(letter(1))
    journal.append(room, one)
    journal.append(room, replace(one, payload=letter(2)))
    await settled(journal)
    assert [row.payload for row in await rows_of(text_document)] == [letter(1), letter(2)]
