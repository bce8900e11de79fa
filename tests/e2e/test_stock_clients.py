"""The published providers, unmodified, over the wire: what holds for every one of them.

tests/clients runs them; what one family does alone is in test_stock_yjs and test_stock_hocuspocus.
"""

import asyncio

import pytest

from tests.clients.driver import HOCUSPOCUS, Y_WEBSOCKET
from tests.clients.guests import ticket_for
from tests.e2e.people import Cast, Person
from tests.services import wait_until

EVERY_KIND = [*Y_WEBSOCKET, *HOCUSPOCUS]
# Well below the 15 s after which a client says again that it is here.
AT_ONCE_SECONDS = 8.0

pytestmark = pytest.mark.parametrize("kind", EVERY_KIND)


def user(name: str) -> dict[str, str]:
    """A person as the server signs them, and the colour they chose."""
    return {"username": name, "name": name, "color": "#e8590c"}


def claim(name: str) -> dict[str, object]:
    """An awareness state as editors share it."""
    return {"user": {"name": name, "color": "#e8590c"}, "cursor": {"anchor": 1, "head": 2}}


async def is_stored(person: Person, document: str, text: str) -> None:
    """Wait until the text is what REST shows, which is what is committed."""
    await asyncio.to_thread(
        wait_until,
        lambda: person.content(document)["text"] == text,
        seconds=10,
        what=f"{text!r} is stored",
    )


async def are_present(cast: Cast, document: str, *expected: tuple[str, str]) -> None:
    """Wait until REST names these people with these roles, and nobody else."""

    def read() -> list[tuple[str, str]]:
        roster = cast.alice.call("GET", f"/documents/{document}/presence/").json()["results"]
        return sorted((entry["user"]["username"], entry["role"]) for entry in roster)

    await asyncio.to_thread(
        wait_until,
        lambda: read() == sorted(expected),
        seconds=10,
        what=f"{expected} are present",
    )


def set_role(cast: Cast, document: str, username: str, role: str) -> None:
    cast.alice.call("PATCH", f"/documents/{document}/members/{username}/", json={"role": role})


