"""The JSON wire from end to end: doors, answers, close codes, and what reaches whom."""

import asyncio
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from rest_framework.authtoken.models import Token

from collab.hub import current_hub
from documents.edits import apply_ops
from documents.lifecycle import create_document, trash_document
from documents.log import read_since
from documents.members import change_role, remove_member
from documents.models import Connection, Document, LinkReach, Membership
from documents.roles import Role
from documents.tickets import issue_ticket
from tests.collab.conftest import Sockets, cookie_of, in_thread, path_to

ORIGIN = "http://testserver"
pytestmark = pytest.mark.django_db(transaction=True)


def open_link(document: Document, role: Role = Role.VIEWER) -> None:
    document.link_reach, document.link_role = LinkReach.ANYONE, role
    document.save()


# Doors ---------------------------------------------------------------------------------------


async def test_member_with_a_token_in_the_header_is_welcomed_at_once(sockets, bob, text_document):
    socket = await sockets.of(bob, text_document)
    welcome = await socket.next()
    assert socket.subprotocol == "collab.json.v1"
    assert welcome["type"] == "welcome"
    assert welcome["user"] == {"username": "bob", "name": "Bob"}
    assert (welcome["role"], welcome["head"], welcome["version"]) == ("editor", 0, 1)
    assert welcome["limits"]["max_frame_bytes"] == 16 * 2**20
    assert isinstance(welcome["epoch"], int)


@pytest.mark.parametrize("way", ["?token=", "?ticket=", "hello"])
@pytest.mark.parametrize("kind", ["API token", "ticket"])
async def test_token_and_ticket_open_the_door_in_the_address_and_in_hello(
    sockets, bob, text_document, way, kind
):
    def make() -> str:
        if kind == "ticket":
            return issue_ticket(user=bob, document=text_document)[0]
        return Token.objects.create(user=bob).key

    token = await in_thread(make)
    if way == "hello":
        socket = await sockets(path_to(text_document))
        await socket.send(type="hello", token=token)
    else:
        socket = await sockets(path_to(text_document) + way + token)
    assert (await socket.receive("welcome"))["role"] == "editor"


async def test_hello_of_one_who_is_welcome_already_changes_nothing(sockets, bob, text_document):
    socket = await sockets.of(bob, text_document)
    await socket.receive("welcome")
    await socket.send(type="hello", token="nonsense")
    await socket.send(type="ping", id=1)
    assert (await socket.receive("pong", "welcome"))["type"] == "pong"


async def test_session_cookie_with_our_origin_opens_the_door(sockets, vera, text_document):
    cookie = await in_thread(lambda: cookie_of(vera))
    socket = await sockets(path_to(text_document), cookie=cookie, origin=ORIGIN)
    assert (await socket.receive("welcome"))["role"] == "viewer"


@pytest.mark.parametrize(
    "origin", ["", "http://evil.example", "null", "http://testserver.evil.example", "http://["]
)
async def test_session_cookie_without_our_origin_is_refused(sockets, vera, text_document, origin):
    cookie = await in_thread(lambda: cookie_of(vera))
    socket = await sockets(path_to(text_document), cookie=cookie, origin=origin)
    assert await socket.close_code() == 4403


async def test_foreign_origin_is_refused_even_with_a_token(sockets, bob, text_document):
    socket = await sockets.of(bob, text_document, origin="http://evil.example")
    assert await socket.close_code() == 4403


@pytest.mark.parametrize("token", ["0" * 40, "nonsense", "é😀", "a:b:c"])
async def test_token_that_is_none_is_not_authenticated(sockets, text_document, token):
    socket = await sockets(path_to(text_document))
    await socket.send(type="hello", token=token)
    assert await socket.close_code() == 4401


