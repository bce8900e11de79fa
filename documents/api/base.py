"""What every view of the API shares."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.api.errors import translate
from documents.api.parsers import StrictJSONParser
from documents.api.schema import ProblemSchema


class OneRepresentation(BaseContentNegotiation):
    """Each address has one representation: an Accept header can neither choose nor refuse."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser for the request's media type; None makes it a 415."""
        return next((p for p in parsers if _is_for(p, request.content_type)), None)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 (DRF's signature)
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """The first renderer, whatever was asked for."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


def _is_for(parser: BaseParser, content_type: str) -> bool:
    return content_type.split(";", maxsplit=1)[0].strip().lower() == parser.media_type


class ApiView(APIView):
    """Base of every view: JSON in, JSON out, problem details for failures."""

    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    content_negotiation_class = OneRepresentation
    schema = ProblemSchema()

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """DRF takes a body of unknown length (chunked) for none: say that there is one."""
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            request.META.setdefault("CONTENT_LENGTH", "1")
        return super().initialize_request(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Translated here, for DRF to add the challenge to a 401."""
        return super().handle_exception(translate(exc))