async def test_two_people_and_a_script_edit_and_see_each_other(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    async with cast.alice.client(document) as script:
        alice = await guests.join(kind, cast.alice, document)
        bob = await guests.join(kind, cast.bob, document)
        await alice.insert(0, "é😀")
        await bob.until_text("é😀")
        await script.until(lambda: str(script.text) == "é😀")
        script.insert(2, " script")
        await bob.until_text("é😀 script")
        await bob.delete(0, 1)
        for client in (alice, bob):
            await client.until_text("😀 script")
        await script.until(lambda: str(script.text) == "😀 script")
        await is_stored(cast.alice, document, "😀 script")

        await bob.share(claim("bob"))
        await alice.until(lambda view: view.of(bob) == user("bob"))
        await script.until(lambda: script.awareness.get(bob.id, (0, {}))[1].get("cursor"))
        await script.share(claim("alice"))
        await bob.until(
            lambda view: view.states.get(script.doc.client_id, {}).get("user") == user("alice")
        )

        await script.until(lambda: len(script.present) == 3)
        await are_present(cast, document, ("alice", "owner"), ("alice", "owner"), ("bob", "editor"))


async def test_edits_made_before_connecting_arrive(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    await alice.insert(0, "there before")
    bob = await guests.join(kind, cast.bob, document, connect=False)
    await bob.insert(0, "é😀 ")
    assert not (await bob.look()).is_open
    await bob.reconnect()
    view = await alice.until(lambda view: "é😀 " in view.text and "there before" in view.text)
    await bob.until_text(view.text)
    await is_stored(cast.alice, document, view.text)


async def test_edits_made_while_the_line_is_down_arrive(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    await alice.insert(0, "one two")
    await bob.until_text("one two")
    await bob.cut()
    await bob.until(lambda view: not view.is_open)
    await bob.insert(0, "é😀 ")
    await bob.delete(6, 4)
    await alice.insert(0, "meanwhile ")
    assert (await bob.look()).text == "é😀 one"
    assert "é" not in (await alice.look()).text
    await bob.mend()
    view = await alice.until(lambda view: "é😀 " in view.text and "two" not in view.text)
    assert sorted(view.text.split()) == ["meanwhile", "one", "é😀"]
    await bob.until_text(view.text)
    await is_stored(cast.alice, document, view.text)


async def test_who_vanishes_is_gone_and_who_returns_is_back_at_once(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    async with cast.alice.client(document) as script:
        alice = await guests.join(kind, cast.alice, document)
        bob = await guests.join(kind, cast.bob, document)
        await alice.share(claim("alice"))
        await bob.share(claim("bob"))
        await bob.until(lambda view: view.of(alice) == user("alice"))
        await alice.until(lambda view: view.of(bob) == user("bob"))
        await script.until(lambda: bob.id in script.awareness)
        await script.until(lambda: script.usernames == {"alice", "bob"})

        await bob.cut()
        await alice.until(lambda view: bob.id not in view.states, seconds=AT_ONCE_SECONDS)
        await script.until(lambda: bob.id not in script.awareness)
        await script.until(lambda: script.usernames == {"alice"})
        assert (await alice.look()).of(alice) == claim("alice")["user"]

        await bob.mend()
        # Nobody renews anything: that they see each other is the doing of the return itself.
        await alice.until(lambda view: view.of(bob) == user("bob"), seconds=AT_ONCE_SECONDS)
        await bob.until(lambda view: view.of(alice) == user("alice"), seconds=AT_ONCE_SECONDS)
        await script.until(lambda: bob.id in script.awareness)
        await script.until(lambda: script.usernames == {"alice", "bob"})


async def test_who_leaves_properly_is_gone(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    await bob.share(claim("bob"))
    await alice.until(lambda view: view.of(bob) == user("bob"))
    await bob.disconnect()
    await alice.until(lambda view: bob.id not in view.states, seconds=AT_ONCE_SECONDS)
    # Before that, Hocuspocus takes itself for connected.
    await bob.until(lambda view: view.closes)
    await bob.reconnect()
    await alice.until(lambda view: view.of(bob) == user("bob"), seconds=AT_ONCE_SECONDS)


async def test_viewer_reads_and_her_edits_change_nothing(cast, guests, kind):
    document = cast.alice.create(vera="viewer")
    alice = await guests.join(kind, cast.alice, document)
    vera = await guests.join(kind, cast.vera, document)
    await alice.insert(0, "read me")
    await vera.until_text("read me")
    await vera.insert(0, "vera was here ")
    # What she shares comes behind her edit: when it is there, the edit has been dealt with.
    await vera.share(claim("vera"))
    await alice.until(lambda view: view.of(vera) == user("vera"))
    await alice.insert(7, "!")
    await vera.until_text("vera was here read me!")
    assert (await alice.look()).text == "read me!"
    await is_stored(cast.alice, document, "read me!")
    view = await vera.look()
    assert (view.connects, view.is_open) == (1, True)
    if kind in HOCUSPOCUS:
        assert view.scope == "readonly"


async def test_viewer_who_becomes_an_editor_writes_on_the_same_socket(cast, guests, kind):
    document = cast.alice.create(vera="viewer")
    alice = await guests.join(kind, cast.alice, document)
    vera = await guests.join(kind, cast.vera, document)
    await alice.insert(0, "text")
    await vera.until_text("text")
    await vera.insert(0, "early ")
    await vera.share(claim("vera"))
    await alice.until(lambda view: view.of(vera) == user("vera"))
    assert (await alice.look()).text == "text"

    set_role(cast, document, "vera", "editor")
    if kind in HOCUSPOCUS:
        await vera.until_event("authenticated", scope="read-write")
    else:
        # The protocol has no word for it; the roster knows.
        async with cast.alice.client(document) as script:
            await script.until(
                lambda: "editor" in {entry["role"] for entry in script.present.values()}
            )
    await vera.insert(0, "now ")
    # What she typed before is hers, too, and what follows it cannot do without it.
    await alice.until_text("now early text")
    assert (await vera.look()).connects == 1


async def test_editor_who_becomes_a_viewer_writes_no_more(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    await bob.insert(0, "é😀")
    await alice.until_text("é😀")
    set_role(cast, document, "bob", "viewer")
    if kind in HOCUSPOCUS:
        await bob.until_event("authenticated", scope="readonly")
    else:
        async with cast.alice.client(document) as script:
            await script.until(
                lambda: "viewer" in {entry["role"] for entry in script.present.values()}
            )
    await bob.insert(0, "late ")
    await bob.share(claim("bob"))
    await alice.until(lambda view: view.of(bob) == user("bob"))
    assert (await alice.look()).text == "é😀"
    await alice.insert(2, "!")
    await bob.until_text("late é😀!")
    assert (await bob.look()).connects == 1


async def test_ticket_lets_its_user_in(cast, guests, kind):
    document = cast.alice.create(bob="editor", vera="viewer")
    bob = await guests.join(kind, cast.bob, document, ticket=ticket_for(cast.bob, document))
    vera = await guests.join(kind, cast.vera, document, ticket=ticket_for(cast.vera, document))
    await bob.insert(0, "é😀")
    await vera.until_text("é😀")
    await are_present(cast, document, ("bob", "editor"), ("vera", "viewer"))


async def test_name_is_the_signed_in_users_whatever_is_claimed(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    async with cast.alice.client(document) as script:
        alice = await guests.join(kind, cast.alice, document)
        bob = await guests.join(kind, cast.bob, document)
        await bob.share(claim("Mallory") | {"user": {"name": "Mallory", "username": "alice"}})
        view = await alice.until(lambda view: view.of(bob) is not None)
        assert view.of(bob) == {"name": "bob", "username": "bob"}
        await script.until(lambda: script.awareness.get(bob.id, (0, {}))[1].get("user"))
        assert script.awareness[bob.id][1]["user"] == {"name": "bob", "username": "bob"}


async def test_nobody_speaks_for_another_session(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    async with cast.alice.client(document) as script:
        alice = await guests.join(kind, cast.alice, document)
        bob = await guests.join(kind, cast.bob, document)
        await alice.share(claim("alice"))
        await script.until(lambda: script.awareness.get(alice.id, (0, {}))[1].get("user"))
        await bob.until(lambda view: view.of(alice) == user("alice"))
        _, state = script.awareness[alice.id]
        heard = len(script.received)

        await bob.forge(alice.id, {"user": {"name": "alice"}, "cursor": "forged"})
        await bob.forge(alice.id, None)
        await bob.share(claim("bob") | {"cursor": "behind the forged ones"})
        await script.until(
            lambda: (
                script.awareness.get(bob.id, (0, {}))[1].get("cursor") == "behind the forged ones"
            )
        )
        told = [
            entry
            for message in script.received[heard:]
            if message["type"] == "awareness"
            for entry in message["states"]
            if entry["client"] == alice.id
        ]
        assert all(entry["state"] == state for entry in told), told
        assert script.awareness[alice.id][1] == state
