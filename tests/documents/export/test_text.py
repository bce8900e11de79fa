"""Plain text: one line per block, in whose code points positions are given."""

from documents.export.text import to_text
from tests.documents.export.builders import BREAK, doc, item, node, p, text


def test_every_block_of_text_is_a_line() -> None:
    content = doc(node("heading", text("é"), level=1), p(), p("a", text("😀", "bold")))
    assert to_text(content) == "é\n\na😀"


def test_hard_break_starts_a_line() -> None:
    assert to_text(doc(p("a", BREAK, BREAK, "b"))) == "a\n\nb"


def test_list_items_and_quotations_have_no_signs() -> None:
    content = doc(
        node("bulletList", item("a", node("orderedList", item("b"), start=3)), item("c", "d")),
        node("blockquote", p("e")),
    )
    assert to_text(content) == "a\nb\nc\nd\ne"


def test_cells_are_joined_by_tabs_and_keep_their_place() -> None:
    def row(*cells: str) -> dict[str, object]:
        return node("tableRow", *(node("tableCell", p(c) if c else p()) for c in cells))

    content = doc(
        p("x"), node("table", row("a", "", "b"), row("", "", ""), row("c", "d", "")), p("y")
    )
    assert to_text(content) == "x\na\t\tb\n\t\t\nc\td\t\ny"


def test_blocks_of_one_cell_are_lines() -> None:
    cell = node("tableCell", p("a"), p("b"))
    other = node("tableCell", node("image", src="/x"))
    assert to_text(doc(node("table", node("tableRow", cell, other, cell)))) == "a\nb\t\ta\nb"


def test_rules_and_images_have_no_line() -> None:
    assert to_text(doc(p("a"), node("horizontalRule"), node("image", src="/x"), p("b"))) == "a\nb"


def test_code_keeps_its_lines() -> None:
    assert to_text(doc(node("codeBlock", text("a\n  b\n")), p("c"))) == "a\n  b\n\nc"


def test_unknown_nodes_stand_for_their_content() -> None:
    content = doc(node("panel", p("a"), node("tab", text("b"), node("chip", text("c")))))
    assert to_text(content) == "a\nbc"
