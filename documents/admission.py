"""The gate before every Doc: is this update well-formed, bounded, and in causal order?

pycrdt trusts what it applies: a wrong clock panics, a deep value overflows the stack, and an
update whose predecessors are missing is kept aside without a word and merged wrongly later.
So every update from outside is read here first. Pure: bytes in, facts out.

The format is Yjs's update encoding, version 1 (yjs `src/utils/encoding.js`, `src/structs/`).
`known` is a mapping of client id to clock: how much of each client the Doc holds.
"""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from documents.encoding import MAX_CLIENT, MAX_CLOCK, Cursor
from documents.errors import BadUpdate, MissingPredecessors
from documents.pairs import NO_PAIRS, Pairs

# A block without content (deleted, collected) costs a few bytes and can claim any length. No
# real one is longer than what a person and a frame can have written.
MAX_EMPTY_LENGTH = 2**24
# Neighbours of one kind are joined after each transaction, and pycrdt copies what it has joined so
# far for each of them, and keeps the copies: 1.4 MB of letters, each a block of its own, take
# 18 GB. So many bytes may be copied for one update; no editor comes near.
MAX_JOINING_BYTES = 64 * 2**20
# What a value in an item weighs there.
_VALUE_BYTES = 24
# Values inside an item (embeds, attributes of maps) are decoded recursively by pycrdt.
MAX_VALUE_DEPTH = 64

_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_XML_ELEMENT, _XML_HOOK, _LAST_TYPE = 3, 5, 6

# Where characters outside the basic plane may stand; such a one has two clocks. One pattern for
# each first byte: so searching skips from one such byte to the next, at twice the speed.
_WIDE_CHARACTERS = [re.compile(bytes((first,)) + rb"[\x80-\xbf]{3}") for first in range(0xF0, 0xF5)]

_NUMBER = rb"([\x80-\xff]{0,7}[\x00-\x7f])"
_ID = _NUMBER * 2
# One item alone, with nothing deleted: a short ASCII string behind another item, or between two.
_KEYSTROKE = re.compile(
    rb"\x01\x01" + _ID + rb"(?:\x84" + _ID + rb"|\xc4" + _ID + _ID + rb")"
    rb"([\x01-\x7f])([\x00-\x7f]+)\x00"
)

# The bytes that follow a value's tag, for values of a fixed size.
_FIXED_VALUES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}


class Admitted(NamedTuple):
    """What a well-formed update says it holds."""

    # Client id -> the clock after its last struct here.
    ends: Mapping[int, int]
    # Client id -> the clock of its first struct here.
    starts: Mapping[int, int]
    deletes: bool
    # Blocks of several clients lean on each other inside the update: whether they do so in a
    # circle shows only after applying, in the Doc's state vector.
    entangled: bool
    # (client, clock) of the second half of each surrogate pair in its strings.
    pairs: Pairs
    # Client id -> the clock behind the last of its structs that others here build on or delete.
    leans_on: Mapping[int, int] = MappingProxyType({})

    def is_known(self, known: Mapping[int, int]) -> bool:
        """Whether a Doc with these clocks has all the structs already (deletes aside)."""
        return all(known.get(client, 0) >= end for client, end in self.ends.items())


def admit(update: bytes, known: Mapping[int, int], pairs: Pairs = NO_PAIRS) -> Admitted:
    """Read an update for a Doc that holds `known`, with the surrogate pairs `pairs`.

    Raises BadUpdate if it is malformed or out of bounds, or cuts a pair in two (pycrdt loses
    count then); MissingPredecessors if it builds on what the Doc does not have. Costs some
    microseconds for a keystroke.
    """
    try:
        return read_keystroke(update, known, pairs) or Reader(update).read(known, pairs)
    except (IndexError, UnicodeDecodeError):
        raise BadUpdate("The update is cut off, or is not a Yjs v1 update.") from None


def find_pairs(update: bytes) -> Pairs:
    """The surrogate pairs in an update that was admitted once, whatever it builds on."""
    if not _may_have_pairs(update):
        return NO_PAIRS
    reader = Reader(update)
    with suppress(MissingPredecessors):
        reader.read({})
    return reader.pairs


