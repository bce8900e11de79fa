"""Markdown as people like to read it; that it survives is in importing/test_round_trip.py."""

import pytest

from documents.export.markdown import to_markdown
from documents.importing import read_markdown
from tests.documents.export.builders import BREAK, Node, doc, item, link, node, p, text


def write(*blocks: Node) -> str:
    return to_markdown(doc(*blocks)).rstrip("\n")


def test_empty_document_is_an_empty_file() -> None:
    assert to_markdown(doc()) == to_markdown(doc(p())) == ""


def test_file_ends_with_a_line_feed() -> None:
    assert to_markdown(doc(p("é"))) == "é\n"


@pytest.mark.parametrize(
    ("mark", "written"),
    [
        ("bold", "a **é** b"),
        ("italic", "a *é* b"),
        ("strike", "a ~~é~~ b"),
        ("code", "a `é` b"),
        ("underline", "a <u>é</u> b"),
        ("highlight", "a <mark>é</mark> b"),
        ("subscript", "a <sub>é</sub> b"),
        ("superscript", "a <sup>é</sup> b"),
        ("unknown", "a é b"),
    ],
)
def test_marks_have_their_signs(mark: str, written: str) -> None:
    assert write(p("a ", text("é", mark), " b")) == written


def test_bold_space_goes_outside_where_delimiters_work() -> None:
    assert write(p("a", text(" b ", "bold"), "c")) == "a **b** c"


def test_bold_and_italic_do_not_touch() -> None:
    assert write(p(text("a", "bold", "italic"))) == "**_a_**"
    assert write(p(text("a", "bold"), text(" b", "bold", "italic"))) == "**a _b_**"
    assert write(p(text("a", "italic"), text("b", "italic", "bold"))) == "_a**b**_"


def test_emphasis_that_would_not_be_read_is_a_tag() -> None:
    assert write(p("un", text("believ", "bold"), "able")) == "un**believ**able"
    assert write(p("say", text('"so"', "bold"), "now")) == 'say<strong>"so"</strong>now'
    assert write(p("x", text("a", "bold"), text("b", "italic"), "y")) == "x**a**<em>b</em>y"


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("*a* _b_ `c` [d](e) <f> ~~g~~", r"\*a\* \_b\_ \`c\` \[d\](e) \<f> \~\~g\~\~"),
        ("# a", r"\# a"),
        ("#a", "#a"),
        ("1. a", r"1\. a"),
        ("1.5", "1.5"),
        ("- a", r"\- a"),
        ("-a", "-a"),
        ("---", r"\---"),
        ("===", r"\==="),
        ("> a", r"\> a"),
        ("+ a", r"\+ a"),
        ("| a |", r"\| a |"),
        ("snake_case", "snake_case"),
        ("_private", r"\_private"),
        ("AT&T &amp; é", r"AT&T \&amp; é"),
        ("back\\slash", r"back\\slash"),
        (" a ", "&#32;a&#32;"),
        ("a\x00b\x1b", "ab"),
    ],
)
def test_text_means_itself(plain: str, written: str) -> None:
    assert write(p(plain)) == written


def test_hard_breaks_are_backslashes_and_a_tag_at_the_end() -> None:
    assert write(p("a", BREAK, "- b", BREAK)) == "a\\\n\\- b<br>"


def test_line_feed_within_a_text_is_a_hard_break() -> None:
    assert write(p("a\r\nb\u2028c")) == "a\\\nb\\\nc"


def test_exclamation_before_a_link_makes_no_image() -> None:
    assert write(p("a!", text("b", link("/c")))) == r"a\![b](/c)"


def test_links_have_titles_and_safe_addresses() -> None:
    assert write(p(text("é", link("https://a.b/c d(e)", title='x "y"')))) == (
        r'[é](https://a.b/c%20d\(e\) "x \"y\"")'
    )
    assert write(p(text("https://a.b/é", link("https://a.b/é")))) == "<https://a.b/é>"
    assert write(p(text("x", link("javascript:alert(1)")))) == "x"


def test_images_keep_description_and_title() -> None:
    assert write(node("image", src="/a.png", alt="é [x]", title="t")) == r'![é \[x\]](/a.png "t")'
    assert write(node("image", src="javascript:x", alt="é")) == "é"


@pytest.mark.parametrize(
    ("code", "written"), [("`", "`` ` ``"), ("a``b", "`a``b`"), (" a ", "`  a  `"), ("  ", "`  `")]
)
def test_code_spans_hold_backticks_and_spaces(code: str, written: str) -> None:
    assert write(p(text(code, "code"))) == written


def test_break_in_code_is_a_break() -> None:
    marked = {**BREAK, "marks": [{"type": "code"}]}
    assert write(p(text("a", "code"), marked, text("b", "code"))) == "`a`\\\n`b`"


