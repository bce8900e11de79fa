"""What answers below /api/v1/ where there is nothing."""

from typing import Any

from django.http import HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from documents.api.auth import OpenView


class PermanentRedirect(HttpResponsePermanentRedirect):
    """A redirect that keeps method and body."""

    status_code = 308


class NothingHere(OpenView):
    """404, or the way to the address that only lacks its last slash."""

    schema = None  # type: ignore[assignment]  # DRF: not described

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Redirect if a slash is all that is missing."""
        if not request.path.endswith("/") and _leads_somewhere(f"{request.path_info}/"):
            return PermanentRedirect(request.get_full_path(force_append_slash=True))
        return super().dispatch(request, *args, **kwargs)


def _leads_somewhere(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return getattr(view, "cls", None) is not NothingHere
