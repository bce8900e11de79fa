"""The deployment that Dockerfile, Caddyfile and compose.yaml describe, as processes.

What containers would be are process groups here: `release` once, two processes of `web` on ports
of their own, one PostgreSQL, one Redis, and a reverse proxy in front, which is Caddy with our
Caddyfile where there is one, and else a small one of the tests'.
"""

import asyncio
import contextlib
import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import websockets
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from websockets.asyncio.client import connect

from collab.options import Options
from tests.e2e.client import SUBPROTOCOL, Client, until_together
from tests.e2e.database import read_log, replay
from tests.e2e.people import PASSWORD, Cast, Person
from tests.e2e.test_crash import Writer, typing
from tests.services import (
    BIN,
    ROOT,
    Postgres,
    Redis,
    Server,
    free_port,
    serve,
    server_environment,
    wait_until,
    web_command,
)

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
CADDYFILE = (ROOT / "Caddyfile").read_text()
CADDY = shutil.which("caddy", path=BIN) or shutil.which("caddy")
# What one address may have in one process.
PER_ADDRESS = 3
PROXIES = [
    "ours",
    pytest.param("caddy", marks=pytest.mark.skipif(CADDY is None, reason="there is no Caddy here")),
]


def release_command() -> list[str]:
    match = re.search(r"^release: *(.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert match, "the Procfile has no release: line"
    return shlex.split(match[1])


def instructions() -> list[tuple[str, str]]:
    """(INSTRUCTION, arguments) of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def arguments_of(instruction: str) -> str:
    """Of the last one: those before it do not count."""
    return [rest for name, rest in instructions() if name == instruction][-1]


# ---- what is written in the files ------------------------------------------------------------


def test_the_image_runs_the_web_line_of_the_procfile_so_that_signals_reach_it():
    assert json.loads(arguments_of("CMD")) == ["/bin/sh", "-c", f"exec {web_command()}"]


def test_everything_that_the_image_copies_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    sources = [
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert len(sources) >= 6
    for source in sources:
        assert (ROOT / source).exists(), source
        allowed = [line[1:] for line in ignored if line.startswith("!")]
        assert any(Path(source).is_relative_to(path) for path in allowed), source


def test_the_image_holds_every_package_that_the_product_imports():
    copied = {rest.split()[0].rstrip("/") for name, rest in instructions() if name == "COPY"}
    packages = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert packages == {"collab", "documents"}
    assert packages <= copied


def test_the_image_does_not_run_as_root():
    assert int(arguments_of("USER")) > 0


def test_the_release_service_runs_the_release_line_of_the_procfile():
    release = COMPOSE["services"]["release"]
    assert release["command"] == release_command()
    after = COMPOSE["services"]["web"]["depends_on"]["release"]["condition"]
    assert after == "service_completed_successfully"


def test_every_variable_that_is_set_is_one_that_something_reads():
    settings = (ROOT / "collab" / "settings.py").read_text()
    read = set(re.findall(r"""(?:_flag|_list|_count|environ\.get)\(\s*"([A-Z_]+)\"""", settings))
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "HTTPS"} <= read
    read |= set(re.findall(r"\$\{([A-Z_]+)", web_command()))
    # Those of uvicorn and of Python itself.
    read |= {"FORWARDED_ALLOW_IPS", "PYTHONUNBUFFERED"}
    assert set(COMPOSE["x-app"]["environment"]) <= read
    assert set(re.findall(r"\b([A-Z_]+)=", arguments_of("ENV"))) <= read


def test_the_example_of_an_environment_names_what_compose_asks_for():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    named = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(named) == asked


