"""One client in one document, from the door to its leaving, on whatever wire."""

import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from collab import doors
from collab.hub import Hub
from collab.outbox import Outbox
from collab.rooms import Room
from collab.sessions import Session, Transport
from collab.wire.messages import CloseCode, RoomMessage, Welcome
from documents.errors import BadUpdate, DocumentMissing, LogDamaged

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who may come in, and the room; to be used in the same turn of the event loop."""

    entrant: doors.Entrant
    room: Room


async def ask_in(
    hub: Hub, document_id: uuid.UUID, credentials: doors.Credentials, *, address: str
) -> Admission | None:
    """Look up who this is, and open the document.

    None for a visitor who has not shown anything yet; raises doors.Refused for everything else.
    """
    if hub.draining:
        raise doors.Refused(CloseCode.RESTARTING, "the server restarts")
    try:
        return await _look_up_and_open(hub, document_id, credentials, address)
    except doors.Refused:
        raise
    except DocumentMissing:
        raise doors.Refused(CloseCode.MISSING, "there is no such document") from None
    except (LogDamaged, BadUpdate) as error:
        # Its operator was told, once.
        reason = "the document is damaged, and is not opened in part"
        raise doors.Refused(CloseCode.TRY_AGAIN_LATER, reason) from error
    except Exception as error:
        # The database is away.
        logger.exception("Document %s cannot be opened", document_id)
        raise doors.Refused(
            CloseCode.TRY_AGAIN_LATER, "the document cannot be opened now"
        ) from error


async def _look_up_and_open(
    hub: Hub, document_id: uuid.UUID, credentials: doors.Credentials, address: str
) -> Admission | None:
    while True:
        # What changes about access while we look is only heard of in an open room.
        hears, changes = hub.is_open(document_id), hub.access_changes
        entrant = await hub.read(lambda: doors.enter(credentials, document_id))
        if entrant is None:
            return None
        hub.guard.check(credentials, user_id=entrant.user_id, address=address)
        room = await hub.enter(document_id)
        if hears and hub.access_changes == changes and not room.closed:
            return Admission(entrant, room)


class Attendance:
    """A session in its room."""

    def __init__(
        self,
        hub: Hub,
        admission: Admission,
        transport: Transport,
        *,
        address: str,
        is_stock: bool = False,
        hears_stateless: bool = False,
        hears_acks: bool = True,
        renews: bool = False,
    ) -> None:
        """Let somebody in who was admitted, and welcome them.

        `renews`: the wire asks for a new ticket when one ends; otherwise that is the end.
        """
        entrant, room, options = admission.entrant, admission.room, hub.options
        id_ = uuid.uuid4()
        person = entrant.person or doors.guest(id_)
        self.session = Session(
            id=id_,
            user_id=entrant.user_id,
            person=person,
            role=entrant.role,
            transport=transport,
            outbox=Outbox(max_bytes=options.outbox_bytes),
            since=datetime.now(UTC),
            stalled_seconds=options.stalled_seconds,
            is_stock=is_stock,
            hears_stateless=hears_stateless,
            hears_acks=hears_acks,
        )
        self.session.send(
            Welcome(
                connection=self.session.connection,
                user=person,
                role=entrant.role.slug,
                epoch=room.epoch,
                head=room.head,
                limits=options.limits(),
                ping_seconds=options.ping_seconds,
            )
        )
        self._hub, self._room = hub, room
        self._left = False
        room.join(self.session)
        hub.joined(room, self.session)
        until = None if renews else entrant.until
        hub.guard.admit(self.session, entrant.credentials, address=address, until=until)
        hub.link_ends.expect(room.document_id, entrant.link_until)

    @property
    def room(self) -> Room:
        """The room that the session is in."""
        return self._room

    def is_ready(self) -> bool:
        """Whether nobody need wait for anybody: then a message may be put in at once."""
        return not self.session.is_behind() and self._room.has_space(self.session)

    def put(self, message: RoomMessage) -> None:
        """Hand in a message while the room is ready."""
        self._room.put(self.session, message)

    async def submit(self, message: RoomMessage) -> None:
        """Hand in a message, when its sender takes what it is sent and the room has space."""
        await self.session.wait_for_reader()
        await self._room.submit(self.session, message)

    def leave(self) -> None:
        """Go out of the room; the writer may still have something to say."""
        if not self._left:
            self._left = True
            self._room.leave(self.session)
            self._hub.left(self._room, self.session)
            self._hub.guard.release(self.session)

    async def end(self) -> None:
        """The socket is gone."""
        self.leave()
        await self.session.stop()