async def test_expired_ticket_is_not_authenticated(sockets, bob, text_document, monkeypatch):
    past = timezone.now() - timedelta(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr("documents.tickets.timezone", SimpleNamespace(now=lambda: past))
        ticket, _ = await in_thread(
            lambda: issue_ticket(user=bob, document=text_document, expires_in_seconds=50)
        )
    socket = await sockets(f"{path_to(text_document)}?ticket={ticket}")
    assert await socket.close_code() == 4401


async def test_ticket_for_another_document_is_not_authenticated(
    sockets, bob, document, text_document
):
    ticket, _ = await in_thread(lambda: issue_ticket(user=bob, document=document))
    socket = await sockets(f"{path_to(text_document)}?ticket={ticket}")
    assert await socket.close_code() == 4401


async def test_ticket_is_worth_what_its_user_may_now(sockets, bob, text_document):
    def work() -> str:
        ticket, _ = issue_ticket(user=bob, document=text_document)
        remove_member(membership=Membership.objects.get(user=bob, document=text_document))
        return ticket

    ticket = await in_thread(work)
    socket = await sockets(f"{path_to(text_document)}?ticket={ticket}")
    assert await socket.close_code() == 4404


async def test_deactivated_user_is_not_authenticated(sockets, bob, text_document):
    def work() -> str:
        bob.is_active = False
        bob.save()
        return Token.objects.create(user=bob).key

    token = await in_thread(work)
    assert await (await sockets(path_to(text_document), token=token)).close_code() == 4401


async def test_hello_without_a_token_is_not_authenticated(sockets, text_document):
    socket = await sockets(path_to(text_document))
    await socket.send(type="hello")
    assert await socket.close_code() == 4401


async def test_silence_is_closed_after_a_while(sockets, text_document, settings):
    settings.COLLAB = {"hello_seconds": 0.01}
    socket = await sockets(path_to(text_document))
    assert await socket.close_code() == 4408


async def test_hello_in_time_counts_however_long_the_look_up_takes(
    sockets, bob, text_document, settings, monkeypatch
):
    settings.COLLAB = {"hello_seconds": 0.2}
    token = await in_thread(lambda: Token.objects.create(user=bob).key)
    hub = await current_hub()
    read = hub.read

    async def read_slowly(work: Any) -> Any:
        await asyncio.sleep(0.3)
        return await read(work)

    monkeypatch.setattr(hub, "read", read_slowly)
    socket = await sockets(path_to(text_document))
    await socket.send(type="hello", token=token)
    assert (await socket.next())["type"] == "welcome"


@pytest.mark.parametrize(
    ("part", "error"),
    [("read", OperationalError("no database")), ("_hints.subscribe", ConnectionError("no Redis"))],
)
async def test_while_database_or_redis_is_away_one_is_asked_to_come_again(
    sockets, bob, text_document, monkeypatch, part, error
):
    hub = await current_hub()

    async def fail(_: Any) -> None:
        raise error

    with monkeypatch.context() as away:
        away.setattr(hub._hints if "." in part else hub, part.rpartition(".")[2], fail)
        assert await (await sockets.of(bob, text_document)).close_code() == 1013
    await sockets.joined(bob, text_document)


async def test_who_is_outside_is_told_that_there_is_no_document(sockets, charlie, text_document):
    assert await (await sockets.of(charlie, text_document)).close_code() == 4404


async def test_unknown_and_trashed_documents_are_missing(sockets, alice, text_document):
    await in_thread(lambda: trash_document(document=text_document))
    assert await (await sockets.of(alice, text_document)).close_code() == 4404
    unknown = await sockets.of(alice, Document(id=uuid.uuid4()))
    assert await unknown.close_code() == 4404


@pytest.mark.parametrize(
    "path", ["/", "/ws/", "/ws/documents/nonsense/", "/ws/events", "/ws/documents/é😀/"]
)
async def test_path_that_is_none_is_accepted_and_closed_as_missing(sockets, path):
    assert await (await sockets(path)).close_code() == 4404


async def test_other_subprotocol_is_refused_and_none_is_ours(sockets, bob, text_document):
    socket = await sockets.of(bob, text_document, subprotocols=("collab.json.v2",))
    assert await socket.close_code() == 4406
    plain = await sockets.of(bob, text_document, subprotocols=())
    assert plain.subprotocol is None
    await plain.receive("welcome")
    several = await sockets.of(bob, text_document, subprotocols=("x", "collab.json.v1"))
    assert several.subprotocol == "collab.json.v1"


async def test_link_for_anyone_lets_a_visitor_in_after_hello(sockets, text_document):
    await in_thread(lambda: open_link(text_document))
    socket = await sockets(path_to(text_document))
    await socket.send(type="hello")
    welcome = await socket.receive("welcome")
    name = f"Guest {welcome['connection'][:4]}"
    assert (welcome["user"], welcome["role"]) == ({"username": None, "name": name}, "viewer")


async def test_link_that_has_expired_lets_nobody_in(sockets, text_document):
    def expire() -> None:
        text_document.link_expires_at = timezone.now() - timedelta(seconds=1)
        open_link(text_document)

    await in_thread(expire)
    socket = await sockets(path_to(text_document))
    await socket.send(type="hello")
    assert await socket.close_code() == 4401


async def test_too_many_connections_are_asked_to_come_again(sockets, bob, text_document, settings):
    settings.COLLAB = {"connections_per_user": 1}
    first = await sockets.joined(bob, text_document)
    second = await sockets.of(bob, text_document)
    assert await second.close_code() == 1013
    await first.leave()
    assert (await (await sockets.of(bob, text_document)).next())["type"] == "welcome"


# Frames --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        "[]",
        "{}",
        '{"type":1}',
        '{"type":"fireworks","id":7}',
        '{"type":"update","cseq":-1,"update":"AAA="}',
        '{"type":"update","cseq":1,"update":"%%%"}',
        '{"type":"awareness","states":[{"client":1,"clock":1,"state":{"x":1e999}}]}',
        "[" * 100_000,
    ],
)
async def test_bad_message_is_an_error_and_keeps_the_socket(sockets, bob, text_document, frame):
    socket = await sockets.joined(bob, text_document)
    await socket.communicator.send_to(text_data=frame)
    error = await socket.receive("error")
    assert error["code"] in ("bad_message", "unsupported")
    assert error["detail"]
    await socket.send(type="ping", id="é😀")
    assert (await socket.receive("pong"))["id"] == "é😀"