def test_a_container_is_given_longer_than_a_drain_may_take():
    match = re.search(r"--timeout-graceful-shutdown (\d+)", web_command())
    assert match
    drain_seconds = int(match[1]) + Options().append_retry_seconds
    grace = COMPOSE["services"]["web"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= drain_seconds + 10


async def _address_seen_from(peer: str, forwarded: str) -> str:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    trusted = COMPOSE["x-app"]["environment"]["FORWARDED_ALLOW_IPS"]
    scope: Any = {
        "type": "websocket",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", forwarded.encode())],
    }
    await ProxyHeadersMiddleware(application, trusted)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize("proxy", ["172.18.0.5", "10.0.1.2", "192.168.48.3"])
async def test_the_word_of_a_proxy_on_a_network_of_docker_counts(proxy: str):
    assert await _address_seen_from(proxy, "203.0.113.7") == "203.0.113.7"
    # What a client put in front is not believed, even if a proxy passed it on.
    assert await _address_seen_from(proxy, "8.8.8.8, 203.0.113.7") == "203.0.113.7"


async def test_the_word_of_somebody_outside_does_not_count():
    assert await _address_seen_from("203.0.113.9", "203.0.113.7") == "203.0.113.9"


# ---- as processes ----------------------------------------------------------------------------


@dataclass
class Site(Server):
    """A server behind a proxy: what people see is the proxy."""

    kind: str = ""
    scheme: str = "http"
    webs: list[Server] = field(default_factory=list)
    verify: ssl.SSLContext | bool = True

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"{self.scheme.replace('http', 'ws')}://localhost:{self.port}"


def sessions_in(server: Server) -> int:
    """How many sockets that process serves, by its own account."""
    metrics = httpx.get(f"{server.url}/metrics").text
    match = re.search(r"^collab_sessions ([\d.]+)$", metrics, re.MULTILINE)
    assert match, metrics
    return int(float(match[1]))


def caddyfile(*, site: str, ports: list[int]) -> str:
    """Ours, with the processes in the place of Docker's name for them, on this machine alone."""
    upstreams = " ".join(f"127.0.0.1:{port}" for port in ports)
    text, count = re.subn(r"dynamic a \{[^}]*\}", f"to {upstreams}", CADDYFILE)
    assert count == 1
    assert "{$SITE}" in text
    options = ["admin off", "auto_https disable_redirects", "default_bind 127.0.0.1"]
    options += ["skip_install_trust", "local_certs", "servers {\nprotocols h1 h2\n}"]
    return "\n".join(["{", *options, "}", text.replace("{$SITE}", site)])


@contextlib.contextmanager
def proxy(kind: str, *, scheme: str, ports: list[int], directory: Path) -> Iterator[int]:
    """A reverse proxy in front of these ports; its own port."""
    port = free_port()
    if kind == "caddy":
        assert CADDY is not None
        config = directory / "Caddyfile"
        config.write_text(caddyfile(site=f"{scheme}://localhost:{port}", ports=ports))
        command = [CADDY, "run", "--config", str(config), "--adapter", "caddyfile"]
    else:
        command = [sys.executable, "-m", "tests.e2e.balancer", str(port), *map(str, ports)]
    home = {name: str(directory) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=home | {"PATH": "/usr/bin:/bin"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:

        def listens() -> bool:
            assert process.poll() is None, (directory / "log").read_text()
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{scheme}://localhost:{port}/healthz", verify=False)
                return True
            return False

        wait_until(listens, seconds=20, what=f"{kind} listens")
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def deployed(
    kind: str, *, postgres: Postgres, redis: Redis, directory: Path, scheme: str = "http"
) -> Iterator[Site]:
    """`release`, two processes of `web`, and the proxy."""
    database_url = postgres.create_database(f"deployed_{uuid.uuid4().hex[:8]}")
    # The name is the site's; the tests themselves ask for readiness by address.
    env = {"HTTPS": "1" if scheme == "https" else "0", "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    environment = server_environment(
        database_url=database_url, redis_url=redis.url, extra=env | {"WEB_CONCURRENCY": "1"}
    )
    release = release_command()
    subprocess.run(release, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    options = {"connections_per_address": PER_ADDRESS, "hello_seconds": Options().hello_seconds}
    with contextlib.ExitStack() as stack:
        webs = [
            stack.enter_context(
                serve(database_url=database_url, redis_url=redis.url, env=env, options=options)
            )
            for _ in range(2)
        ]
        ports = [web.port for web in webs]
        port = stack.enter_context(proxy(kind, scheme=scheme, ports=ports, directory=directory))
        yield Site(environment, directory / "log", port=port, kind=kind, scheme=scheme, webs=webs)


@pytest.fixture(scope="module", params=PROXIES)
def site(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    redis: Redis,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    with deployed(request.param, postgres=postgres, redis=redis, directory=directory) as running:
        yield running


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[Cast]:
    cast = Cast.on(site)
    yield cast
    cast.close()


async def test_people_on_different_processes_write_one_document_and_see_each_other(site, people):
    document = people.alice.create(bob="editor")
    async with people.alice.client(document) as alice, people.bob.client(document) as bob:
        assert [sessions_in(web) for web in site.webs] == [1, 1]
        alice.insert(0, "Né ")
        bob.insert(0, "😀 ")
        await alice.saved()
        await bob.saved()
        both = [alice, bob]
        await until_together(
            both, lambda: len(str(alice.text)) == 5 and str(alice.text) == str(bob.text)
        )
        await until_together(both, lambda: alice.usernames == bob.usernames == {"alice", "bob"})
        here = people.alice.call("GET", f"/documents/{document}/presence/").json()
        assert {entry["user"]["username"] for entry in here["results"]} == {"alice", "bob"}
        # A change over REST reaches both, whichever process took it.
        people.alice.call(
            "POST", f"/documents/{document}/edits/", json={"ops": [{"replace": "Anew é"}]}
        )
        await until_together(both, lambda: str(alice.text) == str(bob.text) == "Anew é")
    assert people.bob.content(document)["text"] == "Anew é"


async def come_back(client: Client) -> None:
    """As our page does: again and again until it is in."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(Exception):
                await client.connect()
                return
            await asyncio.sleep(0.1)


async def test_a_rolling_restart_loses_and_doubles_nothing(site, people):
    document = people.alice.create(bob="editor")
    async with people.alice.client(document) as alice, people.bob.client(document) as bob:
        assert [sessions_in(web) for web in site.webs] == [1, 1]
        writers = [Writer(alice, "a", Random(1)), Writer(bob, "b", Random(2))]
        for web in site.webs:
            acknowledged = max(len(writer.client.acks) for writer in writers) + 10
            async with typing(writers, acknowledged=acknowledged):
                # SIGTERM, as `docker stop` and every orchestrator send it.
                await asyncio.to_thread(web.terminate)
            gone = [client for client in (alice, bob) if not client.is_open]
            assert gone, "nobody was on the process that stopped"
            for client in gone:
                assert await client.closed() == 1012
                await come_back(client)
            assert "Traceback" not in web.log()
            await asyncio.to_thread(web.start)
        for writer in writers:
            writer.type_word()
            await writer.client.saved()
        typed = Counter(word for writer in writers for word in writer.words)
        await until_together(
            [alice, bob],
            lambda: Counter(str(alice.text).split()) == Counter(str(bob.text).split()) == typed,
        )
    log = replay(read_log(site.database_url, document))
    assert Counter(str(log.get("content", type=type(alice.text))).split()) == typed


def register(site: Site) -> None:
    with httpx.Client(base_url=f"{site.url}/api/v1", verify=site.verify) as outside:
        account = {"username": "alice", "password": PASSWORD}
        assert outside.post("/auth/register/", json=account).is_success


@contextlib.contextmanager
def browser_of_alice(site: Site) -> Iterator[httpx.Client]:
    """A browser that has signed in, through the proxy, and has its cookie."""
    with httpx.Client(
        base_url=site.url, verify=site.verify, headers={"Origin": site.url, "Referer": site.url}
    ) as browser:
        assert browser.get("/login").status_code == 200
        account = {"username": "alice", "password": PASSWORD}
        assert browser.post("/api/v1/auth/login/", json=account).is_success
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        yield browser


async def edit_in(browser: httpx.Client, site: Site) -> None:
    """Create a document over REST, and edit it over a socket, all by cookie."""
    new = {"title": "é", "kind": "text"}
    made = await asyncio.to_thread(browser.post, "/api/v1/documents/", json=new)
    assert made.status_code == 201, made.text
    document = made.json()["id"]
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid']}"}
    async with Client(site.ws_url, document, headers=cookie, origin=site.url) as alice:
        alice.insert(0, "né 😀")
        await alice.saved()
    content = await asyncio.to_thread(browser.get, f"/api/v1/documents/{document}/content/")
    assert content.json()["text"] == "né 😀"


@pytest.mark.usefixtures("people")
async def test_a_browser_works_through_the_proxy_without_tls(site):
    with browser_of_alice(site) as browser:
        await edit_in(browser, site)
        assert not any(cookie.secure for cookie in browser.cookies.jar)


def test_what_is_for_operators_stays_inside(site):
    if site.kind != "caddy":
        pytest.skip("that is the Caddyfile's to say")
    for path in ("/metrics", "/readyz"):
        assert httpx.get(f"{site.url}{path}").status_code == 404
        assert httpx.get(f"{site.webs[0].url}{path}").status_code == 200


def test_the_health_check_of_the_image_passes_on_a_process_that_is_alive(site):
    _, _, command = arguments_of("HEALTHCHECK").partition("CMD ")
    _, *arguments = json.loads(command)

    def check(port: int, hosts: str) -> int:
        return subprocess.run(
            [sys.executable, *arguments],
            env={"PORT": str(port), "ALLOWED_HOSTS": hosts},
            check=False,
            capture_output=True,
            timeout=30,
        ).returncode

    web = site.webs[0]
    assert check(web.port, web.environment["ALLOWED_HOSTS"]) == 0
    assert check(free_port(), "localhost") != 0


# ---- addresses -------------------------------------------------------------------------------


async def first_message(site: Site, document: str, person: Person, **options: Any) -> Any:
    """What a socket hears first, from an address of its own: a welcome, or its close code."""
    socket = await connect(
        f"{site.ws_url}/ws/documents/{document}/",
        # Not by the name: that may have an address of another family.
        host="127.0.0.1",
        subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
        additional_headers={
            "Authorization": f"Token {person.token}",
            **options.pop("headers", {}),
        },
        **options,
    )
    try:
        return socket, json.loads(await socket.recv())["type"]
    except websockets.ConnectionClosed:
        return socket, socket.close_code


async def test_limits_count_the_addresses_of_clients_and_not_the_proxys(site, people):
    document = people.alice.create()
    sockets = []

    async def join(address: str, **headers: str) -> Any:
        socket, first = await first_message(
            site, document, people.alice, headers=headers, local_addr=(address, 0)
        )
        sockets.append(socket)
        return first

    for _ in range(PER_ADDRESS * len(site.webs)):
        assert await join("127.0.0.2") == "welcome"
    assert await join("127.0.0.2") == 1013
    # Somebody else is not shut out, and nobody gets in as somebody else.
    assert await join("127.0.0.3") == "welcome"
    assert await join("127.0.0.2", **{"X-Forwarded-For": "127.0.0.9"}) == 1013
    for socket in sockets:
        await socket.close()


# ---- TLS -------------------------------------------------------------------------------------


@pytest.mark.skipif(CADDY is None, reason="there is no Caddy here")
async def test_behind_tls_cookies_are_secure(postgres, redis, tmp_path, monkeypatch):
    with deployed(
        "caddy", postgres=postgres, redis=redis, directory=tmp_path, scheme="https"
    ) as site:
        authority = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        site.verify = ssl.create_default_context(cafile=str(authority))
        register(site)
        with browser_of_alice(site) as browser:
            await edit_in(browser, site)
            assert {cookie.name for cookie in browser.cookies.jar if cookie.secure} == {
                "sessionid",
                "csrftoken",
            }
            assert "strict-transport-security" in browser.get("/").headers
