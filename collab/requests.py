"""What a client of the JSON wire asks for, beside its document: lists, once or live, and events."""

import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from collab.hub import Hub
from collab.lists import Subscriber
from collab.sessions import Session
from collab.wire.messages import (
    Error,
    ErrorCode,
    Event,
    ListChange,
    Push,
    Request,
    Response,
    Subscribe,
    Unsubscribe,
)
from documents.api.without_http import (
    METHODS,
    ListRefused,
    ListRequest,
    Page,
    UnknownList,
    parse_request,
)
from documents.changes import Topic

# Live lists of one socket, and requests that are not answered yet.
MAX_SUBSCRIPTIONS = 100
MAX_WAITING = 20


@dataclass(frozen=True, slots=True)
class _Watched:
    request: ListRequest
    subscriber: Subscriber


class Requests:
    """One client's requests and subscriptions."""

    def __init__(self, hub: Hub, session: Session, *, document_id: uuid.UUID | None = None) -> None:
        """`document_id`: the document of the socket, whose lists are meant where none is named."""
        self._hub = hub
        self._session = session
        self._document_id = document_id
        self._live: dict[int, _Watched] = {}
        self._events: list[_Watched] = []
        self._numbers = 0
        self._waiting = 0
        self._closed = False

    def handle(self, message: Request | Unsubscribe | Subscribe) -> None:
        """Answer, as soon as the database has; edits do not wait behind it."""
        match message:
            case Unsubscribe():
                self._unsubscribe(message)
            case _ if self._waiting >= MAX_WAITING:
                detail = f"Wait for the answers: at most {MAX_WAITING} requests at a time."
                self._refuse(message.id, ErrorCode.RATE_LIMITED, detail, retry_ms=1000)
            case Request():
                self._begin(message.id, self._answer(message))
            case Subscribe():
                self._begin(message.id, self._subscribe(message))

    def _begin(self, id_: object, work: Coroutine[Any, Any, None]) -> None:
        self._waiting += 1
        self._hub.spawn(self._run(id_, work), name="request")

    async def _run(self, id_: object, work: Coroutine[Any, Any, None]) -> None:
        """Do what was asked for, or say why not."""
        try:
            await work
        except UnknownList as error:
            self._refuse(id_, ErrorCode.UNSUPPORTED, str(error))
        except ValueError as error:
            self._refuse(id_, ErrorCode.BAD_MESSAGE, str(error))
        except ListRefused as refused:
            self._refuse_list(id_, refused)
        except Exception:
            self._refuse(id_, ErrorCode.RATE_LIMITED, "Try again later.", retry_ms=1000)
            raise
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """The socket is gone."""
        self._closed = True
        for watched in [*self._live.values(), *self._events]:
            self._hub.lists.unsubscribe(watched.request, watched.subscriber)
        self._live, self._events = {}, []

    async def _answer(self, message: Request) -> None:
        request = parse_request(message.method, message.params, document_id=self._document_id)
        if message.live:
            await self._watch(message, request)
        else:
            page = await self._hub.lists.read_once(request, self._session.user_id)
            self._session.send(Response(message.id, page.result))

    async def _watch(self, message: Request, request: ListRequest) -> None:
        if "cursor" in message.params:
            raise ValueError("A live list begins at its beginning: `cursor` is for others.")
        if len(self._live) >= MAX_SUBSCRIPTIONS:
            raise ListRefused(429, f"At most {MAX_SUBSCRIPTIONS} live lists on a socket.")
        self._numbers += 1
        number, told = self._numbers, 0

        def tell(change: ListChange) -> None:
            nonlocal told
            told += 1
            self._session.send(Push(number, told, change))

        def end(refused: ListRefused) -> None:
            self._live.pop(number, None)
            self._refuse_list(message.id, refused)

        def answer(page: Page) -> None:
            self._session.send(Response(message.id, page.result, number))

        watched = _Watched(request, self._subscriber(tell, end))
        self._live[number] = watched
        try:
            await self._hub.lists.subscribe(request, watched.subscriber, answer)
        except BaseException:
            self._live.pop(number, None)
            raise
        if self._closed:
            self._hub.lists.unsubscribe(request, watched.subscriber)

    def _subscriber(
        self, tell: Callable[[ListChange], None], end: Callable[[ListRefused], None]
    ) -> Subscriber:
        session = self._session
        return Subscriber(session.user_id, tell, end, session.is_behind)

    def _unsubscribe(self, message: Unsubscribe) -> None:
        watched = self._live.pop(message.subscription, None)
        if watched is None:
            self._refuse(message.id, ErrorCode.NOT_FOUND, "There is no such subscription.")
            return
        self._hub.lists.unsubscribe(watched.request, watched.subscriber)
        self._session.send(Response(message.id, None))

    # Events ---------------------------------------------------------------------------------

    async def _subscribe(self, message: Subscribe) -> None:
        """From now on these events, in place of those that came until now."""
        requests = _requests_for(message)
        earlier, self._events = self._events, []
        for watched in earlier:
            self._hub.lists.unsubscribe(watched.request, watched.subscriber)
        for request in requests:
            await self._watch_events(request, message)
        self._session.send(Response(message.id, None))

    async def _watch_events(self, request: ListRequest, message: Subscribe) -> None:
        document = None if request.document_id is None else str(request.document_id)
        about = None if message.documents is None else {str(id_) for id_ in message.documents}

        def tell(change: ListChange) -> None:
            if (
                request.topic is Topic.NOTIFICATIONS
                and about is not None
                and not _concerns(change, about)
            ):
                return
            self._session.send(Event(request.topic, change, document))

        def end(refused: ListRefused) -> None:
            self._refuse_list(message.id, refused)

        watched = _Watched(request, self._subscriber(tell, end))
        self._events.append(watched)
        await self._hub.lists.subscribe(request, watched.subscriber, lambda _: None)
        if self._closed:
            self._hub.lists.unsubscribe(request, watched.subscriber)

    # Refusals -------------------------------------------------------------------------------

    def _refuse_list(self, id_: object, refused: ListRefused) -> None:
        code = {
            400: ErrorCode.BAD_MESSAGE,
            401: ErrorCode.FORBIDDEN,
            403: ErrorCode.FORBIDDEN,
            404: ErrorCode.NOT_FOUND,
            429: ErrorCode.RATE_LIMITED,
        }.get(refused.status, ErrorCode.RATE_LIMITED)
        self._refuse(id_, code, str(refused))

    def _refuse(
        self, id_: object, code: ErrorCode, detail: str, *, retry_ms: int | None = None
    ) -> None:
        self._session.send(Error(code, detail, id=id_, retry_ms=retry_ms))


def _requests_for(message: Subscribe) -> list[ListRequest]:
    """The lists behind the topics; ValueError if a topic is none, or lacks its documents."""
    methods = {method.removesuffix(".list"): method for method in METHODS}
    requests = []
    for topic in dict.fromkeys(message.topics):
        if topic not in methods:
            raise ValueError(f"There is no topic {topic[:50]!r}.")
        if topic in (Topic.DOCUMENTS, Topic.NOTIFICATIONS):
            requests.append(parse_request(methods[topic], {}))
        elif not message.documents:
            raise ValueError(f"`documents` is missing: say whose {topic} are meant.")
        else:
            requests += [
                parse_request(methods[topic], {"document": str(id_)}) for id_ in message.documents
            ]
    if len(requests) > MAX_SUBSCRIPTIONS:
        raise ValueError(f"At most {MAX_SUBSCRIPTIONS} lists on a socket.")
    return requests


def _concerns(change: ListChange, documents: set[str]) -> bool:
    """Whether a notification is about one of the documents; one that is gone may be."""
    if change.item is None:
        return True
    about = change.item.get("document")
    return (about.get("id") if isinstance(about, dict) else about) in documents
