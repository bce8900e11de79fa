"""Fuzz of the gate and the Doc behind it, in a process of its own, which may die of it.

    python -m tests.documents.hostile SEED SECONDS

Writes updates that are nearly right, from the grammar and by mutation of real ones, and hands
them to documents one after the other. Whatever the gate lets through must apply or be Poisoned,
and leave a document that says of itself what it holds. The first that does not ends the process
with 1 and the updates as hex; the current ones stand in the file FUZZ_CASE names, for a crash.
"""

import json
import os
import random
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from collab.live_doc import LiveDoc, Poisoned
from documents.admission import admit
from documents.encoding import decode_state_vector, encode_number
from documents.errors import BadUpdate, MissingPredecessors

VECTORS = Path(__file__).parents[1] / "vectors" / "yjs.json"
MAX_MEMORY_BYTES = 3 * 2**30
CLIENTS = [1, 2, 3]
TEXTS = ["a", "bc", "é", "😀", "é😀x", "😀😁", "abcdef", "", "\0"]
ODD_NUMBERS = [127, 128, 2**14, 2**20, 2**24 + 1, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 2**64 - 1]
JSON_TEXTS = ["true", "null", '{"a":1}', '"é"', "1e999", "", "[", "NaN", '"\\ud800"', "[" * 50_000]
KEYS = ["gc", "autoLoad", "é"]


