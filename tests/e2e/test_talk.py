"""Chat, direct messages and guests, between people who are served by two processes."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from tests.e2e.client import Client
from tests.e2e.people import Cast
from tests.e2e.test_revocation import Twins, guest, put_link


def chats(client: Client) -> list[dict[str, Any]]:
    return [message for message in client.received if message["type"] == "chat"]


def directs(client: Client) -> list[Any]:
    return [message["data"] for message in client.received if message["type"] == "direct"]


def all_of(*conditions: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: all(condition() for condition in conditions)


async def test_what_is_said_in_one_process_or_over_rest_is_heard_in_both(
    twins: Twins, twin_cast: Cast
):
    document = twin_cast.alice.create(bob="commenter", vera="viewer")
    async with AsyncExitStack() as stack:
        here, there, vera = [
            await stack.enter_async_context(person.client(document, url=server.ws_url))
            for person, server in (
                (twin_cast.alice, twins[0]),
                (twin_cast.bob, twins[1]),
                (twin_cast.vera, twins[1]),
            )
        ]
        everybody = (here, there, vera)
        for number in range(5):
            await here.send({"type": "chat", "id": number, "text": f"alice {number} é😀"})
            await there.send({"type": "chat", "id": number, "text": f"bob {number} é😀"})
        for client in everybody:
            await client.until(lambda c=client: len(chats(c)) == 10)
        path = f"/documents/{document}/messages/"
        await asyncio.to_thread(twin_cast.bob.call, "POST", path, json={"text": "by REST"})
        for client in everybody:
            await client.until(lambda c=client: len(chats(c)) == 11)
        stored = twin_cast.vera.call("GET", path).json()["results"][::-1]
        assert len(stored) == 11
        for client in everybody:
            heard = sorted(chats(client), key=lambda said: said["message"])
            assert [
                {"id": s["message"], "user": s["user"], "text": s["text"], "at": s["at"]}
                for s in heard
            ] == stored
        # In each one's own order, and one's own by the name that one gave it.
        assert [said["id"] for said in chats(here) if "id" in said] == list(range(5))
        from_bob = [said["text"] for said in chats(here) if said["user"]["username"] == "bob"]
        assert from_bob == [f"bob {number} é😀" for number in range(5)] + ["by REST"]


async def test_direct_reaches_one_connection_in_the_other_process(twins: Twins, twin_cast: Cast):
    document = twin_cast.alice.create(bob="editor", vera="viewer")
    other = twin_cast.alice.create(bob="editor")
    async with AsyncExitStack() as stack:

        async def join(person: str, at: int, what: str = document) -> Client:
            client = getattr(twin_cast, person).client(what, url=twins[at].ws_url)
            return await stack.enter_async_context(client)

        here, there = await join("alice", 0), await join("vera", 1)
        bystander, elsewhere = await join("vera", 1), await join("bob", 1, other)
        await here.until(lambda: len(here.present) == 3)
        await there.until(lambda: len(there.present) == 3)
        look = {"look": {"at": 7}, "é": "😀"}
        to_vera = {"type": "direct", "to": there.welcome["connection"]}
        await here.send({**to_vera, "id": 1, "data": look})
        await there.until(lambda: directs(there) == [look])
        back = {"type": "direct", "to": here.welcome["connection"], "data": "I see"}
        await there.send({**back, "id": 1})
        await here.until(lambda: directs(here) == ["I see"])
        # One who is in another document is nobody here.
        stranger = {"type": "direct", "to": elsewhere.welcome["connection"], "data": look}
        await here.send({**stranger, "id": "stranger"})
        await here.until(lambda: here.errors != [])
        assert (here.errors[0]["id"], here.errors[0]["code"]) == ("stranger", "not_found")
        # And who has left is not there any more.
        await there.close()
        await here.until(lambda: len(here.present) == 2)
        await here.send({**to_vera, "id": "gone", "data": look})
        await here.until(lambda: len(here.errors) == 2)
        assert (here.errors[1]["id"], here.errors[1]["code"]) == ("gone", "not_found")
        assert directs(bystander) == directs(elsewhere) == []


async def test_guests_are_told_apart_in_every_process(twins: Twins, twin_cast: Cast):
    document = twin_cast.alice.create()
    await asyncio.to_thread(put_link, twin_cast.alice, document, role="commenter")
    async with twin_cast.alice.client(document, url=twins[0].ws_url) as alice:
        guests = [await guest(server, document) for server in twins]
        await alice.until(lambda: len(alice.present) == 3)
        for visitor in guests:
            entry = alice.present[visitor.welcome["connection"]]
            assert entry["user"] == visitor.welcome["user"]
            assert entry["user"]["username"] is None
            assert entry["user"]["name"].startswith("Guest ")
            await visitor.share({"user": {"name": "alice", "username": "alice"}})
        await alice.until(lambda: len(alice.awareness) == 2)
        shown = {state["user"]["name"] for _, state in alice.awareness.values()}
        assert shown == {visitor.welcome["user"]["name"] for visitor in guests}
        await guests[1].send({"type": "chat", "id": 1, "text": "é😀"})
        await alice.until(lambda: chats(alice) != [])
        assert chats(alice)[0]["user"] == guests[1].welcome["user"]
        members = twin_cast.alice.call("GET", f"/documents/{document}/members/").json()["results"]
        assert [member["user"]["username"] for member in members] == ["alice"]
        for visitor in guests:
            await visitor.close()
