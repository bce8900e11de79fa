"""Live lists: what REST answers, and then what becomes of it, with nothing missed in between.

Whoever watches a list is told the difference between what they were told last and what the
database says now. The database is asked when a hint or the list's revision says that there is news:
hints make it quick, the revision, which is polled, makes it certain. However many changes there are
and however many watch, a list is read by one at a time, and a few times a second at most.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.contrib.auth import get_user_model

from collab.hints import Hints
from collab.link_ends import LinkEnds
from collab.records import read_access
from collab.wire.messages import Kind, ListChange
from documents import bus
from documents.api.without_http import ListRefused, ListRequest, Page, read_list
from documents.changes import read_revisions

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A list is read again at the earliest so long after it was read.
_PAUSE_SECONDS = 0.05
# So many items of a list are live, the first ones; what moves beyond is no longer told of.
_MAX_ITEMS = 1000
# Room for what is added between two looks.
_MARGIN = 100

Items = Mapping[str | int, Any]


class Services(Protocol):
    """What live lists need of their process."""

    async def read(self, work: Callable[[], T]) -> T:
        """Run a database call in a thread."""

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a task that ends with the process."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One who watches a list."""

    user_id: int | None
    # Takes what is new.
    tell: Callable[[ListChange], None]
    # Hears that they may not, or that it is not there any more.
    end: Callable[[ListRefused], None]
    # Whether they do not take what they are told: they are told the sum of it later.
    is_behind: Callable[[], bool]
    # What they were told last.
    told: Items = field(default_factory=dict)
    # Whether that was all there is; if not, what stands behind it in the list is not their concern.
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Look:
    """What the database said."""

    revision: int
    # None where nobody who watches may see it.
    page: Page | None
    # Who may not see it any more, with why.
    refused: Mapping[int | None, ListRefused]
    # When the document's link ends, by which some may see it.
    link_until: datetime | None = None


class _Watch:
    """A list that somebody watches."""

    __slots__ = ("is_reading", "key", "request", "revision", "stirred", "subscribers")

    def __init__(self, request: ListRequest, key: str) -> None:
        self.request = request
        self.key = key
        self.subscribers: list[Subscriber] = []
        # Where the list was when it was read last.
        self.revision = 0
        # How often there was said to be news.
        self.stirred = 0
        self.is_reading = False


class LiveLists:
    """All lists that are watched in this process."""

    def __init__(self, services: Services, hints: Hints) -> None:
        self._services = services
        self._hints = hints
        # By the request and, for a user's own list, the user.
        self._watches: dict[tuple[ListRequest, int | None], _Watch] = {}
        self._link_ends = LinkEnds(self.recheck)

    async def read_once(self, request: ListRequest, user_id: int | None) -> Page:
        """What REST answers; raises ListRefused."""
        return await self._services.read(lambda: read_list(request, _find_user(user_id)))

    async def subscribe(
        self, request: ListRequest, subscriber: Subscriber, answer: Callable[[Page], None]
    ) -> None:
        """Hand what REST answers to `answer`, and tell the subscriber of all that follows.

        Raises ListRefused; then there is no subscription.
        """
        place = (request, None if request.document_id else subscriber.user_id)
        group = _group_of(request, subscriber.user_id)
        await self._hints.subscribe(group)
        try:
            watch = self._watches.get(place)
            if watch is None:
                key = request.revision_key(subscriber.user_id)
                watch = self._watches[place] = _Watch(request, key)
            # It is told of news from here on, and looks then: at worst in vain.
            watch.subscribers.append(subscriber)
            stirred = watch.stirred
            try:
                look, page = await self._services.read(
                    lambda: _first_look(watch, subscriber.user_id)
                )
            except BaseException:
                self._leave(place, subscriber)
                raise
        except BaseException:
            self._hints.unsubscribe(group)
            raise
        subscriber.told, subscriber.is_whole = page.items, page.is_whole
        answer(page)
        self._expect_link_end(request, look)
        if len(watch.subscribers) == 1:
            watch.revision = look.revision
        if stirred != watch.stirred or look.revision != watch.revision:
            self._stir(watch)

    def unsubscribe(self, request: ListRequest, subscriber: Subscriber) -> None:
        """The subscriber has seen enough."""
        place = (request, None if request.document_id else subscriber.user_id)
        if self._leave(place, subscriber):
            self._hints.unsubscribe(_group_of(request, subscriber.user_id))

    def _leave(self, place: tuple[ListRequest, int | None], subscriber: Subscriber) -> bool:
        watch = self._watches.get(place)
        if watch is None or subscriber not in watch.subscribers:
            return False
        watch.subscribers.remove(subscriber)
        if not watch.subscribers:
            del self._watches[place]
            ends = watch.request.document_id
            if (
                ends is not None
                and ends in self._link_ends
                and all(request.document_id != ends for request, _ in self._watches)
            ):
                self._link_ends.forget(ends)
        return True

    def _expect_link_end(self, request: ListRequest, look: _Look) -> None:
        if request.document_id is not None:
            self._link_ends.expect(request.document_id, look.link_until)

    # When there is news -----------------------------------------------------------------

    def hear(self, *, topic: str, document_id: uuid.UUID | None, user_id: int | None) -> None:
        """A list has changed: a document's, or a user's."""
        for (request, watching), watch in self._watches.items():
            if request.topic == topic and (
                watching == user_id if document_id is None else request.document_id == document_id
            ):
                self._stir(watch)

    def recheck(self, document_id: uuid.UUID | None = None) -> None:
        """Access to a document, or to any, may have changed: look whether all may still watch."""
        for (request, _), watch in self._watches.items():
            if document_id is None or request.document_id == document_id:
                self._stir(watch)

    async def poll(self) -> None:
        """Look for what no hint told of, and for those who were behind; one query if nothing is."""
        watches = list(self._watches.values())
        if not watches:
            return
        keys = {watch.key for watch in watches}
        revisions = await self._services.read(lambda: read_revisions(keys))
        for watch in watches:
            late = any(subscriber.is_behind() for subscriber in watch.subscribers)
            if late or revisions[watch.key] != watch.revision:
                self._stir(watch)

    def _stir(self, watch: _Watch) -> None:
        watch.stirred += 1
        if not watch.is_reading:
            watch.is_reading = True
            self._services.spawn(self._keep_up(watch), name=f"list {watch.key}")

    async def _keep_up(self, watch: _Watch) -> None:
        """Read and tell until there is no more news."""
        try:
            seen = -1
            while watch.subscribers and seen != watch.stirred:
                seen = watch.stirred
                await self._read_and_tell(watch)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            watch.is_reading = False

    async def _read_and_tell(self, watch: _Watch) -> None:
        subscribers = list(watch.subscribers)
        users = {subscriber.user_id for subscriber in subscribers}
        told = {id_ for subscriber in subscribers for id_ in subscriber.told}
        try:
            look = await self._services.read(lambda: _look(watch, users, told))
        except Exception:
            # The database is away: the next poll finds that the revision is another.
            logger.warning("The list %s cannot be read", watch.key, exc_info=True)
            watch.revision = -1
            return
        watch.revision = look.revision
        if watch.subscribers:
            self._expect_link_end(watch.request, look)
        page = look.page or Page({"results": [], "next": None})
        items = page.items
        # What stands behind the last item that is read may be there all the same.
        is_cut = not page.is_whole and len(items) >= _MAX_ITEMS
        for subscriber in subscribers:
            if subscriber not in watch.subscribers:
                continue
            if refused := look.refused.get(subscriber.user_id):
                self.unsubscribe(watch.request, subscriber)
                subscriber.end(refused)
            elif not subscriber.is_behind():
                subscriber.is_whole = subscriber.is_whole and page.is_whole
                there = items if subscriber.is_whole else _within(items, subscriber.told)
                for change in _difference(subscriber.told, there, is_cut=is_cut):
                    subscriber.tell(change)
                subscriber.told = there