def _may_have_pairs(raw: bytes) -> bool:
    return any(wide.search(raw) for wide in _WIDE_CHARACTERS)


def find_all_pairs(updates: Iterable[bytes]) -> Pairs:
    """The surrogate pairs in several such updates."""
    pairs = Pairs()
    for update in updates:
        pairs.update(find_pairs(update))
    return pairs


def read_keystroke(update: bytes, known: Mapping[int, int], pairs: Pairs) -> Admitted | None:
    """What `Reader` makes of an update, if it is what most are; None of any other.

    A quarter of what the room does for a keystroke would be reading it byte by byte.
    """
    match = _KEYSTROKE.fullmatch(update)
    if match is None:
        return None
    owner, start, left, left_clock, between, between_clock, right, right_clock, size, text = (
        match.groups()
    )
    client, clock, length = _client(owner), _number(start), len(text)
    if size[0] != length or clock != known.get(client, 0):
        return None
    neighbours = [(_client(left or between), _number(left_clock or between_clock), 1)]
    if right is not None:
        neighbours.append((_client(right), _number(right_clock), 0))
    leans_on: dict[int, int] = {}
    for other, at, end in neighbours:
        if at >= known.get(other, 0) or (pairs and (other, at + end) in pairs):
            return None
        if other != client:
            leans_on[other] = max(at + 1, leans_on.get(other, 0))
    if client > MAX_CLIENT or clock + length > MAX_CLOCK:
        return None
    return Admitted(
        ends={client: clock + length},
        starts={client: clock},
        deletes=False,
        entangled=False,
        pairs=NO_PAIRS,
        leans_on=leans_on,
    )


def _number(raw: bytes) -> int:
    number = 0
    for byte in reversed(raw):
        number = number << 7 | byte & 0x7F
    return number


# The same ones come again and again.
_client = lru_cache(maxsize=4096)(_number)


