"""A bound on guessing passwords."""

from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

MAX_FAILURES = 20
WINDOW_SECONDS = 60


def check_failures(request: Request, username: str) -> None:
    """Throttled (429) when this address has lately failed too often with this name."""
    if cache.get(_key(request, username), 0) >= MAX_FAILURES:
        raise Throttled(WINDOW_SECONDS)


def count_failure(request: Request, username: str) -> None:
    """Remember a wrong password."""
    key = _key(request, username)
    if not cache.add(key, 1, WINDOW_SECONDS):
        try:
            cache.incr(key)
        except ValueError:
            # It ran out just now.
            cache.add(key, 1, WINDOW_SECONDS)


def _key(request: Request, username: str) -> str:
    return f"login-failures:{request.META.get('REMOTE_ADDR')}:{username.encode().hex()}"
