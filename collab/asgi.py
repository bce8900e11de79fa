"""The ASGI application: pages and REST to Django, sockets to the consumers."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collab.settings")
# Loads the apps: whatever imports models comes after it.
http_application = get_asgi_application()

from collab.hub import current_hub, drain_hub  # noqa: E402
from collab.routing import websocket_urlpatterns  # noqa: E402

Message = dict[str, Any]


async def lifespan(
    _scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Start the hub with the server, and drain it when the server stops."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await current_hub()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await drain_hub()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
