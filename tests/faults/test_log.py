"""What happens to the log: crashes while it is summed up, damage, restores and new epochs."""

import asyncio
import subprocess
from collections import Counter
from typing import Any

import pytest
from pycrdt import Doc, Text

from tests.e2e.client import NOTHING, ClientError
from tests.e2e.database import query
from tests.e2e.test_hostile_wire import PIECES_TOO_DEEP
from tests.faults.base import SOAK, House, bounded, company, enter, new_document
from tests.faults.crashing.apps import PACKING_STEPS, STATUS, STEPS
from tests.faults.faults import execute, key_of, manage
from tests.faults.scribe import count_tokens
from tests.services import serve

# Enough of it that a snapshot is due.
LARGE = "x" * 20_000
BROKEN_UPDATE = bytes.fromhex("0101010004010174")
# Harmless until there is something of client 11.
PANIC = bytes.fromhex("01010bffffffff0f04010174016100")
NOT_ENCODABLE = bytes.fromhex("010205ffffffff0f04010174016104010174016200")
STACK_OVERFLOW = PIECES_TOO_DEEP + bytes.fromhex("7e00")


def count(house: House, document: str, what: str) -> int:
    found = query(
        house.database_url,
        f"SELECT COUNT(*) FROM documents_{what} WHERE document_id = %s",
        key_of(house, document),
    )
    return int(found[0][0])


# ---- snapshots and segments ------------------------------------------------------------------


@pytest.mark.parametrize("database", ["alone", "pair"] if SOAK else ["alone"])
@pytest.mark.parametrize("what", ["snapshot", "segment"])
async def test_a_crash_at_any_step_of_making_one_loses_nothing(request, figures, what, database):
    house: House = request.getfixturevalue(database)
    every = STEPS if what == "snapshot" else PACKING_STEPS
    # The last one too: what is committed is there.
    steps = every if SOAK else [*every[:-1:2], every[-1]]
    environment = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "CRASH_AT": steps[0]}
    redis_url = house.redis.url if house.redis else ""
    with serve(database_url=house.database_url, redis_url=redis_url, env=environment) as server:
        fragile = House([server], house.cast, house.redis, house.postgres)
        document = new_document(house)
        async with company(fragile, document, writers=2) as group:
            for step in steps:
                process = server.process
                assert process is not None
                # Perhaps the first word is the last: one may be due from before.
                async with group.typing(acknowledged=0, pause_seconds=0.1):
                    while process.poll() is None:
                        group.scribes[0].type_token(filling=LARGE)
                        await asyncio.sleep(0.05)
                    assert process.returncode == STATUS, step
                    # Only what came after the commit is there.
                    assert count(house, document, what) == (step == steps[-1]), step
                    later = steps[steps.index(step) + 1 :]
                    server.environment["CRASH_AT"] = later[0] if later else ""
                    await asyncio.to_thread(server.start)
            # And now one is made, by a server that does not die of it.
            async with group.typing(acknowledged=1):
                while count(house, document, what) < 2:
                    group.scribes[0].type_token(filling=LARGE)
                    await asyncio.sleep(0.05)
            await group.check(figures)
        await asyncio.to_thread(manage, house, "verify", document)
    figures.add(crashes=len(steps))


# ---- damage ----------------------------------------------------------------------------------


def write_log(house: House, document: str) -> Doc[Any]:
    """Ten rows by client 11, over REST: no room has the document open."""
    doc: Doc[Any] = Doc(client_id=11)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("content", type=Text)
    for number in range(10):
        text.insert(0, f"<{number}é😀>")
    for update in updates:
        house.cast.alice.call(
            "POST",
            f"/documents/{document}/updates/",
            content=update,
            headers={"Content-Type": "application/octet-stream"},
        )
    return doc


def row_is(payload: bytes):
    statement = "UPDATE documents_update SET payload = %s WHERE document_id = %s AND seq = 7"
    return lambda key: [(statement, (payload, key))]


def delete_rows(where: str):
    return lambda key: [
        (f"DELETE FROM documents_update WHERE document_id = %s AND {where}", (key,))
    ]


def cut_snapshot(key):
    statement = "UPDATE documents_snapshot SET state = %s WHERE document_id = %s"
    return [(statement, (BROKEN_UPDATE, key))]


