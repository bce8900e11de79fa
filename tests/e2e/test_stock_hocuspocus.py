"""@hocuspocus/provider 2, 3 and 4, unmodified: what is peculiar to their wire, `/ws/hocuspocus`."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.clients.driver import HOCUSPOCUS
from tests.clients.guests import ticket_for
from tests.e2e.people import Cast
from tests.services import Server, serve

# 2.x has no word for being asked for a token, and gives none a second time.
RENEWS = ["hocuspocus3", "hocuspocus4"]
# 2.x counts an edit that waited for the socket down twice, and then below zero.
COUNTS = RENEWS
# How long the server with a slow disk waits before it commits, and how long for a new ticket.
GATHER_SECONDS = 1.0
RENEWAL_SECONDS = 0.5

every_kind = pytest.mark.parametrize("kind", HOCUSPOCUS)


@pytest.fixture(scope="module")
def slow_server(new_sqlite) -> Iterator[Server]:
    """One that is slow to commit, and has little patience with an expired ticket."""
    options = {"journal_gather_seconds": GATHER_SECONDS, "renewal_seconds": RENEWAL_SECONDS}
    with serve(database_url=new_sqlite(), options=options) as running:
        yield running


@pytest.fixture(scope="module")
def slow_cast(slow_server) -> Iterator[Cast]:
    with closing(Cast.on(slow_server)) as people:
        yield people


@every_kind
async def test_two_documents_share_a_socket(cast, guests, kind):
    first, second = cast.alice.create(bob="editor"), cast.alice.create(bob="editor")
    watcher = await guests.join(kind, cast.alice, second)
    one = await guests.join(kind, cast.bob, first)
    other = await guests.join(kind, cast.bob, second, line=one)
    await one.insert(0, "first é")
    await other.insert(0, "second 😀")
    await watcher.until_text("second 😀")
    await one.until_saved()
    assert (await other.until_saved()).connects == 1
    assert cast.alice.content(first)["text"] == "first é"
    assert cast.alice.content(second)["text"] == "second 😀"


@every_kind
async def test_both_documents_of_a_socket_come_back_after_a_drop(cast, guests, kind):
    first, second = cast.alice.create(), cast.alice.create()
    one = await guests.join(kind, cast.alice, first)
    other = await guests.join(kind, cast.alice, second, line=one)
    await one.until_saved()
    await other.until_saved()
    await one.drop()
    await one.insert(0, "é")
    await other.insert(0, "😀")
    await one.until(lambda view: view.connects == 2)
    await one.until_saved()
    await other.until_saved()
    assert cast.alice.content(first)["text"] == "é"
    assert cast.alice.content(second)["text"] == "😀"


async def test_two_sessions_of_one_document_share_a_socket(cast, guests):
    document = cast.alice.create(bob="editor")
    bob = await guests.join("hocuspocus4", cast.bob, document)
    left = await guests.join("hocuspocus4", cast.alice, document, sessionAwareness=True)
    right = await guests.join("hocuspocus4", cast.alice, document, sessionAwareness=True, line=left)
    await left.insert(0, "é")
    await right.until_text("é")
    await right.insert(1, "😀")
    for client in (left, bob):
        await client.until_text("é😀")
    await left.until_saved()
    assert (await right.until_saved()).connects == 1
    await left.share({"pane": "left"})
    await right.share({"pane": "right"})
    await bob.until(lambda view: view.of(left, "pane") and view.of(right, "pane"))
    await left.until(lambda view: view.of(right, "pane") == "right")
    await left.send_stateless("é😀")
    for client in (right, bob):
        await client.until_event("stateless", payload="é😀")
    assert not (await left.look()).named("stateless")
    # One of them goes; the other stays.
    await left.close()
    await bob.until(lambda view: left.id not in view.states)
    await right.insert(0, "still ")
    await bob.until_text("still é😀")


@every_kind
async def test_nothing_is_unsaved_only_after_the_commit(slow_cast, guests, kind):
    document = slow_cast.alice.create(bob="editor")
    alice = await guests.join(kind, slow_cast.alice, document)
    bob = await guests.join(kind, slow_cast.bob, document)
    await alice.until_saved()
    await bob.until_saved()
    await bob.insert(0, "é😀")
    await alice.until_text("é😀")
    # Everybody sees it before it is on disk, and only its author waits.
    view = await bob.look()
    assert (view.has_unsaved, slow_cast.alice.content(document)["text"]) == (True, "")
    await bob.until_saved()
    assert slow_cast.alice.content(document)["text"] == "é😀"


@pytest.mark.parametrize("kind", COUNTS)
async def test_every_kind_of_edit_is_confirmed_once(cast, guests, kind):
    document = cast.alice.create()
    alice = await guests.join(kind, cast.alice, document, connect=False)
    # One that waits for the socket, one with the answer to the server's step 1, many at once.
    await alice.insert(0, "offline ")
    await alice.reconnect()
    await alice.until_saved()
    for letter in "é😀abc":
        await alice.insert(0, letter)
    await alice.delete(0, 3)
    await alice.until_saved()
    await alice.drop()
    await alice.insert(0, "dropped ")
    await alice.until(lambda view: view.connects == 2)
    view = await alice.until_saved()
    assert cast.alice.content(document)["text"] == view.text
    # What is counted twice would be missing here: saved before it is.
    await alice.insert(0, "last ")
    view = await alice.until_saved()
    assert cast.alice.content(document)["text"] == view.text


@every_kind
async def test_stateless_message_reaches_all_others_and_not_its_sender(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    sender = await guests.join(kind, cast.alice, document)
    others = [await guests.join(other, cast.bob, document) for other in HOCUSPOCUS]
    elsewhere = await guests.join(kind, cast.alice, cast.alice.create())
    for client in (sender, elsewhere, *others):
        await client.until_synced()
    await sender.send_stateless("é😀")
    for client in others:
        await client.until_event("stateless", payload="é😀")
    # An answer that comes later: nothing is still on its way to the sender.
    await others[0].send_stateless("answer")
    view = await sender.until_event("stateless", payload="answer")
    assert [event["payload"] for event in view.named("stateless")] == ["answer"]
    assert not (await elsewhere.look()).named("stateless")


@every_kind
async def test_document_that_is_denied_does_not_disturb_another(cast, guests, kind):
    document = cast.bob.create(alice="editor")
    foreign = cast.alice.create()
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    denied = await guests.join(kind, cast.bob, foreign, line=bob)
    missing = await guests.join(kind, cast.bob, str(uuid.uuid4()), line=bob)
    for client in (denied, missing):
        view = await client.until_event("authenticationFailed")
        assert view.named("authenticationFailed")[0]["reason"]
        assert not view.is_synced
    await denied.insert(0, "no")
    await bob.insert(0, "é😀")
    await alice.until_text("é😀")
    view = await bob.until_saved()
    assert (view.connects, view.closes) == (1, [])
    assert cast.alice.content(foreign)["text"] == ""


@every_kind
async def test_who_brings_no_good_token_is_denied(cast, guests, kind):
    for tokens in (["nonsense"], ["é😀"], [cast.alice.token[:-1]]):
        # Each in a document of its own: who is denied again and again waits for it.
        document = cast.alice.create()
        client = await guests.join(kind, cast.alice, document, tokens=tokens)
        view = await client.until_event("authenticationFailed")
        assert (view.is_open, view.is_synced, view.closes) == (True, False, [])


@pytest.mark.parametrize(
    "kind",
    [
        "hocuspocus2",
        "hocuspocus3",
        "hocuspocus4",
    ],
)
async def test_who_shows_a_token_to_the_socket_needs_none_for_the_document(stock, cast, kind):
    document = cast.alice.create()
    url = f"{cast.server.ws_url}/ws/hocuspocus?token={cast.alice.token}"
    client = await stock.connect(kind, url=url, document=document)
    try:
        await client.until(lambda view: view.is_synced or view.named("authenticationFailed"))
        view = await client.look()
        assert (view.scope, view.named("authenticationFailed")) == ("read-write", [])
    finally:
        await client.close()


@every_kind
async def test_member_who_is_removed_is_denied_and_keeps_the_socket(cast, guests, kind):
    document, own = cast.alice.create(bob="editor"), cast.bob.create()
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    other = await guests.join(kind, cast.bob, own, line=bob)
    await bob.insert(0, "é😀")
    await alice.until_text("é😀")
    await other.until_saved()
    cast.alice.call("DELETE", f"/documents/{document}/members/bob/")
    view = await bob.until_event("authenticationFailed")
    await alice.until(lambda view: bob.id not in view.states)
    await bob.insert(0, "late ")
    await other.insert(0, "mine")
    view = await other.until_saved()
    assert (view.connects, view.closes) == (1, [])
    assert cast.bob.content(own)["text"] == "mine"
    await alice.insert(2, "!")
    assert (await alice.until_saved()).text == "é😀!"
    assert (await bob.look()).text == "late é😀"


@pytest.mark.parametrize("kind", RENEWS)
async def test_ticket_that_expires_is_renewed_without_a_drop(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    short = ticket_for(cast.bob, document, expires_in=3)
    alice = await guests.join(kind, cast.alice, document)
    tokens = [short, ticket_for(cast.bob, document)]
    bob = await guests.join(kind, cast.bob, document, tokens=tokens)
    await bob.insert(0, "é")
    view = await bob.until_saved()
    assert len(view.named("token")) == 1
    view = await bob.until(lambda view: len(view.named("token")) == 2)
    await bob.until(lambda view: len(view.named("authenticated")) == 2)
    await bob.insert(1, "😀")
    await alice.until_text("é😀")
    view = await bob.until_saved()
    assert (view.connects, view.closes, view.named("authenticationFailed")) == (1, [], [])


async def test_ticket_that_expires_and_is_not_renewed_is_the_end(slow_cast, guests):
    document = slow_cast.alice.create(bob="editor")
    short = ticket_for(slow_cast.bob, document, expires_in=3)
    alice = await guests.join("hocuspocus4", slow_cast.alice, document)
    # Asked for another, their function gives the same again; 2.x does not even understand that.
    expiring = [
        await guests.join(kind, slow_cast.bob, document, tokens=[short]) for kind in HOCUSPOCUS
    ]
    for client in expiring:
        await client.insert(0, "é")
    await alice.until_text("ééé")
    for client in expiring:
        await client.until_event("authenticationFailed")
        await client.insert(1, "😀")
    await alice.insert(0, "a")
    assert (await alice.until_saved()).text == "aééé"
    for client in expiring:
        assert (await client.look()).is_open


@every_kind
async def test_client_of_another_document_at_the_same_time_is_not_confused(cast, guests, kind):
    """Sockets that come and go while others stay: nobody gets anybody else's frames."""
    document = cast.alice.create(bob="editor")
    bob = await guests.join(kind, cast.bob, document)
    await bob.until_saved()
    passing = [await guests.join(kind, cast.alice, cast.alice.create()) for _ in range(5)]
    await asyncio.gather(*(client.insert(0, f"{client.number}") for client in passing))
    for client in passing:
        view = await client.until_saved()
        assert view.text == f"{client.number}"
        await client.drop()
    assert (await bob.look()).text == ""
