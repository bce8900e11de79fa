"""Stock clients pass on what they hear of others, and late: frames as y-websocket sends them."""

import asyncio

from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.people import Cast, Person

STEP_1 = bytes.fromhex("00000100")
# Client 22 writes "é" into `content`.
UPDATE = bytes.fromhex("00021201011600040107636f6e74656e7402c3a900")
ALICES_ID, BOBS_ID = 11, 22


def awareness(client: int, clock: int) -> bytes:
    """One client's awareness, as it says it of itself or passes it on."""
    state = b'{"user":{"name":"x"}}'
    entry = bytes([1, client, clock, len(state)]) + state
    return bytes([1, len(entry)]) + entry


async def join(person: Person, document: str, client: int) -> ClientConnection:
    path = f"/ws/yjs/{document}?token={person.token}"
    socket = await connect(f"{person.server.ws_url}{path}", compression=None)
    await socket.send(STEP_1)
    await socket.send(awareness(client, 0))
    async with asyncio.timeout(5):
        # Its own step 1, and then step 2.
        assert (await socket.recv())[:2] == b"\x00\x00"
        assert (await socket.recv())[:2] == b"\x00\x01"
    return socket


async def test_echo_of_somebody_who_left_does_not_take_their_client_id(cast: Cast):
    document = cast.alice.create(bob="editor")
    async with cast.alice.client(document) as script:
        lost = await join(cast.alice, document, ALICES_ID)
        bob = await join(cast.bob, document, BOBS_ID)
        await script.until(lambda: {ALICES_ID, BOBS_ID} <= script.awareness.keys())
        # She comes back, at the clock that she had, before it is known that she was lost.
        alice = await join(cast.alice, document, ALICES_ID)
        bob.transport.abort()
        await script.until(lambda: BOBS_ID not in script.awareness)
        # What she had heard of him is still on its way.
        await alice.send(awareness(BOBS_ID, 0))
        bob = await join(cast.bob, document, BOBS_ID)
        await bob.send(UPDATE)
        # Well below confirm_seconds, after which he is closed with 1013, again and again.
        await script.until(lambda: str(script.text) == "é", seconds=3)
        await script.until(lambda: script.awareness[BOBS_ID][1]["user"]["username"] == "bob")
        for socket in (lost, alice, bob):
            await socket.close()
