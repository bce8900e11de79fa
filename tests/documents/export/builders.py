"""Short ways to write Tiptap JSON, and documents for hypothesis."""

from typing import Any

from hypothesis import strategies as st
from pycrdt import Doc, XmlFragment

from documents.export.schema import merge_texts
from documents.importing import append_content

Node = dict[str, Any]


def doc(*blocks: Node) -> Node:
    return {"type": "doc", "content": list(blocks)}


def node(kind: str, *children: Node, **attrs: Any) -> Node:
    built: Node = {"type": kind}
    if attrs:
        built["attrs"] = attrs
    if children:
        built["content"] = list(children)
    return built


def text(value: str, *marks: str | Node) -> Node:
    built: Node = {"type": "text", "text": value}
    if marks:
        built["marks"] = [{"type": m} if isinstance(m, str) else m for m in marks]
    return built


def p(*children: Node | str) -> Node:
    return node("paragraph", *(text(c) if isinstance(c, str) else c for c in children))


def item(*blocks: Node | str) -> Node:
    return node("listItem", *(p(b) if isinstance(b, str) else b for b in blocks))


def link(href: str, **attrs: Any) -> Node:
    return {"type": "link", "attrs": {"href": href, **attrs}}


BREAK: Node = {"type": "hardBreak"}


def shared(content: Node, root: str = "default") -> "Doc[Any]":
    """A Doc that holds this Tiptap document."""
    built: Doc[Any] = Doc()
    append_content(built.get(root, type=XmlFragment), content["content"])
    return built


# Everything that means something in Markdown, words, and letters of more than a byte.
TEXTS = st.text(alphabet="ab1 .)\\`*_[]()<>#+-=|~!&;:\"'/é😀\u00a0", min_size=1, max_size=12)
_MARKS = st.lists(
    st.sampled_from(
        ["bold", "italic", "strike", "underline", "highlight", "subscript", "superscript"]
    ),
    unique=True,
    max_size=3,
)
_LINK = st.sampled_from([None, None, link("https://a.b/(c)_é|d?x=1&lt;y"), link("/x", title='"t"')])


@st.composite
def _texts(draw: st.DrawFn) -> Node:
    if draw(st.integers(0, 5)) == 0:
        return text(draw(TEXTS), "code")
    marks: list[str | Node] = list(draw(_MARKS))
    if target := draw(_LINK):
        marks.append(target)
    return text(draw(TEXTS), *marks)


LINES = st.lists(_texts() | _texts() | st.just(BREAK), max_size=5).map(merge_texts)
PARAGRAPHS = LINES.map(lambda line: node("paragraph", *line))
FULL_PARAGRAPHS = LINES.filter(lambda line: any("text" in n for n in line)).map(
    lambda line: node("paragraph", *line)
)
_LEAVES = (
    FULL_PARAGRAPHS
    | LINES.map(lambda line: node("heading", *line, level=2))
    | st.text(alphabet="ab `~>-\n\té😀", min_size=1).map(
        lambda code: node("codeBlock", text(code), language="c++")
    )
    | st.just(node("horizontalRule"))
    | st.just(node("image", src="https://a.b/c.png", alt="[é]*"))
)


def _contain(blocks: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    rest = st.lists(blocks, max_size=2)
    items = st.tuples(FULL_PARAGRAPHS, rest).map(lambda t: node("listItem", t[0], *t[1]))
    tasks = st.tuples(FULL_PARAGRAPHS, rest, st.booleans()).map(
        lambda t: node("taskItem", t[0], *t[1], checked=t[2])
    )
    return (
        st.lists(blocks, min_size=1, max_size=3).map(lambda b: node("blockquote", *b))
        | st.lists(items, min_size=1, max_size=3).map(lambda b: node("bulletList", *b))
        | st.lists(tasks, min_size=1, max_size=3).map(lambda b: node("taskList", *b))
        | st.tuples(st.lists(items, min_size=1, max_size=3), st.sampled_from([1, 7])).map(
            lambda t: node("orderedList", *t[0], start=t[1])
        )
    )


# A header without a word is written as cells.
_TITLES = LINES.filter(lambda line: any(n.get("text", "").strip() for n in line))


def _cells(kind: str, lines: st.SearchStrategy[Any] = LINES) -> st.SearchStrategy[Node]:
    return lines.map(lambda line: node(kind, node("paragraph", *line), colspan=1, rowspan=1))


TABLES = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        st.lists(_cells("tableHeader", _TITLES), min_size=width, max_size=width),
        st.lists(st.lists(_cells("tableCell"), min_size=width, max_size=width), max_size=3),
    ).map(lambda t: node("table", *(node("tableRow", *row) for row in (t[0], *t[1]))))
)
DOCUMENTS = st.lists(
    st.recursive(_LEAVES | TABLES, _contain, max_leaves=6), min_size=1, max_size=4
).map(lambda blocks: doc(*blocks))
