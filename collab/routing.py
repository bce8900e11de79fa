"""Socket paths."""

from typing import Any

from channels.consumer import AsyncConsumer
from django.urls import path, re_path

from collab.consumers import (
    DocumentConsumer,
    EventsConsumer,
    HocuspocusConsumer,
    MissingConsumer,
    YjsConsumer,
)


def _application(consumer: type[AsyncConsumer]) -> Any:
    return consumer.as_asgi()


# Django types views, not ASGI applications; Channels routes to both alike.
websocket_urlpatterns: list[Any] = [
    path("ws/documents/<uuid:document_id>/", _application(DocumentConsumer)),
    path("ws/events/", _application(EventsConsumer)),
    path("ws/yjs/<path:name>", _application(YjsConsumer)),
    path("ws/hocuspocus", _application(HocuspocusConsumer)),
    re_path(r"", _application(MissingConsumer)),
]
