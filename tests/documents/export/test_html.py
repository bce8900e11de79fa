"""HTML is complete, escaped, and holds nothing that runs."""

import re

import pytest

from documents.export.html import text_to_html, to_html, to_html_fragment
from tests.documents.export.builders import BREAK, doc, item, link, node, p, text


def fragment(*blocks: object) -> str:
    html = to_html_fragment(doc(*blocks))  # type: ignore[arg-type]
    return re.sub(r">\n+", ">", html)


def test_page_stands_alone() -> None:
    page = to_html(doc(p("é 😀")), title="A <b> & é")
    assert page.startswith("<!doctype html>\n<html>")
    assert '<meta charset="utf-8">' in page
    assert "<title>A &lt;b&gt; &amp; é</title>" in page
    assert "default-src 'none'" in page
    assert "<p>é 😀</p>" in page
    assert page.endswith("</html>\n")


def test_page_without_a_title_has_one() -> None:
    assert "<title>Untitled</title>" in to_html(doc(), title=" ")


def test_plain_text_is_preformatted_and_escaped() -> None:
    page = text_to_html("\n<script>é</script>\n", title="")
    assert '<pre class="text">\n\n&lt;script&gt;é&lt;/script&gt;\n</pre>' in page


def test_marks_nest() -> None:
    assert fragment(p(text("x", link("https://a.b/?c&d", title='"t"'), "bold", "underline"))) == (
        '<p><a href="https://a.b/?c&amp;d" title="&quot;t&quot;" '
        'rel="noopener noreferrer nofollow"><strong><u>x</u></strong></a></p>'
    )


def test_every_mark_has_its_tag() -> None:
    names = ("bold", "italic", "strike", "underline", "code", "subscript", "superscript")
    html = fragment(p(*(text("x", name) for name in (*names, "highlight", "unknown"))))
    assert html == (
        "<p><strong>x</strong><em>x</em><s>x</s><u>x</u><code>x</code><sub>x</sub><sup>x</sup>"
        "<mark>x</mark>x</p>"
    )


def test_blocks_have_their_tags() -> None:
    html = fragment(
        node("heading", text("h"), level=3),
        node("blockquote", p("q", BREAK, "r")),
        node("horizontalRule"),
        node("orderedList", item("a"), start=4),
        node("codeBlock", text("<x>\n"), language="c++"),
    )
    assert html == (
        "<h3>h</h3><blockquote><p>q<br>r</p></blockquote><hr>"
        '<ol start="4"><li><p>a</p></li></ol>'
        '<pre><code class="language-c++">&lt;x&gt;\n</code></pre>'
    )


def test_tasks_are_boxes_that_cannot_be_ticked() -> None:
    tasks = (node("taskItem", p("a"), checked=True), node("taskItem", p("b"), checked=False))
    html = fragment(node("taskList", *tasks))
    assert html.startswith('<ul data-type="taskList"><li data-type="taskItem" data-checked="true">')
    assert html.count('type="checkbox"') == html.count('disabled=""') == 2
    assert html.count('checked=""') == 1


def test_tables_have_merged_cells_and_alignment() -> None:
    cells = (
        node("tableHeader", p("a"), colspan=2, rowspan=1, colwidth=[100, 80]),
        node("tableCell", node("paragraph", text("b"), textAlign="right"), rowspan=3),
    )
    assert fragment(node("table", node("tableRow", *cells))) == (
        '<table><tbody><tr><th colspan="2"><p>a</p></th>'
        '<td rowspan="3"><p style="text-align:right">b</p></td></tr></tbody></table>'
    )


def test_script_in_text_is_text() -> None:
    html = to_html(doc(p("<script>alert('é')</script>")), title="</title><script>x</script>")
    assert "<script" not in html


BAD_URLS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_addresses_that_run_are_left_out(url: str) -> None:
    html = fragment(p(text("x", link(url))), node("image", src=url, alt="é"))
    assert html == "<p>x</p><p>é</p>"


@pytest.mark.parametrize("url", ["https://a.b", "mailto:a@b.c", "/a", "#a", "a/b?c:d", "//a.b"])
def test_addresses_of_pages_stay(url: str) -> None:
    assert f'href="{url}"' in fragment(p(text("x", link(url))))


@pytest.mark.parametrize(
    "forged",
    [
        node("heading", text("x"), level='1 onclick="x"'),
        node("heading", text("x"), level=10**30),
        node("paragraph", text("x"), textAlign="left;background:url(//e)"),
        node("codeBlock", text("x"), language='"><script>'),
        node("orderedList", item("x"), start="1", type="x"),
        node("table", node("tableRow", node("tableCell", p("x"), colspan=-5, align=["left"]))),
        node("image", src="https://a.b/c", width='1" onload="x', alt={"a": 1}),
        node("script", text("x")),
        p(text("x", {"type": "highlight", "attrs": {"color": "red;position:fixed"}})),
        p({"type": "text", "text": "x", "marks": [{"type": "link", "attrs": None}]}),
        {"type": "paragraph", "attrs": [], "content": {"a": 1}},
        {"type": "paragraph", "content": [text("x")], "marks": 7},
    ],
)
def test_forged_attributes_do_no_harm(forged: dict[str, object]) -> None:
    html = to_html_fragment(doc(forged))
    assert not re.search(r"onclick|onload|<script|url\(|position|language-", html)


def test_highlight_keeps_its_colour() -> None:
    mark = {"type": "highlight", "attrs": {"color": "#ff8800"}}
    assert fragment(p(text("x", mark))) == '<p><mark style="background-color:#ff8800">x</mark></p>'
