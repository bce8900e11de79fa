"""The Markdown parser: CommonMark, tables, strikethrough, and the tags that we write ourselves.

All other HTML is text. Addresses come out as they were written; who reads decides on them.
"""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock, RuleFuncBlockType
from markdown_it.parser_inline import ParserInline
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from documents.export.schema import MAX_DEPTH
from documents.importing.errors import NestedTooDeep

# What `export.markdown` writes where Markdown has no sign of its own.
TAG_MARKS = {
    "strong": "bold",
    "b": "bold",
    "em": "italic",
    "i": "italic",
    "s": "strike",
    "del": "strike",
    "u": "underline",
    "mark": "highlight",
    "sub": "subscript",
    "sup": "superscript",
}
_TAG = re.compile(rf"<(/?)({'|'.join(TAG_MARKS)})>|<(br) ?/?>", re.IGNORECASE)


# As deep as brackets are looked into; the time for a text of brackets grows with it.
_MAX_INLINE_NESTING = 20


@cache
def build_parser() -> MarkdownIt:
    """The one parser of this process; it keeps nothing between texts."""
    parser = _configure(max_nesting=MAX_DEPTH + 10)
    parser.inline = _InlineParser(_configure(max_nesting=_MAX_INLINE_NESTING))
    return parser


def _configure(*, max_nesting: int) -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "maxNesting": max_nesting})
    parser.block = _BlockParser(parser.block.ruler)
    parser.enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline"])
    parser.inline.ruler.before("autolink", "known_tag", _read_tag)
    return parser


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 (overrides)
        # A refused link would stay as its source; we drop the address and keep its text.
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 (overrides)
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 (overrides)
        return link


class _BlockParser(ParserBlock):
    def __init__(self, ruler: Ruler[RuleFuncBlockType]) -> None:
        # The rules of the preset are switched on in the ruler that it found.
        self.ruler = ruler

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        # The original drops what is nested deeper, without a word.
        if state.level >= state.md.options.maxNesting:
            raise NestedTooDeep(
                f"Lists and quotations may be nested {MAX_DEPTH} levels deep; flatten them."
            )
        super().tokenize(state, startLine, endLine)


class _InlineParser(ParserInline):
    """Reads lines with a parser of its own, since the two share one limit of nesting."""

    def __init__(self, parser: MarkdownIt) -> None:
        super().__init__()
        self._parser = parser

    def parse(
        self,
        src: str,
        md: MarkdownIt,  # noqa: ARG002 (overrides)
        env: EnvType,
        tokens: list[Token],
    ) -> list[Token]:
        return self._parser.inline.parse(src, self._parser, env, tokens)


def _read_tag(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 (a rule's signature)
    match = _TAG.match(state.src, state.pos) if state.src[state.pos] == "<" else None
    if match is None:
        return False
    if not silent:
        closing, name, line_break = match.groups()
        if line_break:
            state.push("hardbreak", "br", 0)
        else:
            token = state.push("tag_close" if closing else "tag_open", name.lower(), 0)
            token.content = match[0]
    state.pos = match.end()
    return True
