"""What nobody should send: broken frames, bombs and poison, while others go on typing."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from websockets.frames import Opcode

from tests.e2e.test_hostile_wire import HOSTILE_UPDATES
from tests.faults.base import House, bounded, company, memory_bytes, new_document
from tests.faults.faults import locked
from tests.faults.rawsocket import RawSocket
from tests.faults.scribe import Scribe, count_tokens

MEBIBYTE = 1024 * 1024
HELLO = {"type": "sync", "id": "é😀", "state_vector": "AA=="}


def encode(message) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


@asynccontextmanager
async def intruder(house: House, group) -> AsyncIterator[RawSocket]:
    """bob, who may edit here, and sends what he should not."""
    url = f"{house.ws_urls[0]}/ws/documents/{group.document}/?token={house.cast.bob.token}"
    async with RawSocket(url) as raw:
        assert " 101 " in raw.response.splitlines()[0]
        yield raw


@asynccontextmanager
async def people_at_work(house: House, figures) -> AsyncIterator:
    """Two scribes type all the while, and nothing of theirs is lost, refused or interrupted."""
    async with company(house, new_document(house), writers=2) as group:
        async with group.typing(acknowledged=5):
            before = memory_bytes(house.servers[0])
            yield group
            figures.add(grew_megabytes=(memory_bytes(house.servers[0]) - before) / MEBIBYTE)
            await group.more_promised(5)
        await group.check(figures)
        assert not any(scribe.errors for scribe in group.scribes)
        assert {code for scribe in group.scribes for code in scribe.closes} <= {1012}


async def test_a_message_in_fragments_is_one_message(alone, figures):
    """Cut anywhere, within a character too, and with a ping in between."""
    async with people_at_work(alone, figures) as group, intruder(alone, group) as raw:
        message = encode(HELLO)
        for cut in range(1, len(message) - 1):
            await raw.send(Opcode.TEXT, message[:cut], fin=False)
            await raw.send(Opcode.PING, b"?")
            await raw.send(Opcode.CONT, message[cut : cut + 1], fin=False)
            await raw.send(Opcode.CONT, message[cut + 1 :])
        answers = pongs = 0
        while answers < len(message) - 2:
            opcode, data = await raw.receive()
            pongs += opcode is Opcode.PONG
            answers += opcode is Opcode.TEXT and json.loads(data).get("id") == HELLO["id"]
        assert pongs == answers


BROKEN = {
    "a reserved bit": (bytes([0xA1, 0x80, 0, 0, 0, 0]), {1002}),
    "an opcode that does not exist": (bytes([0x83, 0x80, 0, 0, 0, 0]), {1002}),
    "no mask": (bytes([0x81, 0x02]) + b"{}", {1002}),
    "a fragment of nothing": (bytes([0x80, 0x80, 0, 0, 0, 0]), {1002}),
    "a ping in fragments": (bytes([0x09, 0x80, 0, 0, 0, 0]), {1002}),
    "a ping that is too long": (bytes([0x89, 0xFE, 0, 126, 0, 0, 0, 0]) + bytes(126), {1002}),
    "text that is not UTF-8": (bytes([0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28]), {1007}),
    "half a character": (bytes([0x81, 0x81, 0, 0, 0, 0, 0xC3]), {1007}),
    "a terabyte announced": (bytes([0x81, 0xFF]) + (1 << 40).to_bytes(8) + bytes(4), {1009}),
    "a negative length": (bytes([0x81, 0xFF]) + bytes([0xFF] * 8) + bytes(4), {1002, 1009}),
}


async def test_broken_frames_end_their_own_connection_and_no_other(alone, figures):
    codes = {}
    async with people_at_work(alone, figures) as group:
        for name, (frame, _) in BROKEN.items():
            async with intruder(alone, group) as raw:
                await raw.send_bytes(frame)
                codes[name] = await raw.close_code()
    wrong = {name: codes[name] for name, (_, right) in BROKEN.items() if codes[name] not in right}
    assert not wrong


async def test_a_deflate_bomb_is_refused_unopened(alone, figures):
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeezer.compress(b" " * (200 * MEBIBYTE)) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    async with people_at_work(alone, figures) as group, intruder(alone, group) as raw:
        assert "permessage-deflate" not in raw.response
        before = memory_bytes(alone.servers[0])
        await raw.send(Opcode.TEXT, bomb.removesuffix(b"\x00\x00\xff\xff"), rsv1=True)
        assert await raw.close_code() == 1002
        assert memory_bytes(alone.servers[0]) - before < 20 * MEBIBYTE


@pytest.mark.parametrize("in_fragments", [False, True], ids=["one frame", "fragments"])
async def test_a_message_beyond_all_bounds_is_refused_before_it_is_all_there(
    alone, figures, in_fragments
):
    piece, pieces = b"x" * MEBIBYTE, 256
    async with people_at_work(alone, figures) as group, intruder(alone, group) as raw:
        before = memory_bytes(alone.servers[0])
        sent = 0
        with contextlib.suppress(ConnectionError):
            if in_fragments:
                for number in range(pieces):
                    opcode = Opcode.CONT if number else Opcode.TEXT
                    await raw.send(opcode, piece, fin=False)
                    sent += 1
            else:
                await raw.send_bytes(bytes([0x81, 0xFF]) + (pieces << 20).to_bytes(8) + bytes(4))
                for _ in range(pieces):
                    await raw.send_bytes(piece)
                    sent += 1
        assert await raw.close_code() in {1009, 4413, None}
        grown = memory_bytes(alone.servers[0]) - before
        figures.add(taken_megabytes=sent, held_megabytes=grown / MEBIBYTE)
    assert sent < pieces
    assert grown < 100 * MEBIBYTE


def number(value: int) -> bytes:
    """LEB128, as in every Yjs update."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + number(rest) if rest else bytes([low])


