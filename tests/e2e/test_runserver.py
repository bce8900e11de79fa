"""`manage.py runserver`, as Django people expect it: pages, REST and sockets, by daphne."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.people import Cast
from tests.services import Server, serve

COMMAND = 'python manage.py runserver --noreload "$HOST:$PORT"'


@pytest.fixture
def runserver(new_sqlite: Callable[[], str]) -> Iterator[Server]:
    with serve(database_url=new_sqlite(), env={"DEBUG": "1"}, command=COMMAND) as running:
        yield running


@pytest.fixture
def runserver_cast(runserver: Server) -> Iterator[Cast]:
    people = Cast.on(runserver)
    yield people
    people.close()


async def test_runserver_serves_pages_rest_and_sockets(runserver, runserver_cast):
    alice, bob = runserver_cast.alice, runserver_cast.bob
    assert "script" in alice.call("GET", f"{runserver.url}/").text
    document = alice.create(bob="editor")
    async with alice.client(document) as writer, bob.client(document) as reader:
        writer.insert(0, "né 😀")
        await writer.saved()
        await reader.until(lambda: str(reader.text) == "né 😀")
        alice.call("DELETE", f"/documents/{document}/members/bob/")
        assert await reader.closed() == 4403
    assert alice.content(document)["text"] == "né 😀"
