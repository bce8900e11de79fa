"""Settings of the ready-made project. The only place that reads the environment."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from collab.mail_urls import read_mail_url
from collab.redis_urls import read_redis_url

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"


def _flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return default if not value else value in {"1", "true", "yes", "on"}
    raise ImproperlyConfigured(f"{name}={value!r}: write 1 or 0.")


def _list(name: str, *, default: list[str]) -> list[str]:
    value = os.environ.get(name, "")
    return [item.strip() for item in value.split(",") if item.strip()] or default


def _count(name: str, *, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not (value.isdecimal() and int(value) > 0):
        raise ImproperlyConfigured(f"{name}={value!r}: write a number, 1 or more.")
    return int(value or default)


DEBUG = _flag("DEBUG", default=False)
HTTPS = _flag("HTTPS", default=not DEBUG)


def _secret_key() -> str:
    if key := os.environ.get("SECRET_KEY"):
        return key
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is required when DEBUG is off.")
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(exist_ok=True)
    if not path.exists():
        # Written aside and linked: of processes that start at once one wins, none reads half.
        draft = VAR_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = _list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
WEB_CONCURRENCY = _count("WEB_CONCURRENCY", default=1)

INSTALLED_APPS = [
    # Before staticfiles: daphne's runserver serves pages and sockets.
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "channels",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "documents",
    "collab",
]

MIDDLEWARE = [
    "collab.operations.answer_probes",
    "django.middleware.security.SecurityMiddleware",
    "collab.static.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "collab.urls"
ASGI_APPLICATION = "collab.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# Of the server, for our sessions; what DATABASE_URL says in `options` comes after it.
_POSTGRES_SESSION = {
    # Committed means on disk, whatever the server's own default is.
    "synchronous_commit": "on",
    # A machine that vanishes in the middle of a transaction gives back its rows before others give
    # up waiting for them (30 s); the server's own default is two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "20000",
    "idle_in_transaction_session_timeout": "60000",
    # No statement_timeout: it would cut short the wait for a synchronous standby, and PostgreSQL
    # then calls committed what one machine alone has.
}
# Of our side: a server that vanishes is noticed, and the next connection may find its successor.
_POSTGRES_CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        VAR_DIR.mkdir(exist_ok=True)
        url = f"sqlite:///{VAR_DIR / 'collab.sqlite3'}"
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, dj_database_url.ParseError) as error:
        # Not the URL itself: it holds a password.
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    options = database.setdefault("OPTIONS", {})
    match database["ENGINE"]:
        case "django.db.backends.sqlite3":
            # Committed means on disk: FULL syncs the write-ahead log at every commit. Every 16 MB
            # of it go into the database, rather than every 4: commits touch the same pages often.
            options["init_command"] = (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000"
            )
            options["transaction_mode"] = "IMMEDIATE"
            options["timeout"] = 20
            # Tests open the database from several threads: a file, not shared memory.
            database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
        case "django.db.backends.postgresql":
            # The pool keeps connections and, with health checks, hands out none that is dead. One
            # that could not connect for so long begins anew, rather than wait ever longer.
            database["CONN_HEALTH_CHECKS"] = True
            session = [f"-c {name}={value}" for name, value in _POSTGRES_SESSION.items()]
            database["OPTIONS"] = {
                **_POSTGRES_CONNECTION,
                "pool": {"min_size": 1, "max_size": 16, "timeout": 10, "reconnect_timeout": 5},
                **options,
                "options": " ".join([*session, str(options.get("options", ""))]).strip(),
            }
        case _:
            raise ImproperlyConfigured("DATABASE_URL: write postgresql://... or sqlite:///...")
    return database


DATABASES = {"default": _database()}

REDIS_URL = os.environ.get("REDIS_URL", "")
if WEB_CONCURRENCY > 1 and not REDIS_URL:
    raise ImproperlyConfigured(
        "More than one process needs REDIS_URL: they would not hear each other."
    )
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": read_redis_url(REDIS_URL),
                # Pub/sub knows no database numbers: two deployments on one server, with copies of
                # one document, must not hear each other.
                "prefix": f"collab-{hashlib.sha256(SECRET_KEY.encode()).hexdigest()[:12]}",
            },
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

AUTH_PASSWORD_VALIDATORS = (
    []
    if DEBUG
    else [
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ]
)


# Printed in development; else what listens for mail on this machine, if nothing is said.
_mail = read_mail_url(
    os.environ.get("EMAIL_URL", "").strip() or ("console:" if DEBUG else "smtp://localhost")
)
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
# A request waits for it.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "").strip() or "Collab <collab@localhost>"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [path for path in [BASE_DIR / "frontend" / "dist"] if path.is_dir()]
# WhiteNoise serves straight from the apps and the built frontend: no collectstatic step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# Vite puts a hash into the name of everything under assets/.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+$"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        # Attributes only: editors set colours and widths on the elements of a document.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "https:", "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one names the challenge: with it, not signed in is 401 and not 403.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "documents.api.errors.handle_exception",
    # `?format=` belongs to exports.
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Collaborative documents",
    "DESCRIPTION": "Documents that people and programs edit together.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "documents.api.serializers.ROLES",
        "KindEnum": "documents.models.Kind",
        "NotificationKindEnum": "documents.models.NotificationKind",
        "LesserRoleEnum": "documents.api.serializers_sharing.LESSER_ROLES",
    },
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "daphne": {"level": "WARNING"}},
}