async def test_bad_messages_before_hello_are_errors_too(sockets, bob, text_document):
    socket = await sockets(path_to(text_document))
    await socket.send(type="sync", id=1, state_vector="AA==")
    assert (await socket.receive("error"))["code"] == "forbidden"
    await socket.send(type="update", cseq=1, update="AAA=")
    assert (await socket.receive("error"))["code"] == "forbidden"
    await socket.send(type="ping", id=1)
    await socket.receive("pong")
    assert not await in_thread(lambda: read_since(document_id=text_document.id, seq=0))


async def test_endless_nonsense_is_closed_in_the_end(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    for _ in range(101):
        await socket.communicator.send_to(text_data="nonsense")
    assert await socket.close_code() == 4400


async def test_binary_frame_is_closed(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    await socket.communicator.send_to(bytes_data=b"\0\1")
    assert await socket.close_code() == 4400


async def test_frame_above_the_limit_is_closed_and_one_at_it_is_not(
    sockets, bob, text_document, settings
):
    settings.COLLAB = {"max_frame_bytes": 1000}
    socket = await sockets.joined(bob, text_document)
    frame = '{"type":"ping","id":1}'
    await socket.communicator.send_to(text_data=frame + " " * (1000 - len(frame)))
    await socket.receive("pong")
    await socket.communicator.send_to(text_data=frame + " " * (1001 - len(frame)))
    assert await socket.close_code() == 4413


async def test_limit_counts_bytes_and_not_characters(sockets, bob, text_document, settings):
    settings.COLLAB = {"max_frame_bytes": 1000}
    socket = await sockets.joined(bob, text_document)
    await socket.communicator.send_to(text_data='{"type":"hello","token":"%s"}' % ("é" * 900))
    assert await socket.close_code() == 4413


# Editing -------------------------------------------------------------------------------------


async def test_update_is_acknowledged_when_it_is_in_the_log(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    seq = await socket.acknowledged(await socket.type("é😀"))
    (row,) = await in_thread(lambda: read_since(document_id=text_document.id, seq=0))
    assert (row.seq, row.author_id, row.client) == (seq, bob.pk, socket.doc.client_id)


async def test_two_who_write_at_once_end_with_the_same_text(sockets, alice, bob, text_document):
    first, second = [await sockets.joined(user, text_document) for user in (alice, bob)]
    for part in ("é", "😀", "abc"):
        await first.type(part)
        await second.type(part.upper())
    await first.acknowledged(3)
    await second.acknowledged(3)
    for socket in (first, second):
        while len(socket.text) < len("é😀abc" + "É😀ABC"):
            await socket.receive("update")
    assert first.text == second.text
    assert sorted(first.text) == sorted("é😀abc" + "É😀ABC")


async def test_late_comer_gets_all_of_it(sockets, alice, vera, text_document):
    first = await sockets.joined(alice, text_document)
    await first.acknowledged(await first.type("é😀 there"))
    late = await sockets.joined(vera, text_document)
    assert late.text == "é😀 there"


async def test_viewer_is_refused_once_and_sees_on(sockets, vera, bob, text_document):
    viewer, editor = [await sockets.joined(user, text_document) for user in (vera, bob)]
    await viewer.type("mine")
    assert (await viewer.receive("error", "ack"))["code"] == "read_only"
    await editor.acknowledged(await editor.type("é😀"))
    message = await viewer.receive("update", "error", "ack", "sync")
    assert (message["type"], message["user"]) == ("update", {"username": "bob", "name": "Bob"})
    assert editor.text == "é😀"


async def test_hostile_update_is_an_error_and_nobody_else_notices(
    sockets, alice, bob, text_document
):
    evil, good = [await sockets.joined(user, text_document) for user in (alice, bob)]
    for update in ("01010bffffffff0f04010174016100", "010205ffffffff0f04010174016104010174016200"):
        cseq = await evil.write(bytes.fromhex(update))
        assert (await evil.receive("error", cseq=cseq))["code"] == "bad_update"
    await good.acknowledged(await good.type("é😀"))
    await evil.receive("update")
    assert evil.text == "é😀"


async def test_rest_edit_reaches_the_socket(sockets, alice, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    seq = await in_thread(
        lambda: apply_ops(document=text_document, ops=[{"insert": "é😀", "at": 0}], author=alice)
    )
    await socket.receive("update")
    assert socket.text == "é😀"
    await socket.send(type="sync", id=2, state_vector="AA==")
    assert (await socket.receive("sync"))["seq"] == seq
    assert await socket.acknowledged(await socket.type("!")) == seq + 1


async def test_update_that_lacks_predecessors_is_asked_for_them(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    await socket.write(bytes.fromhex("01010101840100016200"))
    asked = await socket.receive("sync", "ack", "error")
    assert (asked["type"], asked.get("id"), asked["state_vector"]) == ("sync", None, "AA==")


async def test_client_of_another_epoch_is_closed(sockets, bob, text_document):
    socket = await sockets.of(bob, text_document)
    epoch = (await socket.receive("welcome"))["epoch"]
    await socket.send(type="sync", id=1, state_vector="AA==", epoch=epoch + 1)
    assert await socket.close_code() == 4409


# People --------------------------------------------------------------------------------------


async def test_presence_is_full_first_and_then_what_changes(sockets, alice, bob, text_document):
    first = await sockets.of(alice, text_document)
    mine = (await first.receive("welcome"))["connection"]
    full = (await first.receive("presence"))["full"]
    assert [(entry["connection"], entry["role"]) for entry in full] == [(mine, "owner")]
    second = await sockets.of(bob, text_document)
    joined = (await first.receive("presence"))["joined"]
    assert joined["user"] == {"username": "bob", "name": "Bob"}
    both = (await second.receive("presence"))["full"]
    assert [entry["connection"] for entry in both] == [mine, joined["connection"]]
    await second.leave()
    assert (await first.receive("presence"))["left"] == joined["connection"]


async def test_roster_in_the_database_follows(sockets, bob, text_document):
    from collab.hub import current_hub

    def roster() -> list[str]:
        return [str(row.id) for row in Connection.objects.filter(document=text_document)]

    socket = await sockets.of(bob, text_document)
    connection_id = (await socket.receive("welcome"))["connection"]
    written = (await current_hub()).roster
    await written.settle()
    assert await in_thread(roster) == [connection_id]
    await socket.leave()
    await written.settle()
    assert await in_thread(roster) == []


async def test_cursor_carries_the_name_of_who_is_signed_in(sockets, alice, bob, text_document):
    first, second = [await sockets.joined(user, text_document) for user in (alice, bob)]
    state = {"client": 7, "clock": 0, "state": {"user": {"name": "Alice"}, "cursor": "é😀"}}
    await second.send(type="awareness", states=[state])
    (heard,) = (await first.receive("awareness"))["states"]
    assert heard["state"] == {"user": {"username": "bob", "name": "Bob"}, "cursor": "é😀"}
    await second.leave()
    (gone,) = (await first.receive("awareness"))["states"]
    assert gone == {"client": 7, "clock": 0, "state": None}


async def test_member_who_is_removed_is_closed(sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    await in_thread(
        lambda: remove_member(membership=Membership.objects.get(user=bob, document=text_document))
    )
    assert await socket.close_code() == 4403


async def test_member_whose_role_changes_is_told_and_held_to_it(sockets, alice, bob, text_document):
    owner, socket = [await sockets.joined(user, text_document) for user in (alice, bob)]
    await in_thread(
        lambda: change_role(
            membership=Membership.objects.get(user=bob, document=text_document), role=Role.VIEWER
        )
    )
    assert (await socket.receive("role"))["role"] == "viewer"
    while (entry := (await owner.receive("presence")).get("joined", {})).get("role") != "viewer":
        assert entry["user"]["username"] == "bob"
    await socket.type("é")
    assert (await socket.receive("error", "ack"))["code"] == "read_only"


async def test_document_that_is_trashed_is_closed_for_all(sockets, alice, bob, text_document):
    opened = [await sockets.joined(user, text_document) for user in (alice, bob)]
    await in_thread(lambda: trash_document(document=text_document))
    assert [await socket.close_code() for socket in opened] == [4404, 4404]


async def test_other_documents_hear_nothing(sockets, alice, bob, text_document):
    other = await in_thread(lambda: create_document(owner=alice, kind="text"))
    here, there = await sockets.joined(bob, text_document), await sockets.joined(alice, other)
    await here.acknowledged(await here.type("é😀"))
    await there.send(type="ping", id=1)
    assert (await there.receive("pong", "update", "presence"))["type"] == "pong"


async def test_draining_commits_what_was_taken_and_asks_to_come_again(sockets, bob, text_document):
    from collab.hub import drain_hub

    socket = await sockets.joined(bob, text_document)
    await socket.type("é😀")
    await socket.send(type="ping", id=1)
    await socket.receive("pong")
    await drain_hub()
    assert await socket.close_code() == 1012
    assert len(await in_thread(lambda: read_since(document_id=text_document.id, seq=0))) == 1


async def test_sockets_of_the_tests_notice_a_close(sockets: Sockets, bob, text_document):
    socket = await sockets.joined(bob, text_document)
    await socket.communicator.send_to(bytes_data=b"\0")
    with pytest.raises(AssertionError, match="4400"):
        await socket.receive("pong")
