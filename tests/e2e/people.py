"""The cast, over REST: what people and scripts do to documents from outside."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.client import Client
from tests.services import Server

PASSWORD = "as good as any other passphrase"


@dataclass
class Person:
    """Somebody with an account and a token on one server."""

    server: Server
    username: str
    token: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"{self.server.url}/api/v1", timeout=60)

    def register(self) -> None:
        """Make the account, and a token for everything that follows."""
        account = {"username": self.username, "password": PASSWORD}
        self.call("POST", "/auth/register/", json=account)
        self.token = self.call("POST", "/auth/token/", json=account).json()["token"]
        self.http.cookies.clear()
        self.http.headers["Authorization"] = f"Token {self.token}"

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One request that has to succeed."""
        answer = self.http.request(method, path, **arguments)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def create(self, *, kind: str = "text", title: str = "A document", **members: str) -> str:
        """Create a document and let others in, as `bob="editor"`; its id."""
        answer = self.call("POST", "/documents/", json={"title": title, "kind": kind})
        document = str(answer.json()["id"])
        for username, role in members.items():
            self.invite(document, username, role)
        return document

    def invite(self, document: str, username: str, role: str) -> None:
        member = {"user": username, "role": role}
        self.call("POST", f"/documents/{document}/members/", json=member)

    def content(self, document: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("GET", f"/documents/{document}/content/").json()
        return answer

    def export(self, document: str, format_: str) -> bytes:
        path = f"/documents/{document}/export/"
        return self.call("GET", path, params={"format": format_}).content

    def client(self, document: str, *, url: str | None = None, **options: Any) -> Client:
        """A client of the JSON wire, signed in with the token."""
        return Client(url or self.server.ws_url, document, token=self.token, **options)


@dataclass
class Cast:
    """alice owns, bob edits, vera views, charlie is outside."""

    server: Server
    alice: Person
    bob: Person
    vera: Person
    charlie: Person

    @classmethod
    def on(cls, server: Server) -> "Cast":
        people = {name: Person(server, name) for name in ("alice", "bob", "vera", "charlie")}
        for person in people.values():
            person.register()
        return cls(server, **people)

    def close(self) -> None:
        for person in (self.alice, self.bob, self.vera, self.charlie):
            person.http.close()
