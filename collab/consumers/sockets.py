"""What all sockets have in common: what they bring along, and how they are closed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import validate_host

from collab.direct import DirectLine
from collab.doors import Credentials, Refused
from collab.hub import Hub, current_hub
from collab.sessions import Transport
from collab.wire.messages import Changed, Close, CloseCode, ServerMessage


class SocketConsumer(AsyncWebsocketConsumer):
    """A socket that is accepted first and closed with a reason, if at all."""

    # None of its own: the hub's one subscription serves all sockets of the process.
    channel_layer_alias = ""

    hub: Hub
    line: DirectLine | None = None
    is_open = False
    # A message that came the ordinary way is being handled; those behind it must not overtake it.
    is_busy = True
    refusal: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle the socket's messages one by one.

        Channels would hop to a thread for each, to close database connections that time out, and
        make a task for each, to listen to the channel layer as well: half of what a keystroke
        costs. The consumers' database calls run in threads of the hub's own.
        """
        self.scope, self.base_send = scope, send
        try:
            while True:
                message = await receive()
                self.is_busy = True
                await self.dispatch(message)
                self.is_busy = False
        except StopConsumer:
            return
        except BaseException:
            # A send that found nobody, say: what the socket held is let go all the same.
            await self.disconnect(CloseCode.ABNORMAL)
            raise

    async def dispatch(self, message: Any) -> None:
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: Any) -> None:
        await self.disconnect(message["code"])
        raise StopConsumer

    @property
    def address(self) -> str:
        return (self.scope.get("client") or ("",))[0]

    @property
    def offered(self) -> list[str]:
        """The subprotocols that the client speaks."""
        return list(self.scope["subprotocols"])

    async def open(self, subprotocol: str | None) -> None:
        # A close before the accept, or a subprotocol that was not offered, reaches browsers
        # as 1006: they would not learn why.
        await self.accept(subprotocol)
        self.is_open = True
        self.hub = await current_hub()
        self.line = DirectLine.open(self.base_send, self._take)

    def _take(self, data: bytes | str) -> bool:
        return self.is_open and not self.is_busy and self.take(data)

    def take(self, data: bytes | str) -> bool:
        """Handle a frame at once, if that can be; else it comes to `receive`."""
        return False

    def transport(
        self,
        send: Callable[[ServerMessage], Awaitable[bool]],
        close: Callable[[Close], Awaitable[None]],
        encode: Callable[[ServerMessage], bytes],
        *,
        wire: str | None = None,
    ) -> Transport:
        """How a session reaches its client; `encode` makes whole WebSocket frames.

        `wire`: all sessions that name it are sent the very same frame for a change.
        """
        line = self.line
        if line is None:
            return Transport(send, close)
        write_frames = line.write
        kind = f"frame of {wire}"

        def write_change(change: Changed) -> None:
            frames: bytes | None = change.frames.get(kind)
            if frames is None:
                frames = encode(change)
                if wire is not None:
                    change.frames[kind] = frames
            write_frames(frames)

        def write(message: ServerMessage) -> bool:
            if isinstance(message, Changed):
                write_change(message)
                return True
            frames = encode(message)
            if frames:
                write_frames(frames)
            return bool(frames)

        return Transport(send, close, line.is_ready, write, write_change, line.abort)

    def credentials(self) -> Credentials:
        """What the socket brought along; Refused if its Origin is not one of ours."""
        scope = cast("Mapping[str, Any]", self.scope)
        credentials = _credentials(scope)
        if not _is_origin_allowed(scope, with_cookie=credentials.session_key is not None):
            raise Refused(CloseCode.FORBIDDEN, "the Origin is not one of this server's hosts")
        return credentials

    async def close_with(self, close: Close) -> None:
        if not self.is_open:
            return
        self.is_open = False
        if self.line is not None:
            self.line.close()
        # A reason has at most 123 bytes.
        # A plain int: daphne takes no other, not even an IntEnum.
        await self.close(int(close.code), close.reason.encode()[:123].decode(errors="ignore"))

    async def close_slowly(self, close: Close) -> None:
        """Close a socket whose client may not understand it, and would come again at once."""
        client = (self.address, self.scope["path"], self.scope.get("query_string"))
        delay = self.hub.refusals.delay_seconds(client, now=time.monotonic())
        if not delay:
            await self.close_with(close)
        elif self.refusal is None:
            self.refusal = asyncio.get_running_loop().call_later(
                delay, lambda: self.hub.spawn(self.close_with(close), name="refusal")
            )

    async def disconnect(self, code: int) -> None:
        self.is_open = False
        if self.refusal is not None:
            self.refusal.cancel()


def _credentials(scope: Mapping[str, Any]) -> Credentials:
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "token" and token.strip():
        return Credentials(token=token.strip())
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    for name in ("ticket", "token"):
        if name in query:
            return Credentials(token=query[name][0])
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return Credentials()
    session_cookie = cookies.get(settings.SESSION_COOKIE_NAME)
    return Credentials(session_key=session_cookie.value if session_cookie else None)


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
