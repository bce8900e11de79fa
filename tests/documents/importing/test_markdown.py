"""Markdown comes in as what Tiptap's schema allows."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.export.text import to_text
from documents.importing import EditError, NestedTooDeep, read_markdown
from tests.documents.export.builders import BREAK, DOCUMENTS, Node, doc, item, node, p, text

INLINE = {"text", "hardBreak"}
BLOCKS = {
    "paragraph", "heading", "blockquote", "bulletList", "orderedList", "taskList", "codeBlock",
    "horizontalRule", "image", "table",
}  # fmt: skip
# Tiptap's schema: what may stand in what. An editor deletes whatever does not fit.
CHILDREN: dict[str, set[str]] = {
    "doc": BLOCKS,
    "paragraph": INLINE,
    "heading": INLINE,
    "codeBlock": {"text"},
    "blockquote": BLOCKS,
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "taskList": {"taskItem"},
    "listItem": BLOCKS,
    "taskItem": BLOCKS,
    "table": {"tableRow"},
    "tableRow": {"tableCell", "tableHeader"},
    "tableCell": BLOCKS,
    "tableHeader": BLOCKS,
}
MAY_BE_EMPTY = {"paragraph", "heading", "codeBlock", "tableRow"}


def check(content: Node) -> None:
    kind = content["type"]
    assert set(content) <= {"type", "attrs", "content", "text", "marks"}
    children = content.get("content", [])
    assert {child["type"] for child in children} <= CHILDREN.get(kind, set())
    assert children or kind in MAY_BE_EMPTY or kind not in CHILDREN
    if kind in {"listItem", "taskItem"}:
        assert children[0]["type"] == "paragraph"
    if kind == "text":
        assert content["text"]
    if any(mark["type"] == "code" for mark in content.get("marks", [])):
        assert len(content["marks"]) == 1
    if kind == "codeBlock":
        assert not any("marks" in child for child in children)
    for child in children:
        check(child)


LINES = st.lists(
    st.text(alphabet='ab 1.)\\`*_[]()<>#+-=|~!&;:"/é😀\tux', max_size=12)
    | st.sampled_from(
        ["- [x] a", "  - b", "1. ", "> ", "```", "|a|b|", "|-|-|", "![é](/x)", "<u>", "</u>", "---"]
    ),
    max_size=8,
).map("\n".join)


@settings(deadline=None, max_examples=300)
@given(LINES)
def test_any_text_is_read_into_the_schema(markdown: str) -> None:
    check(read_markdown(markdown))


@settings(deadline=None, max_examples=50)
@given(DOCUMENTS)
def test_our_own_documents_are_in_the_schema(content: Node) -> None:
    check(content)


@pytest.mark.parametrize("nothing", ["", " \n\t\n", "\n" * 1000])
def test_nothing_is_an_empty_paragraph(nothing: str) -> None:
    assert read_markdown(nothing) == doc(p())


def test_blocks_and_marks_are_read() -> None:
    assert read_markdown("## é *a* **b** ~~c~~ `d`\n\n---\n\n    code\n") == doc(
        node(
            "heading",
            text("é "), text("a", "italic"), text(" "), text("b", "bold"), text(" "),
            text("c", "strike"), text(" "), text("d", "code"),
            level=2,
        ),
        node("horizontalRule"),
        node("codeBlock", text("code")),
    )  # fmt: skip


def test_line_feed_is_a_space_and_two_spaces_before_it_are_a_break() -> None:
    assert read_markdown("a\nb  \nc\\\nd<br>e<br />f") == doc(
        p("a b", BREAK, "c", BREAK, "d", BREAK, "e", BREAK, "f")
    )


def test_tags_that_export_writes_are_marks() -> None:
    assert read_markdown("<u>a</u><MARK>b</MARK>H<sub>2</sub>x<sup>2</sup>") == doc(
        p(
            text("a", "underline"), text("b", "highlight"), "H", text("2", "subscript"),
            "x", text("2", "superscript"),
        )
    )  # fmt: skip


def test_tags_may_cross_delimiters() -> None:
    assert read_markdown("<u>a **b</u> c**") == doc(
        p(text("a ", "underline"), text("b", "bold", "underline"), text(" c", "bold"))
    )


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert('é')</script>",
        "<u>a",
        "a</u>",
        "</u><u>",
        "<img src=x onerror=y>",
        "<!-- a -->",
    ],
)
def test_other_html_is_text(html: str) -> None:
    assert read_markdown(html) == doc(p(html))


def test_links_are_written_as_tiptap_writes_them() -> None:
    [paragraph] = read_markdown('[é](https://a.b/é "t")')["content"]
    assert paragraph["content"][0]["marks"] == [
        {
            "type": "link",
            "attrs": {
                "href": "https://a.b/é",
                "target": "_blank",
                "rel": "noopener noreferrer nofollow",
                "title": "t",
            },
        }
    ]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JAVASCRIPT:x", "&#106;avascript:x", "data:text/html,x", ""]
)
def test_addresses_that_run_are_dropped_and_their_text_stays(url: str) -> None:
    assert read_markdown(f"[é]({url})") == doc(p("é"))
    assert read_markdown(f"a ![é]({url})") == doc(p("a é"))


def test_bare_addresses_stay_text() -> None:
    assert read_markdown("https://a.b") == doc(p("https://a.b"))


def test_code_takes_no_other_marks() -> None:
    assert read_markdown("**a `b`**") == doc(p(text("a ", "bold"), text("b", "code")))


def test_images_become_blocks_between_the_parts_of_their_text() -> None:
    image = node("image", src="/x.png", alt="é", title="t")
    assert read_markdown('a ![*é*](/x.png "t") b') == doc(p("a"), image, p("b"))
    assert read_markdown('![é](/x.png "t")') == doc(image)
    assert read_markdown('# a\n- ![é](/x.png "t")') == doc(
        node("heading", text("a"), level=1), node("bulletList", item(p(), image))
    )


def test_tasks_are_told_from_items() -> None:
    assert read_markdown("- [x] **a**\n- [ ]\n- b [x]\n- \\[x] c\n") == doc(
        node(
            "taskList",
            node("taskItem", p(text("a", "bold")), checked=True),
            node("taskItem", p(), checked=False),
        ),
        node("bulletList", item("b [x]"), item("[x] c")),
    )


def test_numbered_tasks_keep_their_boxes_as_text() -> None:
    assert read_markdown("3. [x] a") == doc(node("orderedList", item("[x] a"), start=3))


def test_box_that_is_a_link_is_a_link() -> None:
    [block, *_] = read_markdown("- [x] a\n\n[x]: /é\n")["content"]
    assert block["type"] == "bulletList"


def test_tables_have_alignment_and_breaks() -> None:
    def cell(kind: str, content: Node, **attrs: str) -> Node:
        return node(kind, content, colspan=1, rowspan=1, **attrs)

    assert read_markdown("| a \\| é | b |\n|:-:|---|\n| c<br>d |\n") == doc(
        node(
            "table",
            node(
                "tableRow",
                cell("tableHeader", p("a | é"), align="center"),
                cell("tableHeader", p("b")),
            ),
            node(
                "tableRow",
                cell("tableCell", p("c", BREAK, "d"), align="center"),
                cell("tableCell", p()),
            ),
        )
    )


@pytest.mark.parametrize("sign", ["> ", "- ", "1. "])
def test_too_much_nesting_is_refused_with_a_reason(sign: str) -> None:
    with pytest.raises(NestedTooDeep, match="100 levels"):
        read_markdown(sign * 5000 + "x")


def test_forty_levels_of_lists_are_fine() -> None:
    markdown = "\n".join(f"{'  ' * level}- {level}" for level in range(40))
    assert to_text(read_markdown(markdown)).split("\n") == [str(n) for n in range(40)]


def test_text_without_measure_is_refused() -> None:
    with pytest.raises(EditError, match="At most 2,000,000 characters"):
        read_markdown("a" * 2_000_001)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(EditError, match="not valid Unicode"):
        read_markdown("a\ud83d")


@pytest.mark.parametrize(
    "hostile",
    [
        "*a **a " * 3000,
        "[" * 20_000,
        "![" * 10_000,
        "`" * 20_000 + "a",
        "<u>" * 10_000,
        "- [x] a\n" * 5000,
        "a\n" * 20_000,
        "|a" * 3000 + "\n" + "|-" * 3000 + "\n" + "|\n" * 300,
        "\\\n" * 20_000,
        "&" * 20_000,
        "<" * 20_000,
        "_a_" * 8000,
        "> a\n\n" * 3000,
        "[a](" * 5000,
    ],
    ids=lambda hostile: repr(hostile[:8]),
)
def test_hostile_markdown_takes_no_more_than_its_time(hostile: str) -> None:
    start = time.process_time()
    content: Any = read_markdown(hostile)
    assert content["content"]
    assert time.process_time() - start < 5
