"""y-websocket 2 and 3, unmodified: what is peculiar to their wire, `/ws/yjs/<id>`."""

import pytest

from tests.clients.driver import Y_WEBSOCKET

# The first release that understands that a server means no.
UNDERSTANDS_NO = "y-websocket3"

pytestmark = pytest.mark.parametrize("kind", Y_WEBSOCKET)


async def test_member_who_is_removed_is_closed_for_good(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join(kind, cast.bob, document)
    await bob.insert(0, "é😀")
    await alice.until_text("é😀")
    cast.alice.call("DELETE", f"/documents/{document}/members/bob/")
    view = await bob.until(lambda view: view.closes)
    assert view.closes[0] == 4403
    if kind == UNDERSTANDS_NO:
        (closed,) = (await bob.until_event("closed")).named("closed")
        assert closed["code"] == 4403
        assert closed["reason"]
    else:
        # He asks again, and from now on he is told what everybody outside is told.
        view = await bob.until(lambda view: len(view.closes) == 2)
        assert view.closes == [4403, 4404]
    await bob.insert(0, "late ")
    await alice.insert(2, "!")
    await alice.until_text("é😀!")
    assert (await bob.look()).text == "late é😀"


async def test_who_is_outside_finds_no_document(cast, guests, kind):
    document = cast.alice.create()
    charlie = await guests.join(kind, cast.charlie, document)
    assert (await charlie.until(lambda view: view.closes)).closes[0] == 4404
    if kind == UNDERSTANDS_NO:
        assert (await charlie.until_event("closed")).named("closed")[0]["code"] == 4404
        view = await charlie.look()
        assert (len(view.attempts), view.is_synced) == (1, False)


async def test_who_shows_nothing_is_to_sign_in(cast, guests, kind):
    document = cast.alice.create()
    stranger = await guests.join(kind, cast.charlie, document, params={})
    assert (await stranger.until(lambda view: view.closes)).closes[0] == 4401


async def test_document_in_the_trash_is_closed_for_good(cast, guests, kind):
    document = cast.alice.create()
    alice = await guests.join(kind, cast.alice, document)
    await alice.until_synced()
    cast.alice.call("DELETE", f"/documents/{document}/")
    assert (await alice.until(lambda view: view.closes)).closes[0] == 4404


async def test_subprotocol_that_is_offered_is_spoken(cast, guests, kind):
    document = cast.alice.create()
    # A client refuses a server that does not choose one of those it offered.
    alice = await guests.join(kind, cast.alice, document, protocols=["anything", "else"])
    await alice.until_synced()
    assert (await alice.look()).connects == 1


async def test_versions_share_a_document(cast, guests, kind):
    document = cast.alice.create(bob="editor")
    alice = await guests.join(kind, cast.alice, document)
    bob = await guests.join("hocuspocus4", cast.bob, document)
    await alice.insert(0, "é")
    await bob.until_text("é")
    await bob.insert(1, "😀")
    await alice.until_text("é😀")
