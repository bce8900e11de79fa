"""One thin consumer per wire: socket <-> session, nothing else."""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.http.request import validate_host

from collab import doors
from collab.hub import Hub, current_hub
from collab.outbox import Outbox
from collab.rooms import Room
from collab.sessions import Session, Transport
from collab.wire import json as json_wire
from collab.wire.messages import (
    Awareness,
    ClientMessage,
    Close,
    CloseCode,
    Edit,
    Error,
    ErrorCode,
    Hello,
    Ping,
    Pong,
    ServerMessage,
    SyncRequest,
    Welcome,
    WireError,
)
from documents.errors import DocumentMissing

logger = logging.getLogger(__name__)

_MAX_BAD_MESSAGES = 100


class DocumentConsumer(AsyncJsonWebsocketConsumer):
    """`/ws/documents/<uuid>/`: a session that speaks collab.json.v1."""

    # None of its own: the hub's one subscription serves all sockets of the process.
    channel_layer_alias = ""

    hub: Hub
    room: Room | None = None
    session: Session | None = None
    hello_timer: asyncio.TimerHandle | None = None
    bad_messages = 0
    is_open = False

    @property
    def document_id(self) -> uuid.UUID:
        document_id: uuid.UUID = self.scope["url_route"]["kwargs"]["document_id"]
        return document_id

    @property
    def address(self) -> str:
        return (self.scope.get("client") or ("",))[0]

    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage:
        return json_wire.decode(text_data)

    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        return json_wire.encode(content)

    async def connect(self) -> None:
        offered = list(self.scope["subprotocols"])
        spoken = json_wire.SUBPROTOCOL in offered or not offered
        # A close before the accept, or a subprotocol that was not offered, reaches browsers
        # as 1006: they would not learn why.
        subprotocol = (json_wire.SUBPROTOCOL if spoken else offered[0]) if offered else None
        await self.accept(subprotocol)
        self.is_open = True
        if not spoken:
            await self.shut(CloseCode.WRONG_SUBPROTOCOL, f"speak {json_wire.SUBPROTOCOL}")
            return
        credentials = _credentials(cast("Mapping[str, Any]", self.scope))
        if not _is_origin_allowed(
            cast("Mapping[str, Any]", self.scope), with_cookie=credentials.session_key is not None
        ):
            await self.shut(CloseCode.FORBIDDEN, "the Origin is not one of this server's hosts")
            return
        self.hub = await current_hub()
        if self.hub.draining:
            await self.shut(CloseCode.RESTARTING, "the server restarts")
            return
        shown = credentials.token is not None or credentials.session_key is not None
        if not (shown and await self.enter(credentials)) and self.is_open:
            self.hello_timer = asyncio.get_running_loop().call_later(
                self.hub.options.hello_seconds, self.give_up_on_hello
            )

    async def enter(self, credentials: doors.Credentials) -> bool:
        """Let the client in, or close; False if it has still to say who it is."""
        hub, document_id = self.hub, self.document_id
        try:
            while True:
                # What changes about access while we look is only heard of in an open room.
                hears, changes = hub.is_open(document_id), hub.access_changes
                entrant = await hub.read(lambda: doors.enter(credentials, document_id))
                if entrant is None:
                    return False
                if hub.is_crowded(user_id=entrant.user_id, address=self.address):
                    await self.shut(CloseCode.TRY_AGAIN_LATER, "too many connections")
                    return True
                room = await hub.enter(document_id)
                if hears and hub.access_changes == changes and not room.closed:
                    break
        except doors.Refused as refused:
            await self.shut(refused.code, refused.reason)
            return True
        except DocumentMissing:
            await self.shut(CloseCode.MISSING, "there is no such document")
            return True
        except Exception:
            # A damaged log, or the database or the channel layer is away.
            logger.exception("Document %s cannot be opened", document_id)
            await self.shut(CloseCode.TRY_AGAIN_LATER, "the document cannot be opened now")
            return True
        if self.is_open:
            self.start_session(room, entrant)
        return True

    def start_session(self, room: Room, entrant: doors.Entrant) -> None:
        limits = self.hub.options
        session = Session(
            user_id=entrant.user_id,
            person=entrant.person,
            role=entrant.role,
            transport=Transport(send=self.send_json, close=self.close_with),
            outbox=Outbox(max_bytes=limits.outbox_bytes),
            since=datetime.now(UTC),
            stalled_seconds=limits.stalled_seconds,
        )
        session.send(
            Welcome(
                connection=session.connection,
                user=entrant.person,
                role=entrant.role.slug,
                epoch=room.epoch,
                head=room.head,
                limits={
                    "max_frame_bytes": limits.max_frame_bytes,
                    "connections_per_user": limits.connections_per_user,
                    "connections_per_address": limits.connections_per_address,
                },
                ping_seconds=limits.ping_seconds,
            )
        )
        self.room, self.session = room, session
        room.join(session)
        self.hub.joined(room, session, address=self.address)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_kwargs: Any
    ) -> None:
        if not self.is_open:
            return
        if text_data is None:
            await self.shut(CloseCode.BAD_MESSAGE, "this wire is text: one JSON object a frame")
            return
        if _size_of(text_data) > self.hub.options.max_frame_bytes:
            await self.shut(
                CloseCode.TOO_LARGE, f"a frame has at most {self.hub.options.max_frame_bytes} bytes"
            )
            return
        try:
            await self.receive_json(await self.decode_json(text_data))
        except WireError as error:
            self.bad_messages += 1
            if self.bad_messages > _MAX_BAD_MESSAGES:
                await self.shut(CloseCode.BAD_MESSAGE, "too many bad messages")
                return
            await self.answer(Error(error.code, str(error), id=error.id, cseq=error.cseq))

    async def receive_json(self, content: ClientMessage, **_kwargs: Any) -> None:
        match content:
            case Ping():
                await self.answer(Pong(content.id))
            case Hello():
                # They spoke in time, however long the look-up takes.
                if self.hello_timer is not None:
                    self.hello_timer.cancel()
                if self.session is None and not await self.enter(
                    doors.Credentials(token=content.token)
                ):
                    await self.shut(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
            case Edit() | Awareness() | SyncRequest():
                if self.session is None or self.room is None:
                    raise WireError("Say `hello` first.", code=ErrorCode.FORBIDDEN)
                await self.session.wait_for_reader()
                await self.room.submit(self.session, content)

    async def answer(self, message: ServerMessage) -> None:
        """Say something to this client alone, in order with everything else."""
        if self.session is None:
            await self.send_json(message)
        else:
            await self.session.wait_for_reader()
            self.session.send(message)

    def give_up_on_hello(self) -> None:
        self.hub.spawn(self.shut(CloseCode.NO_HELLO, "say hello"), name="no hello")

    async def shut(self, code: CloseCode, reason: str) -> None:
        """Close the socket, through the session's writer where there is one."""
        if self.session is not None:
            self.session.close(code, reason)
        elif self.is_open:
            await self.close_with(Close(code, reason))

    async def close_with(self, close: Close) -> None:
        self.is_open = False
        # A reason has at most 123 bytes.
        # A plain int: daphne takes no other, not even an IntEnum.
        await self.close(int(close.code), close.reason.encode()[:123].decode(errors="ignore"))

    async def disconnect(self, code: int) -> None:
        self.is_open = False
        if self.hello_timer is not None:
            self.hello_timer.cancel()
        if self.session is not None and self.room is not None:
            self.room.leave(self.session)
            self.hub.left(self.room, self.session, address=self.address)
            await self.session.stop()


class MissingConsumer(AsyncJsonWebsocketConsumer):
    """Every socket path that is not one of ours."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        offered = list(self.scope["subprotocols"])
        await self.accept(offered[0] if offered else None)
        await self.close(int(CloseCode.MISSING), "there is nothing here")

    async def receive(self, *_args: Any, **_kwargs: Any) -> None:
        """What still arrives is of no interest."""


def _size_of(text: str) -> int:
    """In bytes, as it was sent."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _credentials(scope: Mapping[str, Any]) -> doors.Credentials:
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "token" and token.strip():
        return doors.Credentials(token=token.strip())
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    for name in ("ticket", "token"):
        if name in query:
            return doors.Credentials(token=query[name][0])
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return doors.Credentials()
    session_cookie = cookies.get(settings.SESSION_COOKIE_NAME)
    return doors.Credentials(session_key=session_cookie.value if session_cookie else None)


def _is_origin_allowed(scope: Mapping[str, Any], *, with_cookie: bool) -> bool:
    """An Origin must be one of our hosts; with a session cookie there must be one.

    Browsers always send it, so a foreign page cannot ride on somebody's cookie.
    """
    origin = dict(scope["headers"]).get(b"origin")
    if origin is None:
        return not with_cookie
    try:
        host = urlsplit(origin.decode("latin-1")).hostname
    except ValueError:
        return False
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "::1"]
    return host is not None and validate_host(f"[{host}]" if ":" in host else host, allowed)
