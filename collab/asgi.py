"""The ASGI application: pages and REST to Django, sockets to the consumers."""

import gc
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collab.settings")
try:
    # Loads the apps: whatever imports models comes after it.
    http_application = get_asgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"{error}\n")
    # A server with several workers starts them again for ever, unless they say that it is no use.
    raise SystemExit(3) from None

from collab.hub import current_hub, drain_hub
from collab.routing import websocket_urlpatterns

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
            # What is loaded stays: no collection need look at it again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(10_000, 10, 10)
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
