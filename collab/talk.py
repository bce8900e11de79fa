"""What one client of the JSON wire says to people: in the document's chat, or to one of them.

What is said in the chat is stored before anybody hears of it, and the list of messages has what
somebody did not hear. What is meant for one connection is stored nowhere, and reaches it once or
not at all.
"""

import json
import logging
import math
import time
import uuid
from collections import deque

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from collab.allowance import Allowance
from collab.hub import Hub
from collab.rooms import Room
from collab.sessions import Session
from collab.wire.messages import Chat, Direct, Directed, Error, ErrorCode, Person, Said
from documents import bus
from documents.access import require_access
from documents.api.serializers_talk import NewMessageSerializer
from documents.errors import DocumentMissing, Forbidden, SignInRequired
from documents.messages import MAX_MESSAGE_LENGTH, post_message
from documents.roles import Action

logger = logging.getLogger(__name__)

# Messages of one client that are not stored yet.
_MAX_WAITING = 20


class _Refused(Exception):
    """It is not said."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Talk:
    """One client's part in the conversation."""

    def __init__(self, hub: Hub, session: Session, room: Room) -> None:
        self._hub = hub
        self._session = session
        self._room = room
        self._chats = Allowance(at_once=20, per_second=2)
        # Whoever shows another where they are does so a few times a second.
        self._directs = Allowance(at_once=50, per_second=20)
        # What is to be stored, in the order in which it was said.
        self._waiting: deque[Chat] = deque()
        self._is_saying = False

    def handle(self, message: Chat | Direct) -> None:
        """Say it, or answer why not."""
        if self._session.closing is not None:
            return
        if isinstance(message, Direct):
            if self._may(self._directs, message.id):
                self._hand_over(message)
        elif len(message.text.strip()) > MAX_MESSAGE_LENGTH:
            detail = f"A message has at most {MAX_MESSAGE_LENGTH} characters."
            self._refuse(message.id, ErrorCode.TOO_LARGE, detail)
        elif len(self._waiting) >= _MAX_WAITING:
            detail = "Wait until what you said is stored."
            self._refuse(message.id, ErrorCode.RATE_LIMITED, detail, retry_ms=1000)
        elif self._may(self._chats, message.id):
            self._waiting.append(message)
            if not self._is_saying:
                self._is_saying = True
                self._hub.spawn(self._say(), name="chat")

    def _may(self, allowance: Allowance, id_: object) -> bool:
        seconds = allowance.take(now=time.monotonic())
        if seconds:
            retry_ms = math.ceil(1000 * seconds)
            self._refuse(id_, ErrorCode.RATE_LIMITED, "Slow down.", retry_ms=retry_ms)
        return not seconds

    def _hand_over(self, message: Direct) -> None:
        sender = self._session.connection
        if self._room.audience.hand_over(message.to, Directed(sender, message.data)):
            return
        if not self._room.audience.is_elsewhere(message.to):
            detail = "There is no such connection in this document, or it does not listen."
            self._refuse(message.id, ErrorCode.NOT_FOUND, detail)
            return
        self._hub.publish(
            {
                "type": "direct",
                "document": str(self._room.document_id),
                "origin": self._hub.origin,
                "to": message.to,
                "sender": sender,
                "data": json.dumps(message.data),
            }
        )

    async def _say(self) -> None:
        """Store what waits and tell it, one after the other."""
        try:
            while self._waiting and self._session.closing is None:
                await self._say_one(self._waiting[0])
                self._waiting.popleft()
        finally:
            self._waiting.clear()
            self._is_saying = False

    async def _say_one(self, message: Chat) -> None:
        session, document_id = self._session, self._room.document_id
        try:
            hints = await self._hub.read(
                lambda: _store(document_id, session.user_id, session.person, message.text)
            )
        except _Refused as refused:
            self._refuse(message.id, refused.code, str(refused))
            return
        except Exception:
            logger.exception("A message could not be stored")
            detail = "It could not be stored: try again later."
            self._refuse(message.id, ErrorCode.RATE_LIMITED, detail, retry_ms=1000)
            return
        for hint in hints:
            if hint["type"] != "chat":
                self._hub.announce(hint)
                continue
            user = Person(hint["username"], hint["name"])
            said = Said(hint["message"], user, hint["text"], hint["at"])
            self._room.audience.tell_said(said, apart_from=session)
            session.send(Said(said.message, user, said.text, said.at, message.id))
            hint["origin"] = self._hub.origin
            self._hub.publish(hint)

    def _refuse(
        self, id_: object, code: ErrorCode, detail: str, *, retry_ms: int | None = None
    ) -> None:
        self._session.send(Error(code, detail, id=id_, retry_ms=retry_ms))


def _store(
    document_id: uuid.UUID, user_id: int | None, person: Person, text: str
) -> list[bus.Hint]:
    """As the API does it, in a database thread; what is to be told of it. Raises _Refused."""
    serializer = NewMessageSerializer(data={"text": text})
    if not serializer.is_valid():
        raise _Refused(ErrorCode.BAD_MESSAGE, f"`text`: {serializer.errors['text'][0]}")
    user = None
    if user_id is not None:
        user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            raise _Refused(ErrorCode.FORBIDDEN, "The user is gone or deactivated.")
    try:
        access = require_access(
            user=user or AnonymousUser(), document_id=document_id, action=Action.COMMENT
        )
    except DocumentMissing as error:
        raise _Refused(ErrorCode.NOT_FOUND, str(error)) from None
    except (Forbidden, SignInRequired) as error:
        raise _Refused(ErrorCode.FORBIDDEN, str(error)) from None
    with bus.collect() as hints:
        post_message(
            document=access.document,
            author=user,
            text=serializer.validated_data["text"],
            guest_name=person.name,
        )
    return hints
