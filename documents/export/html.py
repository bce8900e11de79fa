"""Renders Tiptap JSON as HTML: a fragment, or a whole document that stands alone.

Everything is escaped while it is written, and the fragment is sanitised once more.
The tree is walked with a stack.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Any

import nh3

from documents.export.schema import (
    Node,
    attributes_of,
    children_of,
    is_safe_image,
    is_safe_link,
    whole_number,
)

_ALIGNMENTS = frozenset({"left", "center", "right", "justify"})
_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30}|(?:rgb|hsl)a?\([0-9.,%/ deg]{1,40}\)")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
_MAX_SPAN = 1000  # what HTML itself allows

_MARK_TAGS = {
    "bold": "strong",
    "italic": "em",
    "strike": "s",
    "code": "code",
    "underline": "u",
    "subscript": "sub",
    "superscript": "sup",
}
_TAGS = {
    *_MARK_TAGS.values(),
    *("a", "mark", "br", "img", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("blockquote", "pre", "ul", "ol", "li", "input", "table", "tbody", "tr", "td", "th"),
}
_SPANS = {"colspan", "rowspan"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "input": {"checked", "disabled"},
    "li": {"data-type", "data-checked"},
    "mark": {"style"},
    "ol": {"start", "type"},
    "p": {"style"},
    "td": _SPANS | {"style"},
    "th": _SPANS | {"style"},
    "ul": {"data-type"},
} | {f"h{level}": {"style"} for level in range(1, 7)}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    filter_style_properties={"text-align", "background-color"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
)

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto;
  padding: 0 1.25rem; overflow-wrap: break-word; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.8em 0 .6em; }
p { white-space: pre-wrap; }
p:empty::before { content: "\\a0"; }
li > p, td > p, th > p, ul[data-type="taskList"] p { margin: .2em 0; }
ul[data-type="taskList"] { list-style: none; padding-left: .25rem; }
ul[data-type="taskList"] > li { display: flex; gap: .6rem; align-items: baseline; }
ul[data-type="taskList"] > li > div { flex: 1; min-width: 0; }
blockquote { margin: 1em 0; padding-left: 1rem; border-left: .25rem solid #8886; }
pre, code { font-family: ui-monospace, monospace; font-size: .92em; background: #8882;
  border-radius: .25rem; }
code { padding: .1em .3em; }
pre { padding: .9rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; font-size: 1em; }
pre.text { background: none; padding: 0; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: 1em 0; }
th, td { border: 1px solid #8886; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #8881; }
img { max-width: 100%; height: auto; }
hr { border: 0; border-top: 1px solid #8886; margin: 2em 0; }
mark { border-radius: .2em; padding: .05em .15em; }
""".strip()

# Whoever opens the file runs nothing that was written in it, whatever its origin.
_POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'"


def to_html(doc: Node, *, title: str) -> str:
    """A complete HTML document of its own, styles included."""
    return _page(to_html_fragment(doc), title)


def text_to_html(text: str, *, title: str) -> str:
    """Plain text as a complete HTML document."""
    # HTML drops one line feed at the beginning of <pre>.
    return _page(f'<pre class="text">\n{escape(text)}</pre>', title)


def to_html_fragment(doc: Node) -> str:
    """The content alone, safe to be put into a page."""
    return _CLEANER.clean(_write(doc))


def _page(body: str, title: str) -> str:
    return (
        "<!doctype html>\n<html>\n<head>\n"
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title.strip() or 'Untitled')}</title>\n"
        f"<style>\n{_STYLE}\n</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _write(doc: Node) -> str:
    parts: list[str] = []
    pending: list[Node | str] = list(reversed(children_of(doc)))
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            parts.append(item)
        elif isinstance(text := item.get("text"), str):
            parts.append(_write_text(text, item.get("marks")))
        else:
            write = _NODES.get(item.get("type", ""))
            before, after = write(attributes_of(item)) if write else ("", "")
            parts.append(before)
            pending.append(after)
            pending.extend(reversed(children_of(item)))
    return "".join(parts)


def _write_text(text: str, marks: Any) -> str:
    html = escape(text)
    # The first mark is the outermost, so it goes around last.
    for mark in reversed(marks if isinstance(marks, list) else []):
        match mark.get("type"):
            case "link":
                html = _link(html, attributes_of(mark))
            case "highlight":
                html = f"<mark{_style(background=attributes_of(mark).get('color'))}>{html}</mark>"
            case name if tag := _MARK_TAGS.get(name):
                html = f"<{tag}>{html}</{tag}>"
            case _:
                pass
    return html


