"""The built page: one file for all of its screens, with this request's nonce put in."""

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

# Vite writes this where a nonce belongs (`html.cspNonce`).
_NONCE = "__CSP_NONCE__"


@cache
def _template(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the path is a string already
        return file.read()


@require_safe
@ensure_csrf_cookie
def show_page(request: HttpRequest, *, status: int = 200, **_arguments: object) -> HttpResponse:
    """The single page; which screen it shows, it reads from the address."""
    built = settings.BASE_DIR / "frontend" / "dist" / "index.html"
    if not built.is_file():
        return HttpResponse(
            "The page is not built yet: run `make run`, or `npm run build` in frontend/.",
            status=503,
            content_type="text/plain; charset=utf-8",
        )
    nonce = str(request.csp_nonce)  # type: ignore[attr-defined]
    response = HttpResponse(_template(str(built)).replace(_NONCE, nonce), status=status)
    response["Cache-Control"] = "no-cache"
    return response
