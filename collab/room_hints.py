"""What other processes say of a document, told to its room here."""

import json

from collab.rooms import Room
from collab.wire.messages import AwarenessState, Directed, Person, Said, Stateless
from documents import bus

RoomHint = (
    bus.AppendedHint
    | bus.AwarenessHint
    | bus.ReturnedHint
    | bus.StatelessHint
    | bus.ChatHint
    | bus.DirectHint
)


def tell_room(room: Room, hint: RoomHint) -> None:
    """Hand it on."""
    match hint["type"]:
        case "appended":
            rows = [(row[0], row[1]) for row in hint["rows"]]
            room.hear_appended(last_seq=hint["last_seq"], rows=rows)
        case "awareness":
            room.hear_awareness(
                [
                    AwarenessState(client, clock, json.loads(state))
                    for client, clock, state in hint["states"]
                ],
                connection=hint["connection"],
                person=Person(hint["username"], hint["name"]),
                origin=hint["origin"],
            )
        case "returned":
            room.hear_returned()
        case "stateless":
            room.audience.tell_stateless(Stateless(hint["payload"]))
        case "chat":
            user = Person(hint["username"], hint["name"])
            room.audience.tell_said(Said(hint["message"], user, hint["text"], hint["at"]))
        case "direct":
            message = Directed(hint["sender"], json.loads(hint["data"]))
            room.audience.hand_over(hint["to"], message)
