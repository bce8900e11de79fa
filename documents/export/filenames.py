"""File names for downloads."""

import re
import unicodedata

# Not allowed by Windows, or with a meaning in a shell, a path or a header.
_FORBIDDEN = re.compile(r'[\\/:*?"<>|%\s]+')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
# File systems stop at 255 bytes for the whole name.
_MAX_STEM_BYTES = 200


def safe_file_name(title: str, extension: str) -> str:
    """A file name that any system takes, from a document's title; letters of all scripts stay.

    `extension` comes without its dot. The name still has to be encoded for an HTTP header.
    """
    # Format and surrogate characters could hide the real ending from who reads the name.
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", title)
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    stem = _FORBIDDEN.sub(" ", visible).strip(" .")
    stem = stem.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").strip(" .")
    if not stem:
        stem = "Untitled"
    elif stem.split(".")[0].rstrip().lower() in _RESERVED:
        stem = f"_{stem}"
    return f"{stem}.{extension}"
