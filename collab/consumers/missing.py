"""Every socket path that is not one of ours."""

from typing import Any

from collab.consumers.sockets import SocketConsumer
from collab.wire.messages import Close, CloseCode


class MissingConsumer(SocketConsumer):
    """Says that there is nothing here."""

    async def connect(self) -> None:
        await self.open(self.offered[0] if self.offered else None)
        await self.close_slowly(Close(CloseCode.MISSING, "there is nothing here"))

    async def receive(self, *_args: Any, **_kwargs: Any) -> None:
        """What still arrives is of no interest."""
