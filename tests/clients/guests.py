"""People who come with a stock provider, as their manuals say to configure it."""

from dataclasses import dataclass, field
from typing import Any

from tests.clients.driver import HOCUSPOCUS, Harness, StockClient
from tests.e2e.people import Person


@dataclass
class Guests:
    """Whoever joined in a test; all leave at its end."""

    harness: Harness
    clients: list[StockClient] = field(default_factory=list)

    async def join(
        self,
        kind: str,
        person: Person,
        document: str,
        *,
        ticket: str | None = None,
        url: str | None = None,
        **options: Any,
    ) -> StockClient:
        """Connect somebody by their API token or by a ticket; `options` are Harness.connect's."""
        server = url or person.server.ws_url
        if kind in HOCUSPOCUS:
            address = f"{server}/ws/hocuspocus"
            options.setdefault("tokens", [ticket or person.token])
        else:
            address = f"{server}/ws/yjs"
            options.setdefault("params", {"ticket": ticket} if ticket else {"token": person.token})
        client = await self.harness.connect(kind, url=address, document=document, **options)
        self.clients.append(client)
        return client

    async def leave(self) -> None:
        """Destroy all providers; HarnessError if one of them has thrown anything."""
        clients, self.clients = self.clients, []
        for client in clients:
            await client.close()
        self.harness.check()


def ticket_for(person: Person, document: str, **body: Any) -> str:
    """A ticket from the REST API."""
    return str(person.call("POST", f"/documents/{document}/ticket/", json=body).json()["ticket"])
