"""Live lists over the wire, across two processes: in the end each is what REST answers."""

import asyncio
import json
import sys
import uuid
from typing import Any, Self

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.hammer import changes_in
from tests.e2e.people import Cast, Person
from tests.services import ROOT, Server, redis_server, serve

STEPS = 200
HAMMERS = 3
PATIENCE_SECONDS = 30


class LiveList:
    """A list as a client has it who asked for it live, and does what it is told."""

    def __init__(self, person: Person, path: str, method: str, **params: Any) -> None:
        self.person, self.path = person, path
        self.request = {"type": "request", "id": 1, "method": method, "params": params}
        self.items: dict[str | int, Any] = {}
        self.told = 0
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.socket: ClientConnection = await connect(
            f"{self.person.server.ws_url}{self.path}",
            subprotocols=[websockets.Subprotocol("collab.json.v1")],
            additional_headers={"Authorization": f"Token {self.person.token}"},
            max_size=None,
        )
        await self.socket.send(json.dumps(self.request | {"live": True}))
        while (message := json.loads(await self.socket.recv()))["type"] != "response":
            assert message["type"] != "error", message
        self.items = {item["id"]: item for item in message["result"]["results"]}
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self._reading

    async def _read(self) -> None:
        async for frame in self.socket:
            message = json.loads(frame)
            if message["type"] != "push":
                continue
            self.told += 1
            assert message["n"] == self.told, "a push is missing"
            event = message["event"]
            was_there = event["id"] in self.items
            assert was_there == (event["kind"] != "added"), event
            if event["kind"] == "removed":
                del self.items[event["id"]]
            else:
                self.items[event["id"]] = event["item"]
            self._news.set()

    async def becomes(self, path: str, **query: Any) -> None:
        """Wait until it is what REST answers there."""

        def fetch() -> dict[str | int, Any]:
            results = self.person.call("GET", path, params={"page_size": 200, **query}).json()[
                "results"
            ]
            return {item["id"]: item for item in results}

        there = await asyncio.to_thread(fetch)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while {id_: self.items.get(id_) for id_ in there} != there:
                self._news.clear()
                await self._news.wait()
                there = await asyncio.to_thread(fetch)


async def hammer(server: Server, document: str) -> None:
    """Change the document's lists as fast as a process can."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.e2e.hammer", document, str(STEPS)],
        cwd=ROOT,
        env=server.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    # The figure of interest: this many changes a second, from each of them.
    sys.stdout.write(f"{output.decode().strip()} changes a second\n")


async def test_lists_are_right_after_hundreds_of_changes_a_second(cluster_cast: Cast):
    cast = cluster_cast
    document = cast.alice.create(bob="editor", vera="viewer")
    at = f"/ws/documents/{document}/"
    # Several of each: the two processes share them out.
    watching = [
        LiveList(person, path, method, document=document)
        for method in ("members.list", "messages.list")
        for person in (cast.alice, cast.bob, cast.vera)
        for path in (at, "/ws/events/")
    ]
    for each in watching:
        await each.__aenter__()
    await asyncio.gather(*(hammer(cast.server, document) for _ in range(HAMMERS)))
    for each in watching:
        method = str(each.request["method"]).removesuffix(".list")
        await each.becomes(f"/documents/{document}/{method}/")
    for each in watching:
        # Some of what came and went between two looks is nobody's business.
        assert 0 < each.told <= HAMMERS * changes_in(STEPS)
        await each.__aexit__()


async def test_what_changes_while_redis_is_away_is_pushed_all_the_same(new_postgres):
    with (
        redis_server() as redis,
        serve(database_url=new_postgres(), redis_url=redis.url, workers=2) as server,
    ):
        cast = Cast.on(server)
        document = cast.alice.create()
        lists = [
            LiveList(cast.alice, "/ws/events/", "members.list", document=document) for _ in range(4)
        ]
        for each in lists:
            await each.__aenter__()
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(cast.alice.invite, document, "bob", "editor")
        for each in lists:
            await each.becomes(f"/documents/{document}/members/")
        await asyncio.to_thread(redis.start)
        await asyncio.to_thread(cast.alice.invite, document, "vera", "viewer")
        for each in lists:
            await each.becomes(f"/documents/{document}/members/")
            await each.__aexit__()
        cast.close()


@pytest.mark.parametrize("path", ["/ws/events/", "/ws/documents/{}/"])
async def test_script_follows_a_list_over_the_wire(cast: Cast, path: str):
    # Others have made documents on this server too.
    name = f"é😀 {uuid.uuid4()}"
    document = cast.alice.create(title=f"Plan {name}", bob="editor")
    async with LiveList(
        cast.bob, path.format(document), "documents.list", ordering="title", q=name
    ) as own:
        await asyncio.to_thread(
            cast.alice.call, "PATCH", f"/documents/{document}/", json={"title": f"Other {name}"}
        )
        second = await asyncio.to_thread(cast.alice.create, title=f"Second {name}", bob="viewer")
        await own.becomes("/documents/", q=name)
        assert own.items[document]["title"] == f"Other {name}"
        assert own.items.keys() == {document, second}