class Nonsense:
    """A source of updates that look like Yjs's."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.real = [
            [bytes.fromhex(update) for update in case["updates"]]
            for case in json.loads(VECTORS.read_text("utf-8"))
            if "subdocument" not in case["name"]
        ]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def number(self) -> int:
        return self.random.choice(ODD_NUMBERS) if self.chance(0.02) else self.random.randrange(9)

    def client(self) -> int:
        odd = [0, 4, 2**32 - 1, 2**32, 2**53 - 1, 2**53]
        return self.random.choice(CLIENTS if self.chance(0.995) else odd)

    def string(self, texts: list[str]) -> bytes:
        raw = self.random.choice(texts).encode()
        return encode_number(len(raw)) + raw

    def value(self, depth: int = 0) -> bytes:
        tag = self.random.choice([127, 126, 125, 124, 123, 122, 121, 120, 119, 118, 117, 116])
        if depth > 2 and tag in (117, 118):
            tag = 126
        body = b""
        match tag:
            case 125:
                body = encode_number(self.random.randrange(2**40))
            case 124 | 123 | 122:
                body = self.random.randbytes(4 if tag == 124 else 8)
            case 119:
                body = self.string(TEXTS)
            case 116:
                body = encode_number(2) + self.random.randbytes(2)
            case 117 | 118:
                count = self.random.randrange(3)
                body = encode_number(count)
                for _ in range(count):
                    body += self.string(KEYS) if tag == 118 else b""
                    body += self.value(depth + 1)
        return bytes([tag]) + body

    def content(self, kind: int) -> tuple[bytes, int]:  # noqa: PLR0911
        """Content of an item, and its length in clocks."""
        match kind:
            case 4:
                text = self.random.choice(TEXTS)
                raw = text.encode()
                return encode_number(len(raw)) + raw, len(text.encode("utf-16-le")) // 2
            case 1:
                length = self.number()
                return encode_number(length), length
            case 7:
                shared = self.random.choice([0, 1, 2, 3, 4, 6, 5, 7])
                return encode_number(shared) + (self.string(["p"]) if shared == 3 else b""), 1
            case 6:
                return self.string(["bold"]) + self.string(JSON_TEXTS), 1
            case 5:
                return self.string(JSON_TEXTS), 1
            case 8:
                count = self.random.randrange(4)
                values = b"".join(self.value() for _ in range(count))
                return encode_number(count) + values, count
            case 2:
                return encode_number(1) + self.string(["1", "null"]), 1
            case 3:
                return self.string(TEXTS), 1
            case 9:
                return self.string(["g", "é"]) + self.value(), 1
        return b"", 0

    def struct(self, client: int, clock: int, known: dict[int, int]) -> tuple[bytes, int]:
        if self.chance(0.1):
            length = self.number()
            return bytes([self.random.choice([0, 10])]) + encode_number(length), length
        # Without 9: subdocuments in odd places corrupt pycrdt's memory.
        kind = self.random.choice([4, 4, 4, 4, 1, 7, 7, 7, 6, 8, 8, 2, 3, 5, 11])
        flags = self.random.choice([0, 0, 0x20, 0x80, 0x80, 0x40, 0xC0])
        out = b""
        for flag in (0x80, 0x40):
            out += self.place(client, clock, known) if flags & flag else b""
        if not flags & 0xC0:
            named = self.chance(0.55)
            out += b"\1" + self.string(["t", "m", ""]) if named else b"\0"
            out += b"" if named else self.place(client, clock, known)
            out += self.string(["k", "é"]) if flags & 0x20 else b""
        body, length = self.content(kind)
        return bytes([kind | flags]) + out + body, length

    def place(self, client: int, clock: int, known: dict[int, int]) -> bytes:
        other = self.client()
        reach = max(1, clock if other == client else known.get(other, 0))
        at = self.random.randrange(reach) if self.chance(0.9) else self.number()
        return encode_number(other) + encode_number(at)

    def update(self, clocks: dict[int, int]) -> bytes:
        """Something that might come next on a document with these clocks."""
        known = dict(clocks)
        clients = self.random.sample(CLIENTS, self.random.choice([0, 1, 1, 1, 2, 3]))
        out = encode_number(len(clients))
        for client in clients:
            start = max(0, known.get(client, 0) + self.random.choice([0] * 9 + [-1, -3, 1]))
            clock, count, body = start, self.random.choice([0, 1, 1, 2, 3, 6]), b""
            for _ in range(count):
                struct, length = self.struct(client, clock, known)
                body += struct
                clock += length
            out += encode_number(count) + encode_number(client) + encode_number(start) + body
            known[client] = max(known.get(client, 0), clock)
        deleted = self.random.choice([0, 0, 1, 2])
        out += encode_number(deleted)
        for _ in range(deleted):
            client, ranges = self.client(), self.random.choice([0, 1, 1, 2])
            out += encode_number(client) + encode_number(ranges)
            for _ in range(ranges):
                at = self.random.randrange(known.get(client, 0) + 1)
                out += encode_number(at) + encode_number(self.random.randrange(4))
        return out

    def mutate(self, update: bytes) -> bytes:
        mutant = bytearray(update)
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            at = self.random.randrange(len(mutant) + 1)
            match self.random.randrange(4):
                case 0 | 1:
                    byte = self.random.choice([self.random.randrange(256), self.number() & 255])
                    mutant[at : at + 1] = bytes([byte])
                case 2:
                    del mutant[at : at + self.random.choice([1, 1, 2, 4])]
                case 3:
                    mutant[at:at] = self.random.randbytes(self.random.choice([1, 1, 2, 4]))
        return bytes(mutant)

    def sequel(self, doc: LiveDoc, real: list[bytes]) -> bytes:
        """The next update for the document: nonsense, or a real one that may be damaged."""
        if real:
            update = real.pop(0)
            return self.mutate(update) if self.chance(0.6) else update
        update = self.update(doc.clocks)
        return self.mutate(update) if self.chance(0.1) else update


def check(update: bytes, doc: LiveDoc, seen: Counter[str]) -> None:
    """Hand in one update; AssertionError, or anything else, if it does harm."""
    before = dict(doc.clocks)
    try:
        admitted = admit(update, before)
    except (BadUpdate, MissingPredecessors) as error:
        admitted = None
        seen[type(error).__name__] += 1
    started = time.monotonic()
    run = doc.apply([update])
    assert time.monotonic() - started < 2, "applying it takes long"
    assert decode_state_vector(doc._doc.get_state()) == doc.clocks
    if admitted is None:
        assert list(run.refused) == [0], "refused by the gate, and applied"
    if run.refused:
        assert (run.changed, doc.clocks) == (None, before), "refused, and left a trace"
        return
    seen["Admitted"] += 1
    if run.changed is not None:
        # It is logged, and told to others, who had what was here before.
        admit(run.changed, before)
    whole = doc.encode_since(b"\0")
    assert admit(whole, {}).is_known(doc.clocks)
    assert LiveDoc([whole]).clocks == doc.clocks


def main(seed: int, seconds: float) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    nonsense, seen = Nonsense(seed), Counter[str]()
    case_file = os.environ.get("FUZZ_CASE")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        doc, history = LiveDoc([]), []
        real = list(nonsense.random.choice(nonsense.real)) if nonsense.chance(0.3) else []
        for _ in range(nonsense.random.choice([3, 6, 12, 20])):
            update = nonsense.sequel(doc, real)
            history.append(update.hex())
            if case_file:
                Path(case_file).write_text("\n".join(history))
            try:
                check(update, doc, seen)
            except Poisoned:
                seen["Poisoned"] += 1
                break
            except BaseException as error:  # noqa: BLE001 (panics derive from it)
                sys.stdout.write(f"{error!r} seed {seed}\n" + "\n".join(history) + "\n")
                return 1
    sys.stdout.write(json.dumps(seen) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
