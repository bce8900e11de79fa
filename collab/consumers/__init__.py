"""One thin consumer per wire: socket <-> session, nothing else."""

from collab.consumers.events import EventsConsumer
from collab.consumers.hocuspocus import HocuspocusConsumer
from collab.consumers.json import DocumentConsumer
from collab.consumers.missing import MissingConsumer
from collab.consumers.yjs import YjsConsumer

__all__ = [
    "DocumentConsumer",
    "EventsConsumer",
    "HocuspocusConsumer",
    "MissingConsumer",
    "YjsConsumer",
]