def nested_elements(depth: int) -> bytes:
    """An XML element within another, and so on; by client 9, in a root of its own."""
    outermost = b"\x07\x01\x04deep\x03\x01p"
    inner = [b"\x07\x00\x09" + number(clock) + b"\x03\x01p" for clock in range(depth - 1)]
    head = b"\x01" + number(depth) + b"\x09\x00"
    return b"".join([head, outermost, *inner, b"\x00"])


async def test_poison_in_one_process_is_unheard_of_in_the_others(pair, figures):
    async with people_at_work(pair, figures) as group:
        for name, poison in HOSTILE_UPDATES.items():
            # A client of its own each: nobody's name is spoilt by what came before.
            bob = pair.cast.bob.client(group.document, client_id=11)
            await bob.connect()
            await bob.send_update(poison)
            await bob.until(lambda: bool(bob.errors or bob.acks))  # noqa: B023
            assert [error["code"] for error in bob.errors] == ["bad_update"], name
            assert not bob.acks, name
            await bob.abort()
    figures.add(poisons=len(HOSTILE_UPDATES))


async def test_a_tree_20000_deep_hurts_nobody_who_types_beside_it(pair, figures):
    """It is well-formed, and taken; whoever reads it must not do so by recursion."""
    async with people_at_work(pair, figures) as group:
        async with pair.cast.bob.client(group.document) as bob:
            await bob.send_update(nested_elements(20_000))
            await bob.until(lambda: bool(bob.errors or bob.acks))
            assert not bob.errors
        # Whoever opens the document anew has to load it.
        await asyncio.to_thread(pair.servers[1].restart)
        await group.all_here()
        for format_ in ("txt", "yjs"):
            assert pair.cast.alice.export(group.document, format_)


async def two_of_one_id(house: House, document: str, urls) -> list[Scribe]:
    """alice twice, with one client id: a script that was given a fixed one."""
    twins = [
        Scribe(
            [url],
            document,
            name=name,
            random=Random(name),
            token=house.cast.alice.token,
            client_id=77,
        )
        for name, url in zip("xy", urls, strict=True)
    ]
    for twin in twins:
        await twin.connect()
    return twins


async def check_twins(house: House, document: str, twins, figures) -> None:
    """What was promised to either is there; everything else was refused, to its author's face."""
    for twin in twins:
        await twin.until(lambda t=twin: len(t.acks) + len(t.errors) >= max(1, t.cseq), seconds=15)
    promised = {token for twin in twins for token in twin.promised}
    found = count_tokens(house.cast.alice.content(document)["text"])
    views = []
    for url in house.ws_urls:
        async with house.cast.bob.client(document, url=url) as newcomer:
            views.append(str(newcomer.text))
    refused = sum(len(twin.errors) for twin in twins)
    figures.add(
        tried=sum(len(twin.typed) for twin in twins),
        acknowledged=len(promised),
        refused=refused,
        lost=len(promised - set(found)),
    )
    assert promised <= set(found), f"acknowledged, and lost: {promised - set(found)}"
    assert len(set(views)) == 1, "two processes show different texts"
    assert refused
    assert all(error["code"] == "conflict" for twin in twins for error in twin.errors)


async def test_of_two_with_one_client_id_only_who_is_kept_is_promised_anything(house, figures):
    document = new_document(house)
    twins = await two_of_one_id(house, document, [house.ws_urls[0]] * 2)
    for twin in twins:
        twin.type_token()
    await check_twins(house, document, twins, figures)
    for twin in twins:
        await twin.abort()


async def test_of_two_with_one_client_id_in_two_processes_only_one_is_promised_anything(
    pair, figures
):
    """At the same time: neither process has heard of the other's when it takes its own.

    Who looks on in the process that was late has seen what is not stored, and is told to drop it.
    """
    document = new_document(pair)
    twins = await two_of_one_id(pair, document, pair.ws_urls)
    onlookers = [pair.cast.bob.client(document, url=url) for url in pair.ws_urls]
    try:
        for onlooker in onlookers:
            await onlooker.connect()
        async with locked(pair, document):
            for twin, onlooker in zip(twins, onlookers, strict=True):
                token = twin.type_token()
                await onlooker.until(lambda o=onlooker, t=token: t in str(o.text))
        await check_twins(pair, document, twins, figures)
        kept = pair.cast.alice.content(document)["text"]
        told, happy = sorted(onlookers, key=lambda o: bool(twins[onlookers.index(o)].acks))
        assert str(told.text) != kept
        assert await told.closed() == 4409
        assert (str(happy.text), happy.is_open) == (kept, True)
    finally:
        for client in (*twins, *onlookers):
            await client.abort()


async def test_of_two_with_one_client_id_neither_loses_a_promise_however_close_they_are(
    pair, figures
):
    """With nothing to hold them up, over and over: some meet at the gate, some in the log."""
    lost: set[str] = set()
    refused = rounds = 0
    for _ in range(bounded(10, soak=200)):
        document = new_document(pair)
        twins = await two_of_one_id(pair, document, pair.ws_urls)
        for number, twin in enumerate(twins):
            twin.type_token()
            await asyncio.sleep((1 - number) * 0.001 * (rounds % 5))
        for twin in twins:
            await twin.until(lambda t=twin: bool(t.acks or t.errors))
        found = count_tokens(pair.cast.alice.content(document)["text"])
        lost |= {token for twin in twins for token in twin.promised} - set(found)
        refused += sum(bool(twin.errors) for twin in twins)
        rounds += 1
        for twin in twins:
            await twin.abort()
    figures.add(rounds=rounds, tried=2 * rounds, refused=refused, lost=len(lost))
    assert not lost
    assert refused == rounds
