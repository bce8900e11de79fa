"""What load balancers and Prometheus ask for."""

import logging

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

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
    for host in filter(None, url.split(",")):
        try:
            with redis.Redis.from_url(
                host,
                socket_timeout=_REDIS_TIMEOUT_SECONDS,
                socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
            ) as client:
                client.ping()
        except redis.RedisError:
            logger.warning("Redis does not answer", exc_info=True)
            return False
    return True
