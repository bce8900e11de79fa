"""Who may not stay does not, on any wire: what they came with is over, or their link is.

"Denied" on the Hocuspocus wire is 4403 on the others.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session as BrowserSession
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client as HttpClient
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token

from collab import doors
from collab.doors import Credentials
from collab.hub import current_hub, drain_hub
from collab.link_ends import LinkEnds
from collab.records import read_access
from documents import bus
from documents.lifecycle import create_document, trash_document
from documents.links import change_link
from documents.models import Document, LinkReach, Membership
from documents.revocation import digest_of
from documents.roles import Role
from documents.tickets import issue_ticket
from tests.collab.binary import BinarySocket, auth, chunk, step_1
from tests.collab.conftest import Socket, Sockets, in_thread, path_to

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://testserver"
DENIED, READ_WRITE = b"\2\1", b"\2\2"


@dataclass
class Browser:
    """Somebody signed in with a browser: over HTTP, and with its cookie on sockets."""

    http: HttpClient

    @classmethod
    async def of(cls, user: Any) -> "Browser":
        http = HttpClient()
        await in_thread(lambda: http.force_login(user))
        return cls(http)

    @property
    def key(self) -> str:
        return self.http.cookies[django_settings.SESSION_COOKIE_NAME].value

    @property
    def headers(self) -> dict[str, str]:
        cookie = f"{django_settings.SESSION_COOKIE_NAME}={self.key}"
        return {"cookie": cookie, "origin": ORIGIN}

    async def log_out(self) -> None:
        answer = await in_thread(lambda: self.http.post("/api/v1/auth/logout/"))
        assert answer.status_code == 204


# Waits for the end, and returns its code.
End = Callable[[], Awaitable[int]]


class Wires:
    """Joins a document on any of the wires, by a header."""

    def __init__(self, sockets: Sockets) -> None:
        self.sockets = sockets
        self.binary: list[BinarySocket] = []

    async def join(self, wire: str, document: Document, headers: dict[str, str]) -> End:
        match wire:
            case "json" | "events":
                path = "/ws/events/" if wire == "events" else path_to(document)
                given = {**headers, "token": headers.get("authorization", "")[len("Token ") :]}
                given.pop("authorization", None)
                socket = await self.sockets(path, **given)
                await socket.receive("welcome")
                return socket.close_code
            case "yjs":
                binary = await self.open(f"/ws/yjs/{document.id}", headers)
                await binary.send(step_1())
                await binary.until(b"\0\1")
                return binary.close_code
            case _:
                binary = await self.open("/ws/hocuspocus", headers)
                key = chunk(str(document.id))
                await binary.send(key + auth("", ""))
                await binary.until(key + READ_WRITE)

                async def denied() -> int:
                    got = await binary.until(key + DENIED, 1013)
                    return got if isinstance(got, int) else 4403

                return denied

    async def open(self, path: str, headers: dict[str, str]) -> BinarySocket:
        socket = BinarySocket(path, **headers)
        self.binary.append(socket)
        return await socket.connect()


@pytest.fixture
async def wires(sockets: Sockets) -> AsyncIterator[Wires]:
    opened = Wires(sockets)
    yield opened
    for socket in opened.binary:
        if not socket.communicator.future.done():
            await socket.communicator.disconnect()
    await drain_hub()


async def token_of(user: Any) -> dict[str, str]:
    token = await in_thread(lambda: Token.objects.get_or_create(user=user)[0].key)
    return {"authorization": f"Token {token}"}


def lose_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "publish", lambda *hints: None)


def deactivate(user: Any) -> None:
    user.is_active = False
    user.save(update_fields=["is_active"])


def open_link(
    document: Document, *, role: Role = Role.EDITOR, seconds: float | None = None
) -> None:
    ends = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    change_link(document=document, reach=LinkReach.ANYONE, role=role, expires_at=ends)


# What one came with ----------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["json", "events", "yjs", "hocuspocus"])
async def test_log_out_closes_what_came_with_that_browser_and_nothing_else(
    wires, bob, text_document, wire
):
    browser, other = await Browser.of(bob), await Browser.of(bob)
    ended = [await wires.join(wire, text_document, browser.headers) for _ in range(2)]
    stays = await wires.sockets(path_to(text_document), **other.headers)
    script = await wires.sockets.of(bob, text_document)
    await browser.log_out()
    assert [await end() for end in ended] == [4403, 4403]
    for socket in (stays, script):
        await socket.join()
        await socket.acknowledged(await socket.type("é😀"))


@pytest.mark.parametrize("wire", ["json", "events", "yjs", "hocuspocus"])
@pytest.mark.parametrize("act", ["delete", "bulk delete"])
async def test_token_that_is_deleted_closes_what_came_with_it(wires, bob, text_document, wire, act):
    browser = await Browser.of(bob)
    end = await wires.join(wire, text_document, await token_of(bob))
    stays = await wires.sockets(path_to(text_document), **browser.headers)
    token = await in_thread(lambda: Token.objects.get(user=bob))
    if act == "delete":
        await in_thread(token.delete)
    else:
        await in_thread(lambda: Token.objects.filter(user=bob).delete())
    assert await end() == 4403
    await stays.join()


@pytest.mark.parametrize("wire", ["json", "events", "yjs", "hocuspocus"])
@pytest.mark.parametrize("way", ["browser", "token"])
async def test_user_who_is_deactivated_is_out_however_they_came(
    wires, alice, bob, text_document, wire, way
):
    headers = (await Browser.of(bob)).headers if way == "browser" else await token_of(bob)
    end = await wires.join(wire, text_document, headers)
    stays = await wires.sockets.joined(alice, text_document)
    await in_thread(lambda: deactivate(bob))
    assert await end() == 4403
    await stays.acknowledged(await stays.type("é😀"))


async def test_user_who_is_deleted_is_out(wires, bob, text_document):
    end = await wires.join("json", text_document, await token_of(bob))
    await in_thread(bob.delete)
    assert await end() == 4403


async def test_new_password_shuts_out_the_other_browsers(wires, bob, text_document):
    browser, other = await Browser.of(bob), await Browser.of(bob)
    ends = [await wires.join("json", text_document, each.headers) for each in (browser, other)]
    script = await wires.sockets.of(bob, text_document)

    def change() -> None:
        # As Django's own view does it: this browser goes on, in another session.
        bob.set_password("another é😀")
        bob.save()
        request = HttpRequest()
        request.user, request.session = bob, browser.http.session
        update_session_auth_hash(request, bob)
        request.session.save()
        browser.http.cookies[django_settings.SESSION_COOKIE_NAME] = request.session.session_key

    await in_thread(change)
    # All are asked to come again with what they have.
    assert [await end() for end in ends] == [1013, 1013]
    await (await wires.sockets(path_to(text_document), **browser.headers)).join()
    shut_out = await wires.sockets(path_to(text_document), **other.headers)
    await shut_out.send(type="hello")
    assert await shut_out.close_code() == 4401
    await script.join()


async def test_user_who_is_saved_as_they_were_stays(wires, bob, text_document):
    browser = await Browser.of(bob)
    socket = await wires.sockets(path_to(text_document), **browser.headers)
    hub = await current_hub()
    looked = asyncio.Event()
    recheck = hub.guard.recheck

    async def look(*arguments: Any) -> None:
        await recheck(*arguments)
        looked.set()

    hub.guard.recheck = look
    await in_thread(bob.save)
    await asyncio.wait_for(looked.wait(), 10)
    await socket.join()


async def test_log_in_and_a_deletion_that_is_taken_back_say_nothing(bob, monkeypatch):
    said: list[bus.Hint] = []
    monkeypatch.setattr(bus, "publish", lambda *hints: said.extend(hints))

    def work() -> None:
        token = Token.objects.create(user=bob)
        with transaction.atomic():
            token.delete()
            transaction.set_rollback(True)

    await in_thread(work)
    browser = await Browser.of(bob)
    key = browser.key
    assert said == []
    await browser.log_out()
    assert said == [bus.credentials_changed(over=digest_of(key))]
    assert key not in str(said)


async def test_who_comes_with_a_session_that_is_being_ended_is_late(wires, bob, text_document):
    browser = await Browser.of(bob)
    hub = await current_hub()
    # Django says so before it deletes the session: the doors still let it in.
    hub.guard.hear(bus.credentials_changed(over=digest_of(browser.key)))
    for path in (path_to(text_document), "/ws/events/"):
        socket = await wires.sockets(path, **browser.headers)
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("path", ["document", "events"])
async def test_who_is_being_looked_up_while_it_is_ended_is_late_too(
    wires, bob, text_document, monkeypatch, path
):
    browser = await Browser.of(bob)
    hub = await current_hub()
    await wires.sockets.joined(bob, text_document)
    read, found, may_go = hub.read, asyncio.Event(), asyncio.Event()

    async def read_slowly(work: Any) -> Any:
        result = await read(work)
        found.set()
        await may_go.wait()
        return result

    monkeypatch.setattr(hub, "read", read_slowly)
    address = path_to(text_document) if path == "document" else "/ws/events/"
    socket = Socket(address, **browser.headers)
    wires.sockets.opened.append(socket)
    await socket.connect()
    await asyncio.wait_for(found.wait(), 10)
    await browser.log_out()
    may_go.set()
    assert await socket.close_code() in (4401, 4403)


async def test_what_was_sent_behind_a_log_out_does_not_count(wires, bob, text_document):
    browser = await Browser.of(bob)
    socket = await wires.sockets(path_to(text_document), **browser.headers)
    await socket.join()
    hub = await current_hub()
    hub.guard.hear(bus.credentials_changed(over=digest_of(browser.key)))
    await socket.type("late é😀")
    assert await socket.close_code() == 4403
    content = await in_thread(lambda: Document.objects.get(id=text_document.id).head_seq)
    assert content == 0


async def test_token_that_was_brought_later_counts_from_then_on(wires, bob, text_document):
    first = (await token_of(bob))["authorization"][len("Token ") :]
    ticket = await in_thread(lambda: issue_ticket(user=bob, document=text_document)[0])
    socket = await wires.open("/ws/hocuspocus", {})
    key = chunk(str(text_document.id))
    for token in (first, ticket):
        await socket.send(key + auth(token, ""))
        await socket.until(key + READ_WRITE)
    await in_thread(lambda: Token.objects.filter(user=bob).delete())
    await in_thread(lambda: deactivate(bob))
    denied = await socket.until(key + DENIED)
    assert b"deactivated" in denied


# When no hint comes ------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db"])
async def test_browser_session_that_is_gone_is_found_without_a_hint(
    wires, bob, text_document, settings, monkeypatch, engine
):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.COLLAB = {"access_recheck_seconds": 0.05}
    lose_hints(monkeypatch)
    browser, other = await Browser.of(bob), await Browser.of(bob)
    end = await wires.join("json", text_document, browser.headers)
    stays = await wires.sockets(path_to(text_document), **other.headers)
    await browser.log_out()
    # It may have been replaced by a sign-in: who has none is refused when they come again.
    assert await end() == 1013
    again = await wires.sockets(path_to(text_document), **browser.headers)
    await again.send(type="hello")
    assert await again.close_code() == 4401
    await stays.join()


@pytest.mark.parametrize("what", ["token", "user", "expired session"])
async def test_what_is_over_is_found_without_a_hint(
    wires, bob, text_document, settings, monkeypatch, what
):
    settings.COLLAB = {"access_recheck_seconds": 0.05}
    lose_hints(monkeypatch)
    browser = await Browser.of(bob)
    headers = browser.headers if what == "expired session" else await token_of(bob)
    end = await wires.join("json", text_document, headers)
    changes: dict[str, Callable[[], Any]] = {
        "token": lambda: Token.objects.filter(user=bob).delete(),
        "user": lambda: type(bob).objects.filter(pk=bob.pk).update(is_active=False),
        "expired session": lambda: BrowserSession.objects.update(expire_date=datetime.now(UTC)),
    }
    await in_thread(changes[what])
    assert await end() == (1013 if what == "expired session" else 4403)


async def test_who_signs_in_as_somebody_else_comes_back_as_that(
    wires, alice, bob, text_document, settings
):
    settings.COLLAB = {"access_recheck_seconds": 0.05}
    browser = await Browser.of(bob)
    end = await wires.join("json", text_document, browser.headers)
    await in_thread(lambda: browser.http.force_login(alice))
    assert await end() == 1013
    again = await wires.sockets(path_to(text_document), **browser.headers)
    assert (await again.receive("welcome"))["user"]["username"] == "alice"


async def test_access_to_many_documents_is_looked_up_together(
    alice, bob, charlie, django_assert_num_queries
):
    def look() -> None:
        mine, shared, open_one, trashed = [create_document(owner=alice) for _ in range(4)]
        Membership.objects.create(document=shared, user=bob, role=Role.VIEWER)
        change_link(document=open_one, reach=LinkReach.ANYONE, role=Role.COMMENTER, expires_at=None)
        trash_document(document=trashed)
        type(charlie).objects.filter(pk=charlie.pk).update(is_active=False)
        everybody = {None, alice.pk, bob.pk, charlie.pk}
        documents = [mine, shared, open_one, trashed]
        with django_assert_num_queries(3):
            found = read_access({document.id: everybody for document in documents})
        nobody = dict.fromkeys(everybody)
        assert {id_: access.roles for id_, access in found.items()} == {
            mine.id: nobody | {alice.pk: Role.OWNER},
            shared.id: nobody | {alice.pk: Role.OWNER, bob.pk: Role.VIEWER},
            open_one.id: {
                None: Role.COMMENTER,
                alice.pk: Role.OWNER,
                bob.pk: Role.COMMENTER,
                charlie.pk: None,
            },
        }

    await in_thread(look)


@pytest.mark.parametrize("count", [1, 4])
async def test_look_at_everybody_takes_three_queries(alice, bob, vera, charlie, count):
    people = [alice, bob, vera, charlie][:count]
    browsers = [await Browser.of(user) for user in people]
    tokens = [(await token_of(user))["authorization"][len("Token ") :] for user in people]
    entered = {
        (user.pk, came)
        for user, browser, token in zip(people, browsers, tokens, strict=True)
        for came in (Credentials(session_key=browser.key), Credentials(token=token))
    }

    def look() -> tuple[dict[Any, Any], int]:
        with CaptureQueriesContext(connection) as queries:
            return doors.find_over(entered), len(queries)

    assert await in_thread(look) == ({}, 3)


# Tickets and links -------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["json", "yjs"])
async def test_ticket_that_ends_closes_what_came_with_it(wires, bob, text_document, wire):
    ticket = await in_thread(
        lambda: issue_ticket(user=bob, document=text_document, expires_in_seconds=1)[0]
    )
    if wire == "json":
        socket = await wires.sockets(f"{path_to(text_document)}?ticket={ticket}")
        await socket.receive("welcome")
        assert await socket.close_code() == 4401
    else:
        binary = await wires.open(f"/ws/yjs/{text_document.id}?ticket={ticket}", {})
        assert await binary.close_code() == 4401


@pytest.mark.parametrize("wire", ["json", "yjs", "hocuspocus"])
async def test_link_that_ends_puts_its_visitors_out(wires, alice, text_document, wire):
    await in_thread(lambda: open_link(text_document, seconds=0.5))
    stays = await wires.sockets.joined(alice, text_document)
    if wire == "json":
        socket = await wires.sockets(path_to(text_document))
        await socket.send(type="hello")
        await socket.receive("welcome")
        end: End = socket.close_code
    else:
        end = await wires.join(wire, text_document, {})
    assert await end() == 4403
    await stays.acknowledged(await stays.type("é😀"))


async def test_member_is_what_they_were_when_the_link_ends(wires, vera, text_document):
    await in_thread(lambda: open_link(text_document, seconds=0.5))
    socket = await wires.sockets.of(vera, text_document)
    assert (await socket.receive("welcome"))["role"] == "editor"
    assert (await socket.receive("role"))["role"] == "viewer"


async def test_link_that_is_given_an_end_later_ends_then(wires, text_document):
    await in_thread(lambda: open_link(text_document))
    socket = await wires.sockets(path_to(text_document))
    await socket.send(type="hello")
    await socket.receive("welcome")
    await in_thread(lambda: open_link(text_document, role=Role.VIEWER, seconds=0.5))
    assert (await socket.receive("role"))["role"] == "viewer"
    assert await socket.close_code() == 4403


async def test_live_list_of_who_came_by_the_link_ends_with_it(wires, alice, charlie, text_document):
    await in_thread(lambda: open_link(text_document, seconds=0.5))
    lists = (await current_hub()).lists
    watchers = []
    for user in (alice, charlie):
        token = (await token_of(user))["authorization"][len("Token ") :]
        watchers.append(await wires.sockets("/ws/events/", token=token))
        params = {"document": str(text_document.id)}
        await watchers[-1].send(
            type="request", id=1, method="members.list", params=params, live=True
        )
        await watchers[-1].receive("response")
    # Nobody has the document open: it is the list that knows.
    assert (await watchers[1].receive("error"))["code"] == "not_found"
    await watchers[0].send(type="ping")
    assert (await watchers[0].receive("pong", "error"))["type"] == "pong"
    # A timer goes with the last who watches.
    await in_thread(lambda: open_link(text_document, seconds=3600))
    await watchers[1].send(type="request", id=2, method="members.list", params=params, live=True)
    await watchers[1].receive("response", id=2)
    assert text_document.id in lists._link_ends
    for watcher in watchers:
        await watcher.leave()
    assert text_document.id not in lists._link_ends


async def test_end_that_is_put_off_or_is_nobodys_any_more_is_not_told():
    told: list[uuid.UUID] = []
    last = asyncio.Event()

    def tell(document_id: uuid.UUID) -> None:
        told.append(document_id)
        if document_id == ids[3]:
            last.set()

    ids = [uuid.uuid4() for _ in range(4)]
    ends, now = LinkEnds(tell), datetime.now(UTC)
    for document_id in ids:
        ends.expect(document_id, now + timedelta(seconds=0.02))
    ends.expect(ids[0], now + timedelta(days=365))
    ends.expect(ids[1], None)
    ends.forget(ids[2])
    ends.expect(ids[3], now + timedelta(seconds=0.04))
    await asyncio.wait_for(last.wait(), 10)
    assert told == [ids[3]]
    # One that ended while it was looked at is told at once.
    last.clear()
    ends.expect(ids[3], now)
    await asyncio.wait_for(last.wait(), 10)
    ends.forget(ids[0])


# Guests ------------------------------------------------------------------------------------------


async def test_guests_have_names_and_places_of_their_own_and_are_no_members(
    wires, alice, text_document
):
    await in_thread(lambda: open_link(text_document))
    owner = await wires.sockets.joined(alice, text_document)
    names = []
    for client in (7, 8):
        guest = await wires.sockets(path_to(text_document))
        await guest.send(type="hello")
        welcome = await guest.join()
        names.append(welcome["user"]["name"])
        entry = (await owner.receive("presence"))["joined"]
        assert entry["user"] == {"username": None, "name": names[-1]} == welcome["user"]
        state = {
            "client": client,
            "clock": 0,
            "state": {"user": {"name": "Alice", "color": "#fff"}},
        }
        await guest.send(type="awareness", states=[state])
        (heard,) = (await owner.receive("awareness"))["states"]
        assert heard["state"]["user"] == {**welcome["user"], "color": "#fff"}
    assert len(set(names)) == 2
    members = await in_thread(lambda: Membership.objects.filter(document=text_document).count())
    assert members == 3


async def test_guest_has_the_same_name_in_every_process(wires, text_document):
    from collab.records import rosters

    await in_thread(lambda: open_link(text_document))
    guest = await wires.sockets(path_to(text_document))
    await guest.send(type="hello")
    welcome = await guest.join()
    await (await current_hub()).roster.settle()
    found = await in_thread(lambda: rosters([text_document.id], apart_from=uuid.uuid4()))
    assert [entry.user.name for entry in found[text_document.id]] == [welcome["user"]["name"]]
