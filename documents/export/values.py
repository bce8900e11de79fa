"""Reads shared maps and arrays as JSON, the way `toJSON()` does in a browser.

A text inside becomes its plain text, rich text its XML as a string; binary data a list of its
bytes. What JSON has no word for (NaN, infinities, undefined) is null; a BigInt is a number.
"""

import json
from typing import Any

from pycrdt import Array, Doc, Map

from documents.crdt import build, encode, guard
from documents.errors import BadUpdate
from documents.export.errors import Unreadable
from documents.export.nesting import check_nesting


def read_map(doc: Doc[Any], root: str) -> Any:
    """The root's keys and values, by name. Raises Unreadable."""
    return to_json(_copy_checked(doc, root).get(root, type=Map), root=root)


def read_array(doc: Doc[Any], root: str) -> Any:
    """The root's values. Raises Unreadable."""
    return to_json(_copy_checked(doc, root).get(root, type=Array), root=root)


def to_json(shared: Map[Any] | Array[Any], *, root: str) -> Any:
    """Only for what `check_nesting` let pass: pycrdt recurses here, on the Rust side."""
    try:
        written = guard(lambda: str(shared))
    except BadUpdate:
        raise Unreadable(f"The root “{root}” cannot be read as JSON: export it as yjs.") from None
    return json.loads(written, object_pairs_hook=_in_order, parse_constant=_as_null)


def _copy_checked(doc: Doc[Any], root: str) -> Doc[Any]:
    # After forged updates a Doc may count more items than there are; one built anew does not.
    state = encode(doc)
    check_nesting(state, root)
    return build([state])


def _in_order(members: list[tuple[str, Any]]) -> dict[str, Any]:
    # pycrdt hands them out in another order each time.
    return dict(sorted(members))


def _as_null(_name: str) -> None:
    return None
