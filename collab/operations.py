"""What load balancers and Prometheus ask for."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from collab.redis_urls import open_client, read_redis_url

logger = logging.getLogger(__name__)

_REDIS_TIMEOUT_SECONDS = 2


@require_safe
def show_health(_request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@require_safe
def show_readiness(_request: HttpRequest) -> HttpResponse:
    """Database and Redis answer; 503 says which one does not."""
    failing = [
        name
        for name, answers in (("database", _database_answers()), ("redis", _redis_answers()))
        if not answers
    ]
    if failing:
        return JsonResponse({"status": "unavailable", "failing": failing}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def show_metrics(_request: HttpRequest) -> HttpResponse:
    """This process's metrics, as Prometheus reads them."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


_PROBES = {"/healthz": show_health, "/readyz": show_readiness, "/metrics": show_metrics}


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The first middleware: probes come by address, whatever names are allowed, and without TLS."""

    def answer(request: HttpRequest) -> HttpResponse:
        show = _PROBES.get(request.path_info)
        return get_response(request) if show is None else show(request)

    return answer


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("The database does not answer", exc_info=True)
        return False
    return True


def _redis_answers() -> bool:
    url = getattr(settings, "REDIS_URL", "")
    for host in read_redis_url(url) if url else []:
        try:
            with open_client(host, timeout_seconds=_REDIS_TIMEOUT_SECONDS) as client:
                client.ping()
        except redis.RedisError:
            logger.warning("Redis does not answer", exc_info=True)
            return False
    return True
