"""What rooms need of the process they live in; the hub provides it, tests imitate it."""

import uuid
from collections.abc import Coroutine
from typing import Any, Protocol

from collab.following import LoggedRow
from collab.journal import Journal
from collab.options import Options
from documents import bus
from documents.log import State


class Services(Protocol):
    """What a room needs of its hub."""

    options: Options
    journal: Journal
    # This process's name in hints.
    origin: str
    # Whether there may be other processes to tell.
    is_shared: bool

    async def load_state(self, document_id: uuid.UUID) -> State:
        """The newest snapshot and the rows after it."""

    async def read_since(self, document_id: uuid.UUID, seq: int) -> list[LoggedRow]:
        """The log's rows after `seq`."""

    def publish(self, hint: bus.Hint) -> None:
        """Tell the other processes, if there are any; may be lost."""

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a task that the hub owns."""

    def forget(self, document_id: uuid.UUID) -> None:
        """The document's room is closed."""

    def grown(self, document_id: uuid.UUID) -> None:
        """So much was logged that a snapshot may be due."""
