"""Access that ends here ends there: what one process is told closes the sockets of another."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
import pytest

from tests.e2e.client import Client
from tests.e2e.people import PASSWORD, Cast, Person
from tests.services import ROOT, Server, redis_server, serve

# Far less than the 30 s after which everybody is looked at anyway.
SOON_SECONDS = 10

Twins = tuple[Server, Server]


class Browser:
    """Somebody who is signed in on one server with a password."""

    def __init__(self, server: Server, username: str) -> None:
        self.server = server
        self.http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=60)
        account = {"username": username, "password": PASSWORD}
        assert self.http.post("/auth/login/", json=account).is_success
        self.cookie = f"sessionid={self.http.cookies['sessionid']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def client(self, document: str, server: Server) -> Client:
        headers = {"Cookie": self.cookie}
        return Client(server.ws_url, document, headers=headers, origin="http://127.0.0.1")

    def log_out(self) -> None:
        token = {"X-CSRFToken": self.http.cookies["csrftoken"], "Referer": self.server.url}
        assert self.http.post("/auth/logout/", headers=token).status_code == 204


def run_django(server: Server, code: str) -> None:
    """What an operator does in a process of their own."""
    imports = (
        "from django.contrib.auth import get_user_model;"
        "from rest_framework.authtoken.models import Token;"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", imports + code],
        cwd=ROOT,
        env=server.environment,
        check=True,
        timeout=60,
    )


async def guest(server: Server, document: str) -> Client:
    client = Client(server.ws_url, document)
    await client.open()
    await client.send({"type": "hello"})
    await client.until(lambda: bool(client.welcome))
    await client.sync()
    return client


def put_link(person: Person, document: str, **link: Any) -> None:
    whole = {"reach": "anyone", "role": "editor", "expires_at": None, **link}
    person.call("PUT", f"/documents/{document}/link/", json=whole)


async def test_log_out_closes_that_browsers_sockets_in_both_processes(
    twins: Twins, twin_cast: Cast
):
    document = twin_cast.alice.create(bob="editor")
    async with AsyncExitStack() as stack:
        browser = stack.enter_context(Browser(twins[0], "bob"))
        gone = [
            await stack.enter_async_context(browser.client(document, server)) for server in twins
        ]
        stays = await stack.enter_async_context(twin_cast.bob.client(document, url=twins[1].ws_url))
        await asyncio.to_thread(browser.log_out)
        assert [await client.closed(seconds=SOON_SECONDS) for client in gone] == [4403, 4403]
        stays.insert(0, "é😀")
        await stays.saved()


@pytest.mark.parametrize(
    "code",
    [
        "Token.objects.filter(user__username={!r}).delete()",
        "u = get_user_model().objects.get(username={!r}); u.is_active = False; u.save()",
        "get_user_model().objects.get(username={!r}).delete()",
    ],
    ids=["token deleted", "user deactivated", "user deleted"],
)
async def test_what_an_operator_ends_is_over_in_both_processes(
    twins: Twins, twin_cast: Cast, code: str, request: pytest.FixtureRequest
):
    person = Person(twins[0], "u" + request.node.callspec.id.replace(" ", ""))
    await asyncio.to_thread(person.register)
    document = twin_cast.alice.create(**{person.username: "editor"})
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(person.client(document, url=server.ws_url))
            for server in twins
        ]
        await asyncio.to_thread(run_django, twins[0], code.format(person.username))
        assert [await client.closed(seconds=SOON_SECONDS) for client in clients] == [4403, 4403]
    person.http.close()


@pytest.mark.parametrize("change", ["removal", "link narrowed"])
async def test_who_loses_a_document_is_out_of_it_in_both_processes(
    twins: Twins, twin_cast: Cast, change: str
):
    alice = twin_cast.alice
    document = alice.create(bob="editor")
    await asyncio.to_thread(put_link, alice, document)
    clients = []
    for server in twins:
        if change == "removal":
            clients.append(twin_cast.bob.client(document, url=server.ws_url))
            await clients[-1].connect()
        else:
            clients.append(await guest(server, document))
    await asyncio.to_thread(put_link, alice, document, reach="restricted")
    if change == "removal":
        await asyncio.to_thread(alice.call, "DELETE", f"/documents/{document}/members/bob/")
    assert [await client.closed(seconds=SOON_SECONDS) for client in clients] == [4403, 4403]


async def test_who_may_do_less_is_told_and_held_to_it_in_both_processes(
    twins: Twins, twin_cast: Cast
):
    alice = twin_cast.alice
    document = alice.create(bob="editor")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(twin_cast.bob.client(document, url=server.ws_url))
            for server in twins
        ]
        path = f"/documents/{document}/members/bob/"
        await asyncio.to_thread(alice.call, "PATCH", path, json={"role": "viewer"})
        for client in clients:
            await client.until(lambda c=client: c.role == "viewer", seconds=SOON_SECONDS)
            client.insert(0, "late é😀")
            await client.until(lambda c=client: c.errors != [])
            assert client.errors[0]["code"] == "read_only"
    assert alice.content(document)["text"] == ""


async def test_link_that_ends_puts_guests_out_in_both_processes(twins: Twins, twin_cast: Cast):
    document = twin_cast.alice.create()
    ends = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    await asyncio.to_thread(put_link, twin_cast.alice, document, expires_at=ends)
    guests = [await guest(server, document) for server in twins]
    assert [await client.closed(seconds=SOON_SECONDS) for client in guests] == [4403, 4403]


@pytest.mark.parametrize("end", [Browser.log_out, None], ids=["log-out", "deactivated"])
async def test_what_ends_while_redis_is_away_is_found(
    new_postgres: Callable[[], str], end: Callable[[Browser], None] | None
):
    with redis_server() as redis:
        services = {"database_url": new_postgres(), "redis_url": redis.url}
        often = {"access_recheck_seconds": 0.5}
        with serve(**services) as here, serve(**services, options=often) as there:
            cast = Cast.on(here)
            document = cast.alice.create(bob="editor")
            with Browser(here, "bob") as browser:
                client = browser.client(document, there)
                await client.connect()
                await asyncio.to_thread(redis.stop)
                if end is not None:
                    await asyncio.to_thread(end, browser)
                else:
                    code = "get_user_model().objects.filter(username='bob').update(is_active=False)"
                    await asyncio.to_thread(run_django, here, code)
                # A session that is gone may have been replaced: they are asked to come again.
                assert await client.closed() == (1013 if end else 4403)
                await client.open()
                await client.send({"type": "hello"})
                assert await client.closed() == 4401
            cast.close()