def _within(items: Items, told: Collection[str | int]) -> Items:
    """The items up to the last one that was told of; all if there is none of those."""
    ids = list(items)
    known = [place for place, id_ in enumerate(ids) if id_ in told]
    return {id_: items[id_] for id_ in ids[: known[-1] + 1]} if known else items


def _difference(told: Items, there: Items, *, is_cut: bool) -> list[ListChange]:
    """How to get from one to the other; where the list is cut off, nothing is said to be gone."""
    if told is there:
        return []
    gone = [] if is_cut else [id_ for id_ in told if id_ not in there]
    return [ListChange(Kind.REMOVED, id_) for id_ in gone] + [
        ListChange(Kind.CHANGED if id_ in told else Kind.ADDED, id_, item)
        for id_, item in there.items()
        if told.get(id_) != item
    ]


def _group_of(request: ListRequest, user_id: int | None) -> str:
    if request.document_id is not None:
        return bus.group_of(request.document_id)
    # A visitor has no lists: whoever asks for one is refused.
    return bus.user_group(user_id or 0)


def _find_user(user_id: int | None) -> Any | None:
    """The user; ListRefused if they are gone or deactivated. In a database thread."""
    if user_id is None:
        return None
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise ListRefused(401, "The user is gone or deactivated.")
    return user


def _look(
    watch: _Watch, users: Collection[int | None], told: Collection[str | int] | None
) -> _Look:
    """Read the list for those users, in a database thread: once, for it is the same for all.

    `told`: the items that they were told of; None for the first answer, which is REST's. The
    revision is read first: the list is at least as new.
    """
    request = watch.request
    revision = read_revisions([watch.key])[watch.key]
    refused: dict[int | None, ListRefused] = {}
    link_until = None
    if request.document_id is not None:
        access = read_access({request.document_id: users}).get(request.document_id)
        link_until = None if access is None else access.link_until
        found = {} if access is None else access.roles
        refused = {
            user_id: ListRefused(404, "There is no such document.")
            for user_id in users
            if found.get(user_id) is None
        }
    page = None
    for user_id in users:
        if user_id in refused:
            continue
        try:
            page = _read_beginning(request, _find_user(user_id), told)
        except ListRefused as error:
            refused[user_id] = error
        else:
            break
    return _Look(revision, page, refused, link_until)


def _first_look(watch: _Watch, user_id: int | None) -> tuple[_Look, Page]:
    """The same for one who begins to watch; raises ListRefused."""
    look = _look(watch, [user_id], None)
    if look.page is None:
        raise look.refused[user_id]
    return look, look.page


def _read_beginning(
    request: ListRequest, user: Any | None, told: Collection[str | int] | None
) -> Page:
    """The page that holds what was told of, and what was added before or between since."""
    if told is None:
        return read_list(request, user)
    size = min(len(told) + _MARGIN, _MAX_ITEMS)
    page = read_list(request, user, page_size=size)
    while not page.is_whole and size < _MAX_ITEMS:
        there = _within(page.items, told)
        if sum(id_ not in told for id_ in there) < _MARGIN:
            break
        size = min(2 * size, _MAX_ITEMS)
        page = read_list(request, user, page_size=size)
    return page