class Reader(Cursor):
    """Reads one update, and gathers what it builds on."""

    __slots__ = (
        "_chain",
        "_chain_kind",
        "_deleted",
        "_joining_bytes",
        "cuts",
        "dependencies",
        "pairs",
    )

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        # How many structs before this one it will be joined with; their kind and right neighbour.
        self._chain = 0
        self._chain_kind: tuple[int, tuple[int, int] | None] | None = None
        self._joining_bytes = 0
        # Client id -> the clock behind the last of its structs that is deleted.
        self._deleted: dict[int, int] = {}
        # (client, clock, owner): `owner`'s struct builds on that struct.
        self.dependencies: list[tuple[int, int, int]] = []
        # (client, clock): a string is cut before it, if it stands there.
        self.cuts: list[tuple[int, int]] = []
        # (client, clock) of the second half of each surrogate pair.
        self.pairs = NO_PAIRS

    def _string(self, client: int, clock: int) -> int:
        """Read a string; return its length as JavaScript counts."""
        raw = self.chunk()
        if raw.isascii():
            return len(raw)
        text = raw.decode()
        if not _may_have_pairs(raw):
            return len(text)
        if self.pairs is NO_PAIRS:
            self.pairs = Pairs()
        length = 0
        for character in text:
            length += 1
            if character > "\uffff":
                self.pairs.add(client, clock + length)
                length += 1
        return length

    def read(self, known: Mapping[int, int], pairs: Pairs = NO_PAIRS) -> Admitted:
        starts: dict[int, int] = {}
        reached: dict[int, int] = {}
        missing = False
        for _ in range(self.number()):
            count = self.number()
            client = self.number()
            clock = self.number()
            if client > MAX_CLIENT or clock > MAX_CLOCK:
                raise BadUpdate("A client id or clock is out of range.")
            if client in starts:
                raise BadUpdate(f"Client {client} stands twice in the update.")
            if not count:
                raise BadUpdate(f"Nothing of client {client} follows.")
            starts[client], reached[client] = clock, 0
            self._chain_kind = None
            have = known.get(client, 0)
            for _ in range(count):
                gap = self.data[self.at] == _SKIP
                if not gap and clock > have:
                    missing = True
                elif clock < have:
                    # Of a struct that is known in part, the known part is cut off; and what is
                    # known is compared from here on.
                    self.cuts += ((client, clock), (client, have))
                clock += self._struct(client, clock)
                if clock > MAX_CLOCK:
                    raise BadUpdate(f"Client {client}'s clock runs out of range.")
                if not gap:
                    have = max(have, clock)
                    reached[client] = clock
        deletes, missing_deletes = self._delete_set(known, reached)
        self.expect_end()
        if (pairs or self.pairs) and any(cut in pairs or cut in self.pairs for cut in self.cuts):
            raise BadUpdate("The update cuts a character in two.")
        lacking, entangled = self._weigh_dependencies(known, reached)
        if missing or missing_deletes or lacking:
            raise MissingPredecessors("The update builds on edits that are not here.")
        return Admitted(
            ends=reached,
            starts=starts,
            deletes=deletes,
            entangled=entangled,
            pairs=self.pairs,
            leans_on=self._leans_on(),
        )

    def _leans_on(self) -> Mapping[int, int]:
        leans_on = self._deleted
        for client, clock, _ in self.dependencies:
            if clock >= leans_on.get(client, 0):
                leans_on[client] = clock + 1
        return leans_on

    def _struct(self, client: int, clock: int) -> int:
        """Read one struct; return its length in clocks."""
        info = self.data[self.at]
        self.at += 1
        ref = info & 0x1F
        if info in (_GC, _SKIP):
            self._chain_kind = None
            return self._empty_length()
        left = right = None
        if info & 0xC0:
            if info & 0x80:
                left = self._dependency(client, clock, end=1)
                self.cuts.append(left)
            if info & 0x40:
                right = self._dependency(client, clock)
                self.cuts.append(right)
        else:
            named = self.number()
            if named == 1:
                self.chunk().decode()
            elif named == 0:
                self._dependency(client, clock)
            else:
                raise BadUpdate("An item's parent is neither a name nor an id.")
            if info & 0x20:
                self.chunk().decode()
        start = self.at
        length = self._content(ref, client, clock)
        if length < 1:
            raise BadUpdate("An item is empty.")
        if left == (client, clock) and ref in (_STRING, _ANY):
            weight = _VALUE_BYTES * length if ref == _ANY else self.at - start
            self._count_joining((ref, right), weight)
        else:
            self._chain, self._chain_kind = 0, (ref, right)
        return length

    def _count_joining(self, kind: tuple[int, tuple[int, int] | None], weight: int) -> None:
        """The struct stands right behind the one before it: if of its kind, they are joined."""
        if kind != self._chain_kind:
            self._chain, self._chain_kind = 0, kind
            return
        self._chain += 1
        self._joining_bytes += weight * self._chain
        if self._joining_bytes > MAX_JOINING_BYTES:
            raise BadUpdate(
                "The update is made of too many small pieces: send the document's state rather "
                "than thousands of updates merged into one."
            )

    def _dependency(self, owner: int, own_clock: int, *, end: int = 0) -> tuple[int, int]:
        """Read the id of what a struct builds on; return where that begins, or ends."""
        client, clock = self.number(), self.number()
        if client == owner:
            if clock >= own_clock:
                raise BadUpdate("An item builds on a later one of the same client.")
        else:
            self.dependencies.append((client, clock, owner))
        return client, clock + end

    def _weigh_dependencies(
        self, known: Mapping[int, int], reached: Mapping[int, int]
    ) -> tuple[bool, bool]:
        """Whether any is found nowhere, and whether any stands in this very update."""
        lacking = entangled = False
        for client, clock, owner in self.dependencies:
            if clock < known.get(client, 0):
                continue
            if clock >= reached.get(client, 0):
                lacking = True
            elif client != owner:
                entangled = True
        return lacking, entangled

    def _empty_length(self) -> int:
        length = self.number()
        if not 1 <= length <= MAX_EMPTY_LENGTH:
            raise BadUpdate(f"A block without content claims {length} clocks.")
        return length

    def _content(self, ref: int, client: int, clock: int) -> int:
        length = 1
        match ref:
            case 4:
                length = self._string(client, clock)
            case 1:
                length = self._empty_length()
            case 7:
                self._type()
            case 6:
                self.chunk().decode()
                self._json()
            case 8:
                length = self.number()
                for _ in range(length):
                    self._value()
            case 2:
                # It would take the next struct for one more of the strings.
                raise BadUpdate("pycrdt reads the content JSON, which Yjs left in 2019, wrongly.")
            case 3:
                self.chunk()
            case 5:
                self._json()
            case 9:
                raise BadUpdate(
                    "Subdocuments are not supported: pycrdt's memory suffers from them."
                )
            case _:
                raise BadUpdate(f"There is no content of kind {ref}.")
        return length

    def _type(self) -> None:
        kind = self.number()
        if kind > _LAST_TYPE:
            raise BadUpdate(f"There is no shared type of kind {kind}.")
        if kind == _XML_HOOK:
            # It would take the name for the next struct, and everything after it for another.
            raise BadUpdate("pycrdt reads the shared type XmlHook wrongly.")
        if kind == _XML_ELEMENT:
            self.chunk().decode()

    def _json(self) -> None:
        """Read the JSON of a format or an embed, which pycrdt parses with a bounded stack."""
        raw = self.chunk()
        if raw in (b"true", b"null"):
            return
        try:
            value = json.loads(raw, parse_constant=_refuse_constant)
            # Halves of surrogate pairs and numbers without end are written, but never read.
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            raise BadUpdate("A format or an embed is not JSON.") from None
        if max(raw.count(b"["), raw.count(b"{")) > MAX_VALUE_DEPTH and is_deep(value):
            raise BadUpdate(f"A value is nested deeper than {MAX_VALUE_DEPTH}.")

    def _value(self) -> None:
        """Read one value of lib0's `any` encoding, nested ones without recursion."""
        # For each open container: how many values are left, and whether each has a key.
        open_containers: list[tuple[int, bool]] = []
        while True:
            tag = self.data[self.at]
            self.at += 1
            if tag in _FIXED_VALUES:
                self.skip(_FIXED_VALUES[tag])
            elif tag == 125:
                # A signed number: of its first byte one bit is the sign. Only its end matters.
                self.number()
            elif tag in (119, 116):
                raw = self.chunk()
                if tag == 119:
                    raw.decode()
            elif tag in (118, 117):
                open_containers.append((self.number(), tag == 118))
                if len(open_containers) > MAX_VALUE_DEPTH:
                    raise BadUpdate(f"A value is nested deeper than {MAX_VALUE_DEPTH}.")
            else:
                raise BadUpdate(f"There is no value with the tag {tag}.")
            while open_containers and open_containers[-1][0] == 0:
                open_containers.pop()
            if not open_containers:
                return
            left, keyed = open_containers[-1]
            open_containers[-1] = (left - 1, keyed)
            if keyed:
                self.chunk().decode()

    def _delete_set(
        self, known: Mapping[int, int], reached: Mapping[int, int]
    ) -> tuple[bool, bool]:
        """Read the delete set; return whether there is one, and whether it goes too far."""
        clients = self.number()
        missing = False
        for _ in range(clients):
            client = self.number()
            if client > MAX_CLIENT:
                raise BadUpdate("The delete set has a client id out of range.")
            have = max(known.get(client, 0), reached.get(client, 0))
            for _ in range(self.number()):
                clock, length = self.number(), self.number()
                if clock + length > MAX_CLOCK:
                    raise BadUpdate("The delete set goes out of range.")
                if clock + length > have:
                    missing = True
                if clock + length > self._deleted.get(client, 0):
                    self._deleted[client] = clock + length
                self.cuts += ((client, clock), (client, clock + length))
        return clients > 0, missing


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def is_deep(value: Any) -> bool:
    """Whether parsed JSON is nested deeper than MAX_VALUE_DEPTH."""
    level = [value]
    for _ in range(MAX_VALUE_DEPTH + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)
