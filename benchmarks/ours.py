"""Our server, as production runs it: the Procfile's command, tokens, permissions, SQLite."""

import contextlib
import functools
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.generator import Address
from benchmarks.machine import Cores
from benchmarks.wires import Hocuspocus, Json, YWebsocket
from tests import services

# More than one, because there is a limit to the connections of each.
PEOPLE = 8
_CREATE_PEOPLE = """
import json
import sys
import django
django.setup()
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
users = get_user_model().objects
people = [users.create_user(name) for name in sys.argv[1:]]
print(json.dumps([Token.objects.create(user=person).key for person in people]))
"""


def _username(person: int) -> str:
    return f"typist{person}"


@dataclass
class OurServer:
    """A running server of ours, spoken to over one of its wires."""

    wire: str
    process: services.Server
    tokens: list[str]
    stores: bool = True

    @property
    def pid(self) -> int:
        return self.process.pid

    def create_documents(self, count: int, *, people: int) -> list[str]:
        """Empty documents that so many accounts may edit, as far as there are so many."""
        headers = {"Authorization": f"Token {self.tokens[0]}"}
        members = [_username(number) for number in range(1, min(people, PEOPLE))]
        documents = []
        with httpx.Client(base_url=f"{self.process.url}/api/v1", headers=headers) as http:
            for number in range(count):
                created = http.post("/documents/", json={"title": f"{number}", "kind": "text"})
                created.raise_for_status()
                document = str(created.json()["id"])
                for member in members:
                    invitation = {"user": member, "role": "editor"}
                    url = f"/documents/{document}/members/"
                    http.post(url, json=invitation).raise_for_status()
                documents.append(document)
        return documents

    def address(self, document: str, person: int) -> Address:
        token = self.tokens[person % PEOPLE]
        base = self.process.ws_url
        match self.wire:
            case "yjs":
                return Address(f"{base}/ws/yjs/{document}?token={token}", YWebsocket)
            case "hocuspocus":
                url = f"{base}/ws/hocuspocus"
                return Address(url, functools.partial(Hocuspocus, document, token))
            case _:
                url = f"{base}/ws/documents/{document}/"
                protocol = (("Sec-WebSocket-Protocol", "collab.json.v1"),)
                return Address(url, functools.partial(Json, token), protocol)

    def restart(self) -> None:
        """Stop it, and start it on the same database."""
        self.process.restart()

    def log(self) -> str:
        return self.process.log()


@dataclass(frozen=True)
class OurDatabase:
    """A migrated database with people in it, to be copied for every run."""

    path: Path
    tokens: list[str]

    @classmethod
    def create(cls, directory: Path) -> "OurDatabase":
        path = directory / "template.sqlite3"
        url = services.sqlite_url(path)
        services.migrate(url)
        return cls(path, create_people(url))

    @contextlib.contextmanager
    def serve(self, directory: Path, *, wire: str, cores: Cores) -> Iterator[OurServer]:
        """Serve a copy of it until the block ends."""
        path = directory / "ours.sqlite3"
        shutil.copy(self.path, path)
        with serve(services.sqlite_url(path), self.tokens, wire=wire, cores=cores) as server:
            yield server


def create_people(database_url: str) -> list[str]:
    """Create accounts in a migrated database; their tokens."""
    environment = services.server_environment(database_url=database_url)
    done = subprocess.run(
        [sys.executable, "-c", _CREATE_PEOPLE, *map(_username, range(PEOPLE))],
        cwd=services.ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "collab.settings"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
        text=True,
    )
    tokens: list[str] = json.loads(done.stdout)
    return tokens


@contextlib.contextmanager
def serve(database_url: str, tokens: list[str], *, wire: str, cores: Cores) -> Iterator[OurServer]:
    """Serve a migrated database with the Procfile's command, on the servers' core."""
    command = shlex.join(cores.pin_server([])) + " " + services.web_command()
    with services.serve(database_url=database_url, command=command) as process:
        yield OurServer(wire, process, tokens)


# ---- on PostgreSQL ---------------------------------------------------------------------------


class DurablePostgres(services.Postgres):
    """A private PostgreSQL whose commits reach the disk, as tests do not need and we do."""

    def start(self) -> None:
        """Start it on the servers' core, and wait until it answers."""
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self.directory / "data")]
                + ["-k", str(self.directory), "-h", "", "-c", "max_connections=200"],
                user=self.user,
                env=self.environment,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        services.wait_until(
            self._answers, seconds=services.START_SECONDS, what="PostgreSQL answers"
        )


@contextlib.contextmanager
def postgres_server(cores: Cores) -> Iterator[DurablePostgres]:
    """A PostgreSQL cluster of its own, fsync on, beside the server on its core."""
    with services.postgres_server() as volatile:
        volatile.stop()
        server = DurablePostgres(volatile.directory, volatile.binaries, volatile.user)
        cores.pin_thread_to_server()
        try:
            server.start()
        finally:
            cores.pin_generator()
        try:
            yield server
        finally:
            server.stop()


@dataclass
class PostgresDatabase:
    """A migrated database with people in it, to be copied for every run."""

    server: DurablePostgres
    tokens: list[str]
    _copies: int = 0

    @classmethod
    def create(cls, server: DurablePostgres) -> "PostgresDatabase":
        url = server.create_database("bench")
        services.migrate(url)
        return cls(server, create_people(url))

    @contextlib.contextmanager
    def serve(self, *, wire: str, cores: Cores) -> Iterator[OurServer]:
        """Serve a copy of it until the block ends."""
        self._copies += 1
        url = self.server.create_database(f"bench{self._copies}", template="bench")
        with serve(url, self.tokens, wire=wire, cores=cores) as server:
            yield server
