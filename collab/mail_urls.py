"""What EMAIL_URL says: how mail is sent."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_USUAL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_BACKENDS = "django.core.mail.backends"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Django's EMAIL_* settings."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False


def read_mail_url(url: str) -> MailServer:
    """`console:` prints mail; `smtp+tls://user:password@host:port` is STARTTLS, `smtps://` TLS.

    ImproperlyConfigured for anything else, without the URL itself: it holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme == "console" and not parts.netloc:
        return MailServer(f"{_BACKENDS}.console.EmailBackend")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or port == 0:
        raise ImproperlyConfigured(
            "EMAIL_URL: write smtp+tls://user:password@host (STARTTLS), smtps://..., smtp://... "
            "or console:"
        )
    return MailServer(
        f"{_BACKENDS}.smtp.EmailBackend",
        host=parts.hostname,
        port=port or _USUAL_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )
