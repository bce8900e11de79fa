"""Escapes text, addresses and code for Markdown."""

import re
import string
import unicodedata

_SPECIAL = re.compile(
    r"""
      [\\`*\[\]<~]            # code, emphasis, links, tags, strikethrough
    | (?<![^\W_])_ | _(?![^\W_])  # an underscore that is not inside of a word
    | &(?=\#|[a-zA-Z][a-zA-Z0-9]*;)  # what could be an entity
    | !$                      # before a link it would make an image of it
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(
    r"""
      \#{1,6}(?=\s|$)         # heading
    | [-+](?=[-\s:|]|$)       # list, rule, underlined heading, table
    | =+(?=\s*$)              # underlined heading
    | [>|]                    # quotation, table
    | :(?=-)                  # table
    """,
    re.VERBOSE,
)
_NUMBER_START = re.compile(r"([0-9]{1,9})([.)])(?=\s|$)")
_ENTITY = re.compile(r"&(?=#|[a-zA-Z][a-zA-Z0-9]*;)")
_UNFIT_FOR_URL = re.compile(r"[\s\x00-\x20\x7f<>\\`]")
_AUTOLINK = re.compile(r"https?://[^\s\x00-\x20\x7f<>\\`]+")
_PUNCTUATION = frozenset(string.punctuation)


def escape_text(text: str) -> str:
    """Text without line breaks, so that it means itself anywhere within a line."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def escape_line(line: str) -> str:
    """A whole line of inline Markdown, so that it begins no block and keeps its outer spaces."""
    before, middle, after = split_spaces(line)
    line = _as_entities(before) + middle + _as_entities(after)
    if _LINE_START.match(line):
        return f"\\{line}"
    return _NUMBER_START.sub(r"\1\\\2", line, count=1) if line[:1].isdigit() else line


def _as_entities(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def split_spaces(text: str) -> tuple[str, str, str]:
    """White space at the beginning, what is between, and white space at the end."""
    rest = text.lstrip()
    middle = rest.rstrip()
    return text[: len(text) - len(rest)], middle, rest[len(middle) :]


def drop_controls(text: str) -> str:
    """Text without control characters, which Markdown cannot carry; tabs and breaks stay."""
    if text.isprintable():
        return text
    return "".join(c for c in text if c in "\t\n" or unicodedata.category(c) != "Cc")


def write_code(text: str) -> str:
    """A code span, in as many backticks as it takes."""
    runs = {len(run) for run in re.findall(r"`+", text)}
    ticks = "`" * next(count for count in range(1, len(runs) + 2) if count not in runs)
    spaced = text.startswith(" ") and text.endswith(" ") and text.strip(" ")
    pad = " " if spaced or text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def write_target(url: str, title: str) -> str:
    """The part of a link or image in parentheses."""
    url = _UNFIT_FOR_URL.sub(lambda c: "".join(f"%{byte:02X}" for byte in c[0].encode()), url)
    url = re.sub(r"[()]", r"\\\g<0>", _ENTITY.sub("&amp;", url))
    if not title:
        return f"({url})"
    title = re.sub(r"\s+", " ", title)
    title = re.sub(r'[\\"]', r"\\\g<0>", _ENTITY.sub("&amp;", title))
    return f'({url} "{title}")'


def write_image(alt: str, url: str, title: str) -> str:
    """An image by its address."""
    return f"![{escape_text(' '.join(alt.split()))}]{write_target(url, title)}"


def is_autolink(text: str, url: str) -> bool:
    """Whether a link can be written as `<url>`."""
    return text == url and _AUTOLINK.fullmatch(url) is not None


def is_space(character: str) -> bool:
    """Whether emphasis takes this for white space; so it does the edge of a block ("")."""
    return not character or character.isspace()


def is_punctuation(character: str) -> bool:
    """Whether emphasis takes this for punctuation."""
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "PS"
