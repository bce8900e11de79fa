"""Yjs relative positions, as their JSON (`Y.relativePositionToJSON`) has them. Pure."""

from dataclasses import dataclass
from typing import Any

from documents.anchoring.errors import BadAnchor
from documents.encoding import MAX_CLIENT, MAX_CLOCK

Id = tuple[int, int]
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Position:
    """A place that follows the text: beside an item, or at an end of a shared type."""

    item: Id | None = None
    # Of the shared type, where there is no item: its own, or a root's name.
    type: Id | None = None
    root: str | None = None
    # Below 0 it sticks to what is on its left, else to what is on its right.
    assoc: int = 0

    def to_json(self) -> dict[str, Any]:
        """As `Y.createRelativePositionFromJSON` takes it."""
        if self.item is not None:
            return {"item": _write_id(self.item), "assoc": self.assoc}
        if self.type is not None:
            return {"type": _write_id(self.type), "assoc": self.assoc}
        return {"tname": self.root, "assoc": self.assoc}


def read_position(given: Any, *, where: str) -> Position:
    """The position that this JSON says; BadAnchor, which names `where`, if it says none."""
    if not isinstance(given, dict):
        raise BadAnchor(f"{where}: give a relative position, as Y.relativePositionToJSON does.")
    assoc = given.get("assoc") or 0
    if not isinstance(assoc, int) or abs(assoc) > MAX_CLOCK:
        raise BadAnchor(f"{where}: assoc is -1 or 0.")
    item, shared, name = given.get("item"), given.get("type"), given.get("tname")
    assoc = -1 if assoc < 0 else 0
    if item is not None:
        return Position(item=_read_id(item, where), assoc=assoc)
    if shared is not None:
        return Position(type=_read_id(shared, where), assoc=assoc)
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise BadAnchor(f"{where}: a relative position has an item, a type or a tname.")
    return Position(root=name, assoc=assoc)


def _read_id(given: Any, where: str) -> Id:
    match given:
        case {"client": int(client), "clock": int(clock)} if (
            0 <= client <= MAX_CLIENT
            and 0 <= clock <= MAX_CLOCK
            and not isinstance(client, bool)
            and not isinstance(clock, bool)
        ):
            return client, clock
        case _:
            raise BadAnchor(f"{where}: an id is {{client, clock}}, two whole numbers.")


def _write_id(written: Id) -> dict[str, int]:
    return {"client": written[0], "clock": written[1]}