def test_headings_have_their_level_and_one_line() -> None:
    assert write(node("heading", text("a"), BREAK, text("b #"), level=3)) == r"### a<br>b \#"
    assert write(node("heading", text("a"), level=99)) == "###### a"
    assert write(node("heading", text("###"), level=1)) == r"# \###"


def test_fence_is_longer_than_any_inside() -> None:
    code = "```js\n````\n```"
    assert write(node("codeBlock", text(code), language="md")) == f"`````md\n{code}\n`````"


def test_language_that_is_none_is_left_out() -> None:
    assert write(node("codeBlock", text("x"), language="a`\nb")) == "```\nx\n```"


def test_lists_nest_and_count() -> None:
    inner = node("orderedList", item("b"), item("c"), start=9)
    assert write(node("bulletList", item("a", inner), item("d", "e"))) == (
        "- a\n\n  9. b\n  10. c\n- d\n\n  e"
    )


def test_list_that_may_interrupt_follows_its_text() -> None:
    inner = node("bulletList", item("b"))
    assert write(node("orderedList", item("a", inner, p("c")), start=1)) == "1. a\n   - b\n\n   c"


def test_lists_side_by_side_stay_apart() -> None:
    bullets = node("bulletList", item("a"))
    numbers = node("orderedList", item("a"))
    assert write(bullets, bullets, bullets) == "- a\n\n* a\n\n- a"
    assert write(numbers, numbers) == "1. a\n\n1) a"


def test_tasks_have_boxes() -> None:
    nested = node("taskList", node("taskItem", p("b"), checked=False))
    assert write(node("taskList", node("taskItem", p("a"), nested, checked=True))) == (
        "- [x] a\n  - [ ] b"
    )


def test_quotations_nest() -> None:
    assert write(node("blockquote", p("a"), node("blockquote", p("b")))) == "> a\n>\n> > b"


def test_rule_never_begins_a_file_as_metadata_does() -> None:
    rule = node("horizontalRule")
    assert write(rule, p("a"), rule) == "___\n\na\n\n---"
    assert write(node("bulletList", node("listItem", p(), rule))) == "- ___"


def table(*rows: list[Node]) -> Node:
    return node("table", *(node("tableRow", *row) for row in rows))


def cell(*blocks: Node | str, kind: str = "tableCell", **attrs: int | str) -> Node:
    return node(kind, *(p(b) if isinstance(b, str) else b for b in blocks), **attrs)


def head(*blocks: Node | str, **attrs: int | str) -> Node:
    return cell(*blocks, kind="tableHeader", **attrs)


def test_tables_escape_pipes_and_join_blocks() -> None:
    written = write(
        table(
            [head("a|b", align="center"), head("c", align="right")],
            [cell("d", "e"), cell(p(text("f|\\|", "code")))],
            [cell(node("bulletList", item("g"), item("h"))), cell(node("codeBlock", text("i\nj")))],
        )
    )
    assert written.split("\n") == [
        r"| a\|b | c |",
        "| :---: | ---: |",
        r"| d<br>e | `f\|\\|` |",
        "| - g<br>- h | `i`<br>`j` |",
    ]


def test_table_without_a_header_gets_an_empty_one_that_is_not_read_back() -> None:
    content = table([cell("a", colspan=1, rowspan=1), cell("b", colspan=1, rowspan=1)])
    written = write(content)
    assert written == "|  |  |\n| --- | --- |\n| a | b |"
    assert read_markdown(written) == doc(content)


def test_merged_cells_leave_places_empty() -> None:
    written = write(
        table(
            [head("a", colspan=2), head("b")],
            [cell("c", rowspan=2), cell("d", rowspan=2, colspan=2)],
            [],
            [cell("e"), cell("f"), cell("g")],
        )
    )
    assert written.split("\n") == [
        "| a |  | b |",
        "| --- | --- | --- |",
        "| c | d |  |",
        "|  |  |  |",
        "| e | f | g |",
    ]


def test_huge_spans_do_not_make_a_huge_table() -> None:
    row = [cell("x", colspan=10**9, rowspan=10**9)] * 50
    assert len(write(table(*[row] * 50))) < 200_000


def test_huge_tables_are_written_in_proportion() -> None:
    wide = table([head("x")] * 5000, *[[cell("y")]] * 5000)
    assert len(write(wide)) < 200_000


def test_unknown_blocks_stand_for_their_content() -> None:
    assert write(node("panel", p("a"), node("tab", text("b")), node("void"))) == "a\n\nb"


def test_content_out_of_place_is_kept() -> None:
    assert write(text("a"), item("b"), node("tableRow", cell("c")), BREAK) == "a\n\nb\n\nc\n\n<br>"
    assert write(node("bulletList", p("a"), node("bulletList", item("b")))) == "- a\n- - b"