DAMAGES = {
    "a row is gone": delete_rows("seq = 7"),
    "the first row is gone": delete_rows("seq = 1"),
    "the end is gone": delete_rows("seq > 6"),
    "all rows are gone": delete_rows("seq > 0"),
    "a row is cut off": row_is(BROKEN_UPDATE),
    "a row is empty": row_is(b""),
    "a row is nonsense": row_is(b"\xc3\xa9 hello"),
    "a row makes the document panic": row_is(PANIC),
    "the snapshot is cut off": cut_snapshot,
    "a row is another": row_is(NOTHING),
    "a row cannot be encoded again": row_is(NOT_ENCODABLE),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_document_does_not_open_and_all_others_do(alone, figures, damage):
    """Never blank, never in part: "try again later", until somebody has repaired it."""
    document = new_document(alone)
    doc = write_log(alone, document)
    if damage == "the snapshot is cut off":
        alone.cast.alice.call("POST", f"/documents/{document}/versions/", json={"label": "é😀"})
    key = key_of(alone, document)
    rows, snapshots = (
        query(alone.database_url, f"SELECT * FROM documents_{table} WHERE document_id = %s", key)
        for table in ("update", "snapshot")
    )
    execute(alone.database_url, *DAMAGES[damage](key))
    async with company(alone, new_document(alone), writers=2) as group:
        async with group.typing(acknowledged=3):
            for _ in range(2):
                client = alone.cast.alice.client(document)
                with pytest.raises(ClientError):
                    async with asyncio.timeout(10):
                        await client.connect()
                assert client.close_code == 1013
                assert not [m for m in client.received if m["type"] in {"sync", "update"}]
            answer = await asyncio.to_thread(
                alone.cast.alice.http.get, f"/documents/{document}/content/"
            )
            assert answer.status_code >= 500
            await group.more_promised(3)
        await group.check(figures)
    assert not any(scribe.closes for scribe in group.scribes)

    statements = [
        (f"DELETE FROM documents_{table} WHERE document_id = %s", (key,))
        for table in ("update", "snapshot")
    ]
    for table, content in (("update", rows), ("snapshot", snapshots)):
        for row in content:
            places = ", ".join(["%s"] * len(row))
            statements.append((f"INSERT INTO documents_{table} VALUES ({places})", row))
    execute(alone.database_url, *statements)
    healed = alone.cast.alice.client(document)
    await enter(healed)
    assert str(healed.text) == str(doc.get("content", type=Text))
    await healed.close()


async def test_a_row_that_would_overflow_the_stack_does_not_end_the_process(alone, figures):
    """No gate let it in: it came with a damaged backup, or from an older version."""
    document = new_document(alone)
    write_log(alone, document)
    execute(alone.database_url, *row_is(STACK_OVERFLOW)(key_of(alone, document)))
    async with company(alone, new_document(alone), writers=2) as group:
        async with group.typing(acknowledged=3):
            client = alone.cast.alice.client(document)
            with pytest.raises((ClientError, OSError)):
                await client.connect()
            process = alone.servers[0].process
            assert process is not None
            with pytest.raises(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 2.0)
            await group.more_promised(3)
        assert not any(scribe.closes for scribe in group.scribes)
        await group.check(figures)


# ---- what operators and owners do ------------------------------------------------------------


@pytest.mark.parametrize("rounds", [bounded(3, soak=30)])
async def test_a_restore_while_three_people_type_undoes_what_came_before_it_alone(
    pair, figures, rounds
):
    document = new_document(pair)
    path = f"/documents/{document}/versions/"
    gone: set[str] = set()
    async with company(pair, document, writers=3) as group:
        async with group.typing(acknowledged=5):
            for _ in range(rounds):
                made = await asyncio.to_thread(
                    pair.cast.alice.call, "POST", path, json={"label": "é😀"}
                )
                await group.more_promised(10)
                restored = await asyncio.to_thread(
                    pair.cast.bob.call, "POST", f"{path}{made.json()['id']}/restore/"
                )
                await group.more_promised(10)
                first, last = made.json()["seq"], restored.json()["seq"]
                gone |= {
                    token
                    for scribe in group.scribes
                    for token, seq in scribe.promised.items()
                    if first < seq < last
                }
        await group.check(figures, deleted=sorted(gone))
    figures.add(undone=len(gone))
    assert gone
    assert not any(scribe.closes for scribe in group.scribes)


async def test_a_new_epoch_sends_everybody_away_for_good_and_loses_nothing(house, figures):
    document = new_document(house)
    async with company(house, document) as group:
        async with group.typing(acknowledged=10):
            pass
        await group.converge()
        expected = group.scribes[0].content
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.to_thread(manage, house, "newepoch", document)
        await group.until(lambda: all(scribe.refused for scribe in group.scribes), seconds=10)
        figures.add(told_seconds=loop.time() - started)
    assert {scribe.refused for scribe in group.scribes} == {4409}
    # Who comes without a past finds everything, in the new epoch, and goes on from there.
    async with company(house, document, seed=2) as group:
        assert all(scribe.content == expected for scribe in group.scribes)
        old = count_tokens(expected)
        for scribe in group.scribes:
            scribe.name = f"new {scribe.name}"
        async with group.typing(acknowledged=10):
            pass
        await group.converge()
        found = count_tokens(group.scribes[0].content)
        assert found == old + Counter(group.tried)
    figures.add(tried=len(group.tried), acknowledged=len(group.promised), lost=0)
