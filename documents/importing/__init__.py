"""Changes a document that someone has already built as a pycrdt Doc. Knows no Django.

Call from the thread that made the Doc. Whoever wants the change as an update runs it inside
`documents.crdt.edit`.
"""

from functools import partial
from typing import Any, assert_never

from pycrdt import Doc

from documents.export.errors import WrongRootType
from documents.export.roots import RICHTEXT, TEXT, open_text
from documents.export.schema import children_of
from documents.importing.errors import EditError, NestedTooDeep, UnsupportedEdit
from documents.importing.markdown import read_markdown
from documents.importing.operations import (
    Append,
    Delete,
    Insert,
    Operation,
    Replace,
    parse_operations,
    refuse_operation,
)
from documents.importing.prose import Prose, open_prose
from documents.importing.text import (
    apply_text_operations,
    apply_text_ops,
    delete_at,
    insert_at,
    replace_text,
)
from documents.importing.tiptap import append_content, replace_content

__all__ = [
    "EditError",
    "NestedTooDeep",
    "UnsupportedEdit",
    "append_content",
    "apply_ops",
    "apply_text_ops",
    "delete_at",
    "insert_at",
    "read_markdown",
    "replace_content",
    "replace_text",
]


def apply_ops(*, doc: Doc[Any], kind: str, root: str, ops: object) -> None:
    """Apply the operations of an edit request in order, in one transaction.

    On text: `{"insert": str, "at": int}`, `{"delete": int, "at": int}`, `{"replace": str}`,
    positions in code points. On rich text: `{"append": str}` and `{"replace": str}`, both
    Markdown. Raises EditError, and changes nothing, when any of them cannot be done.
    """
    operations = parse_operations(ops)
    try:
        if kind == TEXT:
            apply_text_operations(open_text(doc=doc, root=root), operations)
        else:
            _apply_to_richtext(open_prose(doc=doc, root=root), operations)
    except WrongRootType as error:
        raise EditError(str(error)) from None


def _apply_to_richtext(prose: Prose, operations: list[Operation]) -> None:
    # All Markdown is read before anything is written: a refusal leaves nothing half done.
    changes = []
    for index, operation in enumerate(operations):
        match operation:
            case Append(text):
                changes.append(partial(prose.append, children_of(read_markdown(text))))
            case Replace(text):
                changes.append(partial(prose.replace, children_of(read_markdown(text))))
            case Insert() | Delete():
                raise refuse_operation(operation, kind=RICHTEXT, index=index)
            case _:
                assert_never(operation)
    with prose.fragment.doc.transaction():
        for change in changes:
            change()
