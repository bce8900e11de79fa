"""The editing traces of tests/data/traces, as updates that clients can send."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text, TransactionEvent

DIRECTORY = Path(__file__).resolve().parent.parent / "data" / "traces"

Patch = tuple[int, int, str]


def read_trace(name: str) -> dict[str, Any]:
    trace: dict[str, Any] = json.loads(
        gzip.decompress((DIRECTORY / f"{name}.json.gz").read_bytes())
    )
    return trace


def read_state_vector(encoded: bytes) -> dict[int, int]:
    """Client id -> clock, of a Yjs state vector."""
    numbers = _read_numbers(encoded)
    return {next(numbers): next(numbers) for _ in range(next(numbers))}


def _read_numbers(encoded: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in encoded:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0


@dataclass(frozen=True, slots=True)
class AuthoredUpdate:
    """What one person typed, and how far they had read the others when they did."""

    update: bytes
    # Of the other agents: client id -> clock.
    needs: dict[int, int]


def author_updates(trace: dict[str, Any]) -> dict[int, list[AuthoredUpdate]]:
    """Each transaction as an update made on the merged state of its parents; by client id.

    An agent's client id is its number and one: Yjs puts concurrent insertions at one place in
    the order of their client ids, and the trace's end was made with the agents in order.
    """
    agents = range(trace["numAgents"])
    docs: list[Doc[Any]] = [Doc(client_id=agent + 1) for agent in agents]
    authored: list[list[AuthoredUpdate]] = [[] for _ in agents]
    newest = b""

    def keep(event: TransactionEvent) -> None:
        nonlocal newest
        newest = event.update

    for doc in docs:
        doc.observe(keep)
    # How many transactions of each agent have been applied to each agent's document.
    applied = [[0] * len(agents) for _ in agents]
    seen_by_transaction: list[list[int]] = []
    for transaction in trace["txns"]:
        author = transaction["agent"]
        seen = [0] * len(agents)
        for parent in transaction["parents"]:
            seen = [max(pair) for pair in zip(seen, seen_by_transaction[parent], strict=True)]
        assert seen[author] == len(authored[author]), "an agent that forked from itself"
        for other in agents:
            for past in authored[other][applied[author][other] : seen[other]]:
                docs[author].apply_update(past.update)
            assert applied[author][other] <= seen[other], "an agent that forgot"
            applied[author][other] = seen[other]
        known = read_state_vector(docs[author].get_state())
        needs = {client: clock for client, clock in known.items() if client != author + 1}
        text = docs[author].get("content", type=Text)
        with docs[author].transaction():
            for patch in transaction["patches"]:
                apply_patch(text, patch)
        authored[author].append(AuthoredUpdate(newest, needs))
        seen[author] += 1
        applied[author][author] = seen[author]
        seen_by_transaction.append(seen)
    return {agent + 1: authored[agent] for agent in agents}


def apply_patch(text: Text, patch: Patch) -> None:
    """Delete and insert at a position in code points."""
    position, deleted, inserted = patch
    start, end = position, position + deleted
    # Both traces are nearly ASCII; where they are not, pycrdt counts UTF-8 bytes.
    if len(text) != len(content := str(text)):
        start, end = (len(content[:at].encode()) for at in (start, end))
    if deleted:
        del text[start:end]
    if inserted:
        text.insert(start, inserted)
