"""Every failure of the API as problem details (RFC 9457), from one handler."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from documents import errors
from documents.anchoring import BadAnchor
from documents.export import ExportError, UnknownFormat, UnknownRoot
from documents.importing import EditError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """409: what was asked does not fit the state that things are in."""

    status_code = status.HTTP_409_CONFLICT


class TooLarge(exceptions.APIException):
    """413: more bytes than are taken at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."


class Damaged(exceptions.APIException):
    """500: nothing that a client could do would help."""

    default_detail = (
        "This document is damaged, and is not shown rather than in part. Its operator was told."
    )


class Busy(exceptions.APIException):
    """503: try again in a moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is busy: try again in a moment."
    wait = 1


def handle_exception(error: Exception, context: dict[str, Any]) -> Response:
    """Turn any exception of a view into the answer; the unforeseen ones are logged as 500."""
    response = exception_handler(translate(error), context)
    if response is None:
        # As Django does it: logging, error reporters and the test client hear of it.
        got_request_exception.send(sender=None, request=context["request"])
        logger.error("Unhandled exception in the API", exc_info=error)
        response = Response(
            {"detail": "Something went wrong here; it has been logged."},
            status=status.HTTP_500_INTERNAL_SERVER_ERROR,
        )
    response.data = _describe_problem(response.status_code, response.data)
    response.content_type = MEDIA_TYPE
    return response


def translate(error: Exception) -> Exception:  # noqa: C901, PLR0911, PLR0912 (one line per family)
    """What the stored side refuses, as the exception that answers it; others as they are."""
    match error:
        case errors.SignInRequired():
            return exceptions.NotAuthenticated()
        case errors.Forbidden():
            return exceptions.PermissionDenied(str(error))
        case errors.DocumentMissing():
            return exceptions.NotFound(str(error))
        case errors.TooOften():
            return exceptions.Throttled(error.retry_seconds, str(error))
        case Http404():
            return exceptions.NotFound("There is nothing at this address, or not for you.")
        case UnknownRoot():
            return exceptions.NotFound(str(error))
        case PermissionDenied():
            return exceptions.PermissionDenied(*error.args)
        case errors.Conflict() | errors.MissingPredecessors():
            return Conflict(str(error))
        case UnknownFormat():
            return exceptions.ValidationError({"format": [str(error)]})
        case BadAnchor():
            return exceptions.ValidationError({"anchor": [str(error)]})
        case errors.BadUpdate() | EditError() | ExportError():
            return exceptions.ParseError(str(error))
        case RequestDataTooBig():
            return TooLarge()
        case UnreadablePostError():
            return exceptions.ParseError("The request broke off.")
        case errors.LogDamaged():
            return Damaged()
        case OperationalError():
            logger.warning("The database refused a request", exc_info=error)
            return Busy()
        case _:
            return error


def _describe_problem(status_code: int, given: Any) -> dict[str, Any]:
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
    }
    if isinstance(given, Mapping) and set(given) == {"detail"}:
        return problem | {"detail": str(given["detail"])}
    by_field: dict[str, list[str]] = {}
    for field, message in _flatten(given):
        by_field.setdefault(field or "request", []).append(message)
    detail = " ".join(f"{field}: {' '.join(texts)}" for field, texts in by_field.items())
    return problem | {"detail": detail, "errors": by_field}


def _flatten(given: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Nested validation errors as (dotted path of the field, message)."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            here = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            yield from _flatten(value, here)
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for index, value in enumerate(given):
            nested = isinstance(value, Mapping)
            yield from _flatten(value, f"{path}.{index}".lstrip(".") if nested else path)
    else:
        yield path, str(given)
