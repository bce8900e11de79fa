"""Renders a Tiptap table as a GitHub-flavoured Markdown table, one line per row."""

from documents.export.markdown_inline import write_inline
from documents.export.markdown_text import write_code
from documents.export.schema import (
    Node,
    attributes_of,
    children_of,
    has_inline_content,
    whole_number,
)
from documents.export.text import inline_text

_MAX_SPAN = 100
_RULES = {"left": ":---", "center": ":---:", "right": "---:"}


def write_table(table: Node) -> list[str]:
    """The lines of a table; none if it has no cells.

    Markdown always has a header: where the table has none, an empty one is written. A merged
    cell is written once, the places that it covers are empty.
    """
    rows = _Grid().place(table)
    width = max(map(len, rows), default=0)
    if not width:
        return []
    first = [_write_cell(cell) for cell in rows[0]]
    # A header without a word would be taken for the one that is written where there is none.
    has_header = any(first) and any(cell and cell.get("type") == "tableHeader" for cell in rows[0])
    header = (first if has_header else []) + [""] * width
    rules = [_RULES.get(_align_of(cell), "---") for cell in rows[0]] + ["---"] * width
    # Only the header has to be as wide as the widest row: readers fill up the others.
    lines = [_join(header[:width]), _join(rules[:width])]
    body = rows[1:] if has_header else rows
    return lines + [_join([_write_cell(cell) for cell in row]) for row in body]


class _Grid:
    """Lays cells out in columns, with None where a merged cell covers the place."""

    def __init__(self) -> None:
        # A forged table could cover far more places than it has cells: past this, no padding.
        self._padding = 0
        self._covered: dict[int, int] = {}

    def place(self, table: Node) -> list[list[Node | None]]:
        rows = [row for row in children_of(table) if row.get("type") == "tableRow"]
        self._padding = 1000 + 4 * sum(len(children_of(row)) for row in rows)
        return [self._place_row(row) for row in rows]

    def _place_row(self, row: Node) -> list[Node | None]:
        placed: list[Node | None] = []
        covered, self._covered = self._covered, {}
        for cell in children_of(row):
            self._skip_covered(placed, covered)
            attrs = attributes_of(cell)
            rows = whole_number(attrs.get("rowspan"), default=1, low=1, high=_MAX_SPAN)
            columns = whole_number(attrs.get("colspan"), default=1, low=1, high=_MAX_SPAN)
            for column in range(columns if self._padding > 0 else 1):
                if rows > 1 and self._padding > 0:
                    self._covered[len(placed)] = rows - 1
                placed.append(None if column else cell)
                self._padding -= 1 if column else 0
        self._skip_covered(placed, covered)
        return placed

    def _skip_covered(self, placed: list[Node | None], covered: dict[int, int]) -> None:
        while self._padding > 0 and (rows := covered.pop(len(placed), 0)):
            if rows > 1:
                self._covered[len(placed)] = rows - 1
            placed.append(None)
            self._padding -= 1


def _join(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _align_of(cell: Node | None) -> str:
    if cell is None:
        return ""
    align = attributes_of(cell).get("align")
    if align is None and (children := children_of(cell)):
        align = attributes_of(children[0]).get("textAlign")
    return align if isinstance(align, str) else ""


def _write_cell(cell: Node | None) -> str:
    if cell is None:
        return ""
    lines: list[str] = []
    pending = [cell]
    bullet = ""
    while pending:
        node = pending.pop()
        if node.get("type") in {"listItem", "taskItem"}:
            bullet = "- "
        if node.get("type") == "codeBlock":
            code = inline_text(node).split("\n")
            lines += [bullet + write_code(line) if line else "" for line in code]
        elif node.get("type") == "image":
            lines.append(bullet + write_inline([node], single_line=True))
        elif has_inline_content(node):
            lines.append(bullet + write_inline(children_of(node), single_line=True))
        else:
            pending.extend(reversed(children_of(node)))
            continue
        bullet = ""
    return "<br>".join(lines).replace("|", "\\|")
