"""`/ws/events/`: what concerns one signed-in user, in whatever document."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from collab import doors
from collab.consumers.json_sockets import JsonConsumer, frame
from collab.outbox import Outbox
from collab.requests import Requests
from collab.sessions import Session
from collab.wire import json as json_wire
from collab.wire.messages import CloseCode, ErrorCode, Welcome, WireError
from documents.permissions import Role


class EventsConsumer(JsonConsumer):
    """A socket with a session that is in no document."""

    async def let_in(self, credentials: doors.Credentials) -> bool:
        hub, options = self.hub, self.hub.options
        while True:
            changes = hub.access_changes
            found = await hub.read(lambda: doors.identify(credentials))
            if found is None:
                if credentials.session_key is None and credentials.token is None:
                    raise doors.Refused(CloseCode.NOT_AUTHENTICATED, "sign in, or bring a token")
                return False
            hub.guard.check(credentials, user_id=found.user_id, address=self.address)
            if changes == hub.access_changes:
                break
        if not self.is_open:
            return True
        session = Session(
            user_id=found.user_id,
            person=found.person,
            # It has no document to write in.
            role=Role.VIEWER,
            transport=self.transport(self.send_message, self.close_with, frame),
            outbox=Outbox(max_bytes=options.outbox_bytes),
            since=datetime.now(UTC),
            stalled_seconds=options.stalled_seconds,
        )
        session.send(
            Welcome(
                connection=session.connection,
                user=found.person,
                role=None,
                epoch=None,
                head=None,
                limits=options.limits(),
                ping_seconds=options.ping_seconds,
            )
        )
        session.start(_has_no_document, _has_no_document)
        self.session = session
        self.requests = Requests(hub, session)
        hub.guard.admit(session, credentials, address=self.address)
        return True

    async def handle(self, content: json_wire.JsonMessage) -> None:
        raise WireError(
            "There is no document on this socket: join one at /ws/documents/<id>/.",
            code=ErrorCode.UNSUPPORTED,
            id=getattr(content, "id", None),
        )

    async def leave(self) -> None:
        if self.session is not None:
            self.hub.guard.release(self.session)
            await self.session.stop()


def _has_no_document(*_: Any) -> NoReturn:
    raise AssertionError("nothing of a document was ever queued")
