"""Writes Tiptap blocks into rich text in the words of the editor that it belongs to.

An editor deletes what its schema does not know: a BlockNote document must be given BlockNote's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment

from documents.export.dialects import Dialect, find_dialect, to_tiptap
from documents.export.markdown import to_markdown
from documents.export.roots import open_fragment
from documents.export.schema import Node
from documents.export.tiptap import read_child
from documents.importing.dialects import to_blocknote, to_prosemirror
from documents.importing.tiptap import append_content, replace_content

_TRANSLATIONS: dict[Dialect, Callable[[list[Node]], list[Node]]] = {
    Dialect.TIPTAP: lambda blocks: blocks,
    Dialect.PROSEMIRROR: to_prosemirror,
    Dialect.BLOCKNOTE: to_blocknote,
}


@dataclass(frozen=True, slots=True)
class Prose:
    """A root of rich text to write to; what is written are Tiptap's blocks."""

    fragment: XmlFragment
    dialect: Dialect

    def append(self, blocks: list[Node]) -> None:
        """Add them to the end. Raises EditError, and changes nothing."""
        written = _TRANSLATIONS[self.dialect](blocks)
        append_content(self._find_container(), written)

    def replace(self, blocks: list[Node]) -> None:
        """Make them the whole content; what stays the same at both ends keeps its place.

        Raises EditError, and changes nothing.
        """
        written: Node = {"type": "doc", "content": _TRANSLATIONS[self.dialect](blocks)}
        replace_content(self._find_container(), written, key=self._as_markdown)

    def _find_container(self) -> XmlFragment | XmlElement:
        """What holds the blocks: in BlockNote an element that holds them all."""
        if self.dialect is not Dialect.BLOCKNOTE:
            return self.fragment
        for child in self.fragment.children:
            if isinstance(child, XmlElement) and child.tag == "blockGroup":
                return child
        return self.fragment.children.append(XmlElement("blockGroup"))

    def _as_markdown(self, block: Node) -> str:
        # Blocks that read alike in Markdown keep what it cannot say: colours, widths, alignment.
        if self.dialect is Dialect.BLOCKNOTE:
            block = {"type": "blockGroup", "content": [block]}
        return to_markdown(to_tiptap({"type": "doc", "content": [block]}))


def open_prose(*, doc: Doc[Any], root: str) -> Prose:
    """The root to write to. Raises WrongRootType where something else is there."""
    fragment = open_fragment(doc=doc, root=root)
    blocks = (block for child in fragment.children for block in read_child(child))
    return Prose(fragment, find_dialect(blocks, root=root))
