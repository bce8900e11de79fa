"""The API's lists, asked for without HTTP: so sockets answer what REST answers.

The very same views run, with their permissions, filters and pages, so there is one truth.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from documents.api.fallback import NothingHere
from documents.changes import Topic, key_of

# Method -> whose list it is and where the API has it.
_OF_A_USER = {
    "documents.list": (Topic.DOCUMENTS, "/documents/"),
    "notifications.list": (Topic.NOTIFICATIONS, "/notifications/"),
}
_OF_A_DOCUMENT = {
    "members.list": (Topic.MEMBERS, "members/"),
    "versions.list": (Topic.VERSIONS, "versions/"),
    "threads.list": (Topic.THREADS, "threads/"),
    "messages.list": (Topic.MESSAGES, "messages/"),
}
METHODS = (*_OF_A_USER, *_OF_A_DOCUMENT)
_URLS = "documents.api.urls"


class ListRefused(Exception):
    """The API refuses the list; `status` is HTTP's."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class UnknownList(Exception):
    """There is no such method."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list and how it is asked for. Those of a document look the same to all who may read it."""

    method: str
    topic: Topic
    path: str
    # The document's; None for a list of the user's own.
    document_id: uuid.UUID | None
    # REST's query parameters.
    query: tuple[tuple[str, str], ...] = ()

    def revision_key(self, user_id: Any) -> str:
        """The name of its revision, for that user."""
        return key_of(self.topic, self.document_id or user_id)


@dataclass(frozen=True, slots=True)
class Page:
    """What REST answers: `{results, next}`, as JSON."""

    result: Mapping[str, Any]

    @property
    def items(self) -> dict[str | int, Any]:
        """The list's items by their ids, in order; a member's id is the username."""
        return {
            item["id"] if "id" in item else item["user"]["username"]: item
            for item in self.result["results"]
        }

    @property
    def is_whole(self) -> bool:
        """Whether nothing follows."""
        return self.result["next"] is None


def parse_request(
    method: str, params: Mapping[str, Any], *, document_id: uuid.UUID | None = None
) -> ListRequest:
    """The list that is asked for.

    `document_id`: the document that is meant where `params` names none. Raises UnknownList, and
    ValueError, which says what is wrong with the parameters.
    """
    query = dict(params)
    named = query.pop("document", None)
    pairs = tuple(sorted((name, _as_text(name, value)) for name, value in query.items()))
    if method in _OF_A_USER:
        topic, path = _OF_A_USER[method]
        request = ListRequest(method, topic, path, None, pairs)
    elif method in _OF_A_DOCUMENT:
        topic, place = _OF_A_DOCUMENT[method]
        if named is not None:
            document_id = _as_uuid(named)
        if document_id is None:
            raise ValueError("`document` is missing: say whose list is meant.")
        path = f"/documents/{document_id}/{place}"
        request = ListRequest(method, topic, path, document_id, pairs)
    else:
        raise UnknownList(f"There is no method {method[:50]!r}.")
    if not _is_served(request.path):
        raise UnknownList(f"There is no method {method[:50]!r}.")
    return request


def read_list(request: ListRequest, user: Any | None, *, page_size: int | None = None) -> Page:
    """What the API answers that user (None: a visitor); ListRefused if it refuses.

    `page_size`: more at a time than the API gives over HTTP.
    """
    view = resolve(request.path, _URLS)
    asked = _Asked(request, user, page_size)
    response: Response = view.func(asked, *view.args, **view.kwargs)
    if response.status_code >= 400:
        raise ListRefused(response.status_code, str(response.data["detail"]))
    return Page(json.loads(JSONRenderer().render(response.data)))


class _Asked(HttpRequest):
    """What a view is given in place of a request that came over HTTP."""

    def __init__(self, request: ListRequest, user: Any | None, page_size: int | None) -> None:
        super().__init__()
        self.method = "GET"
        self.path = self.path_info = reverse("schema").removesuffix("/schema/") + request.path
        self.GET = QueryDict(urlencode(request.query))
        self.META = {"QUERY_STRING": self.GET.urlencode()}
        self.user = user or AnonymousUser()
        # Where DRF looks for somebody who is known already.
        self._force_auth_user = user
        self.page_size = page_size

    def build_absolute_uri(self, location: str | None = None) -> str:
        """A path: whoever asks knows the host."""
        return location or self.get_full_path()


def _is_served(path: str) -> bool:
    try:
        view = resolve(path, _URLS).func
    except Resolver404:
        return False
    return getattr(view, "cls", None) is not NothingHere


def _as_uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise ValueError("`document` is not the id of a document.") from None


def _as_text(name: str, value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            raise ValueError(f"`{name}` is neither a string nor a number.")
