"""Pure helpers around pycrdt. No Django, no database.

A Doc must be used by the thread that made it, and holds the GIL while it works.
Panics of the Rust side derive from BaseException; here they become BadUpdate.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pycrdt import Doc, Text, XmlFragment

from documents.errors import BadUpdate

T = TypeVar("T")

# What a Doc without content encodes to, and the smallest update there is.
EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"


def guard(work: Callable[[], T]) -> T:
    """Run pycrdt on bytes that may be hostile; every failure comes out as BadUpdate.

    After BadUpdate the Doc may be half changed: throw it away.
    """
    try:
        return work()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 (PanicException cannot be imported)
        raise BadUpdate(f"The update cannot be applied: {error}.") from None


def build(updates: Iterable[bytes], *, client_id: int | None = None) -> Doc[Any]:
    """A new Doc with these Yjs v1 updates applied in causal order; BadUpdate if one fails."""
    doc: Doc[Any] = Doc() if client_id is None else Doc(client_id=client_id)

    def apply() -> None:
        # One transaction for all: observers and clean-up run once.
        with doc.transaction():
            for update in updates:
                doc.apply_update(update)

    guard(apply)
    return doc


def root_of(doc: Doc[Any], *, kind: str, root: str) -> Text | XmlFragment:
    """The shared type that the document's kind lives in."""
    shared: Text | XmlFragment = doc.get(root, type=Text if kind == "text" else XmlFragment)
    return shared


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
