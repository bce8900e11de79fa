"""Pure helpers around pycrdt. No Django, no database.

A Doc must be used by the thread that made it, and holds the GIL while it works.
Panics of the Rust side derive from BaseException; here they become BadUpdate.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from pycrdt import Doc, Text, UndoManager, get_state, merge_updates

from documents.admission import admit, find_pairs
from documents.comparison import contradicts
from documents.encoding import decode_state_vector, encode_state_vector
from documents.errors import BadUpdate, Contradiction
from documents.pairs import Pairs

P = ParamSpec("P")
T = TypeVar("T")

# What a Doc without content encodes to, and the smallest update there is.
EMPTY_UPDATE = b"\x00\x00"
_TRANSACTION_BYTES = 64 * 1024


def guard(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run pycrdt on bytes that may be hostile; every failure comes out as BadUpdate.

    After BadUpdate the Doc may be half changed: throw it away.
    """
    try:
        return work(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 (PanicException cannot be imported)
        raise BadUpdate(f"The update cannot be applied: {error}.") from None


def build(updates: Iterable[bytes], *, client_id: int | None = None) -> Doc[Any]:
    """A new Doc with these Yjs v1 updates applied in causal order; BadUpdate if one fails."""
    doc: Doc[Any] = Doc() if client_id is None else Doc(client_id=client_id)

    guard(apply_all, doc, updates)
    return doc


def apply_all(doc: Doc[Any], updates: Iterable[bytes]) -> None:
    """Apply updates in few transactions: observers and clean-up run once in each.

    Not in one: after it, what can be joined is, at a cost that grows with the square.
    """
    waiting: list[bytes] = []
    size = 0
    for update in updates:
        if waiting and size + len(update) > _TRANSACTION_BYTES:
            _apply_together(doc, waiting)
            waiting, size = [], 0
        waiting.append(update)
        size += len(update)
    _apply_together(doc, waiting)


def _apply_together(doc: Doc[Any], updates: Iterable[bytes]) -> None:
    with doc.transaction():
        for update in updates:
            doc.apply_update(update)


def encode(doc: Doc[Any], *, since: bytes | None = None) -> bytes:
    """The Doc's state as one update, or what a holder of that state vector lacks."""
    return guard(lambda: doc.get_update() if since is None else doc.get_update(since))


def edit(doc: Doc[Any], change: Callable[[], None]) -> bytes:
    """Run a change in one transaction; return what the Doc reported, or EMPTY_UPDATE."""
    reported: list[bytes] = []
    subscription = doc.observe(lambda event: reported.append(event.update))
    try:
        with doc.transaction():
            change()
    finally:
        doc.unobserve(subscription)
    return reported[0] if reported else EMPTY_UPDATE


def clocks_of(doc: Doc[Any]) -> dict[int, int]:
    """How much of each client the Doc holds: client id -> clock."""
    return decode_state_vector(guard(doc.get_state))


def admit_and_apply(doc: Doc[Any], update: bytes) -> tuple[bytes, list[int]]:
    """Let an update from outside through the gate, onto the Doc.

    Returns what the Doc reported (EMPTY_UPDATE if there was nothing new in it), and the client
    ids that have new content. Raises BadUpdate, MissingPredecessors, or Contradiction where other
    content stands at the same clocks already; throw the Doc away then.
    """
    known = clocks_of(doc)
    admitted = admit(update, known, find_pairs(encode(doc)))
    overlap = {
        client: start for client, start in admitted.starts.items() if start < known.get(client, 0)
    }
    if overlap:
        held = encode(doc, since=encode_state_vector(known | overlap))
        if contradicts(update, held, known=known):
            raise Contradiction("Other content is here under this client id: take a new one.")
    changed = guard(lambda: edit(doc, lambda: doc.apply_update(update)))
    # Blocks that lean on each other in a circle are kept aside without a word.
    if admitted.entangled and not admitted.is_known(clocks_of(doc)):
        raise BadUpdate("The blocks of the update wait for each other.")
    # There are updates that apply, and leave a Doc that cannot be encoded any more.
    encode(doc)
    return changed, [client for client, end in admitted.ends.items() if end > known.get(client, 0)]


def check_rows(snapshot: bytes | None, rows: Iterable[bytes]) -> tuple[dict[int, int], Pairs]:
    """Let stored rows through the gate, on top of a snapshot.

    The clocks that a Doc has which holds all of it, and the surrogate pairs in the rows. BadUpdate
    or MissingPredecessors: they are not what was admitted once, and some such rows end the process
    of whoever applies them.
    """
    known = {} if snapshot is None else decode_state_vector(guard(get_state, snapshot))
    pairs = Pairs()
    for row in rows:
        admitted = admit(row, known)
        pairs.update(admitted.pairs)
        for client, end in admitted.ends.items():
            known[client] = max(end, known.get(client, 0))
    return known, pairs


def check_complete(doc: Doc[Any], clocks: Mapping[int, int]) -> None:
    """BadUpdate if the Doc keeps something aside of what has these clocks.

    Such a Doc must not be encoded: its encoding would leave that out, without a word.
    """
    if clocks_of(doc) != clocks:
        raise BadUpdate("An update waits for others that are not here.")


def rewind(doc: Doc[Any], *, to: bytes, client_id: int) -> bytes:
    """The update that gives a Doc the content of an earlier state of it, as an edit of its own.

    Applying the old state would merge into nothing. So everything that came after it is undone,
    on a scratch Doc that sees it come: what was deleted since is still whole there. EMPTY_UPDATE
    if nothing came after it. `to` is a Yjs v1 update; so is the answer, written by `client_id`.
    """
    scratch = build([to], client_id=client_id)
    # Undo asks only where a change belongs, so that any type will do for a root.
    roots = [scratch.get(name, type=Text) for name in doc.keys()]  # noqa: SIM118 (not a dict)
    undo = UndoManager(scopes=roots, capture_timeout_millis=0)
    guard(lambda: scratch.apply_update(encode(doc, since=scratch.get_state())))
    reported: list[bytes] = []
    subscription = scratch.observe(lambda event: reported.append(event.update))
    try:
        while undo.can_undo():
            guard(undo.undo)
    finally:
        scratch.unobserve(subscription)
    return guard(merge_updates, *reported) if reported else EMPTY_UPDATE
