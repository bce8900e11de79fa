"""Renders Tiptap JSON as plain text: what searches, diffs and comment positions refer to.

Every block of text is one line, without bullets, numbers or quotation signs. A hard break
starts a line. The cells of a table row are joined by tabs. Rules and block images have no
line of their own. Positions are code points of this text.
"""

from documents.export.schema import CELLS, Node, children_of, has_inline_content


def to_text(doc: Node) -> str:
    """The plain text of a Tiptap document, or of any node."""
    parts: list[str] = []
    separator = ""  # goes before the next line; nothing goes before the first
    pending: list[Node | str] = [doc]  # nodes, and separators to change to on the way
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            separator = item
        elif item.get("type") in CELLS:
            # An empty cell keeps its place, so it begins with or without a line.
            parts.append(separator)
            separator = ""
            pending.append("\n")
            pending.extend(reversed(children_of(item)))
        elif item.get("type") == "tableRow":
            for index, cell in reversed(list(enumerate(children_of(item)))):
                pending.append(cell)
                if index:
                    pending.append("\t")
        elif has_inline_content(item) or "text" in item:
            parts.append(separator + inline_text(item))
            separator = "\n"
        else:
            pending.extend(reversed(children_of(item)))
    return "".join(parts)


def inline_text(node: Node) -> str:
    """The text of one block: a line, or several where there are hard breaks."""
    parts: list[str] = []
    pending = [node]
    while pending:
        node = pending.pop()
        if node.get("type") == "hardBreak":
            parts.append("\n")
        elif isinstance(text := node.get("text"), str):
            parts.append(text)
        else:
            pending.extend(reversed(children_of(node)))
    return "".join(parts)
