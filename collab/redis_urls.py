"""REDIS_URL, for the channel layer: one server, several as shards, or one behind Sentinels.

    redis://[user:password@]host[:6379][/db]       rediss:// for TLS, unix:///path for a socket
    redis://one,redis://two                        shards: each document's hints go through one
    redis+sentinel://[user:password@]host[:26379],host/service[/db]       rediss+sentinel:// for TLS

What follows `?` is redis-py's: `ssl_ca_certs=/path`, `socket_timeout=2`, and so on; Sentinels
with a password of their own also take `sentinel_username` and `sentinel_password`.
"""

import re
import ssl
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import redis
from channels_redis.utils import create_pool  # type: ignore[import-untyped]
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.connection import SSLConnection, parse_url
from redis.sentinel import Sentinel

# What channels_redis takes for one shard.
Host = dict[str, Any]

_SCHEMES = ("redis://", "rediss://", "unix://", "redis+sentinel://", "rediss+sentinel://")
_SENTINEL_PORT = 26379


def read_redis_url(text: str) -> list[Host]:
    """The layer's hosts, one per shard; ImproperlyConfigured says what is wrong with which."""
    # A comma before a scheme parts two shards; others part the Sentinels of one.
    urls = [url.strip() for url in re.split(r",\s*(?=[a-z+]+://|$)", text.strip()) if url.strip()]
    if not urls:
        raise ImproperlyConfigured("REDIS_URL holds no URL.")
    hosts = []
    for number, url in enumerate(urls, start=1):
        try:
            host = _parse(url)
            _try_out(host)
        except (ValueError, redis.RedisError) as error:
            # Not the URL itself: it may hold a password.
            which = f", URL {number} of {len(urls)}" if len(urls) > 1 else ""
            reason = str(error).rstrip(".")
            raise ImproperlyConfigured(f"REDIS_URL{which}: {reason}.") from None
        hosts.append(host)
    return hosts


def open_client(host: Host, *, timeout_seconds: float) -> redis.Redis:
    """A client of that shard as it is now, behind Sentinels of its present master."""
    timeouts = {"socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds}
    if "address" in host:
        return redis.Redis.from_url(host["address"], **timeouts)
    options = {**host, **timeouts}
    sentinel_options = {**options.pop("sentinel_kwargs"), **timeouts}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        options.pop("sentinels"), sentinel_kwargs=sentinel_options
    )
    client: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        options.pop("master_name"), **options
    )
    return client


def _parse(url: str) -> Host:
    parts = urlsplit(url)
    match parts.scheme:
        case "redis" | "rediss":
            _read_address(parts.netloc.rpartition("@")[2])
            _check_database(parts.path)
            return {"address": url}
        case "unix":
            if parts.netloc.rpartition("@")[2] or not parts.path.strip("/"):
                raise ValueError("a socket is written unix:///its/path")
            return {"address": url}
        case "redis+sentinel" | "rediss+sentinel":
            return _read_sentinels(parts)
        case _:
            raise ValueError(f"it begins with none of {', '.join(_SCHEMES)}")


def _read_sentinels(parts: SplitResult) -> Host:
    credentials, _, addresses = parts.netloc.rpartition("@")
    service, _, database = parts.path.removeprefix("/").partition("/")
    if not addresses or not service:
        raise ValueError("Sentinels are written host:26379,host:26379/service, the service too")
    _check_database(database)
    query = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in query if name.startswith("sentinel_")}
    if unknown := own.keys() - {"sentinel_username", "sentinel_password"}:
        raise ValueError(f"there is no option {min(unknown)}")
    common = urlencode([pair for pair in query if pair[0] not in own])
    # What is said of the servers is read as redis-py reads it from an ordinary URL.
    scheme = parts.scheme.removesuffix("+sentinel")
    options: dict[str, Any] = dict(
        parse_url(f"{scheme}://{credentials}@master/{database}?{common}")
    )
    del options["host"]
    if options.pop("connection_class", None) is not None:
        options["ssl"] = True
    return {
        **options,
        "master_name": unquote(service),
        "sentinels": [_read_address(address) for address in addresses.split(",") if address],
        "sentinel_kwargs": {
            **{
                name: value
                for name, value in options.items()
                if name.startswith(("ssl", "socket_"))
            },
            **{name.removeprefix("sentinel_"): value for name, value in own.items()},
        },
    }


def _read_address(address: str) -> tuple[str, int]:
    """Host and a Sentinel's port; an ordinary URL's are redis-py's to read."""
    if "," in address:
        raise ValueError("each shard is a URL of its own: redis://one,redis://two")
    parts = urlsplit(f"//{address.strip()}")
    try:
        port = parts.port or _SENTINEL_PORT
    except ValueError:
        # Not what stands there: it may be a password with characters that must be quoted.
        raise ValueError("what follows the host is not a port") from None
    return parts.hostname or "localhost", port


def _check_database(path: str) -> None:
    if not re.fullmatch(r"/?\d*/?", path):
        raise ValueError("a database is a number")


def _try_out(host: Host) -> None:
    """Make a connection as the layer will, up to the point where it would connect."""
    try:
        connection = create_pool(host).make_connection()
    except TypeError as error:
        # An option that the connection does not take; the layer would hear of it much later.
        reason = re.sub(r"^.*unexpected keyword argument", "there is no option", str(error))
        raise ValueError(reason) from error
    if isinstance(connection, SSLConnection):
        try:
            connection.ssl_context.get()
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"its TLS certificates cannot be read: {error}") from error