def _link(html: str, attrs: dict[str, Any]) -> str:
    if not is_safe_link(attrs.get("href")):
        return html
    return (
        f"<a{_attribute('href', attrs['href'])}{_attribute('title', attrs.get('title'))}>{html}</a>"
    )


def _attribute(name: str, value: object) -> str:
    return f' {name}="{escape(str(value))}"' if isinstance(value, str | int) and value != "" else ""


def _style(*, align: object = None, background: object = None) -> str:
    styles = []
    if isinstance(align, str) and align in _ALIGNMENTS:
        styles.append(f"text-align:{align}")
    if isinstance(background, str) and _COLOR.fullmatch(background):
        styles.append(f"background-color:{background}")
    return f' style="{";".join(styles)}"' if styles else ""


# For every type of node: what goes before its children and what after.
_Pair = tuple[str, str]


def _plain(tag: str) -> Callable[[dict[str, Any]], _Pair]:
    return lambda _attrs: (f"<{tag}>", f"</{tag}>")


def _paragraph(attrs: dict[str, Any]) -> _Pair:
    return f"<p{_style(align=attrs.get('textAlign'))}>", "</p>\n"


def _heading(attrs: dict[str, Any]) -> _Pair:
    level = whole_number(attrs.get("level"), default=1, low=1, high=6)
    return f"<h{level}{_style(align=attrs.get('textAlign'))}>", f"</h{level}>\n"


def _ordered_list(attrs: dict[str, Any]) -> _Pair:
    start = whole_number(attrs.get("start"), default=1, low=0, high=999_999_999)
    kind = attrs.get("type")
    numbers = _attribute("start", start if start != 1 else None)
    letters = _attribute("type", kind if kind in {"1", "a", "A", "i", "I"} else None)
    return f"<ol{numbers}{letters}>\n", "</ol>\n"


def _task_item(attrs: dict[str, Any]) -> _Pair:
    done, tick = ("true", " checked") if attrs.get("checked") is True else ("false", "")
    before = (
        f'<li data-type="taskItem" data-checked="{done}"><input type="checkbox" disabled{tick}>'
    )
    return f"{before}<div>", "</div></li>\n"


def _code_block(attrs: dict[str, Any]) -> _Pair:
    language = attrs.get("language")
    known = isinstance(language, str) and _LANGUAGE.fullmatch(language)
    return f"<pre><code{_attribute('class', f'language-{language}' if known else None)}>", (
        "</code></pre>\n"
    )


def _cell(tag: str) -> Callable[[dict[str, Any]], _Pair]:
    def write(attrs: dict[str, Any]) -> _Pair:
        spans = ""
        for name in ("colspan", "rowspan"):
            span = whole_number(attrs.get(name), default=1, low=1, high=_MAX_SPAN)
            spans += _attribute(name, span if span != 1 else None)
        return f"<{tag}{spans}{_style(align=attrs.get('align'))}>", f"</{tag}>\n"

    return write


def _image(attrs: dict[str, Any]) -> _Pair:
    alt = attrs.get("alt")
    if not is_safe_image(attrs.get("src")):
        return (f"<p>{escape(alt)}</p>\n" if isinstance(alt, str) and alt else ""), ""
    written = "".join(_attribute(name, attrs.get(name)) for name in ("src", "title"))
    sizes = "".join(
        _attribute(name, size)
        for name in ("width", "height")
        if (size := whole_number(attrs.get(name), default=0, low=0, high=20_000))
    )
    return f'<img{written} alt="{escape(alt) if isinstance(alt, str) else ""}"{sizes}>\n', ""


_NODES: dict[str, Callable[[dict[str, Any]], _Pair]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "blockquote": lambda _: ("<blockquote>\n", "</blockquote>\n"),
    "bulletList": lambda _: ("<ul>\n", "</ul>\n"),
    "orderedList": _ordered_list,
    "listItem": lambda _: ("<li>", "</li>\n"),
    "taskList": lambda _: ('<ul data-type="taskList">\n', "</ul>\n"),
    "taskItem": _task_item,
    "codeBlock": _code_block,
    "horizontalRule": lambda _: ("<hr>\n", ""),
    "hardBreak": lambda _: ("<br>", ""),
    "image": _image,
    "table": lambda _: ("<table><tbody>\n", "</tbody></table>\n"),
    "tableRow": _plain("tr"),
    "tableCell": _cell("td"),
    "tableHeader": _cell("th"),
}
