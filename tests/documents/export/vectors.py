"""Documents of other people's editors, from tests/vectors/roots.json."""

import base64
import json
from pathlib import Path
from typing import Any

from pycrdt import Doc

_FILE = Path(__file__).parents[2] / "vectors" / "roots.json"
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in json.loads(_FILE.read_text())}


def update_of(name: str) -> bytes:
    return base64.b64decode(CASES[name]["update"])


def load(name: str) -> "Doc[Any]":
    doc: Doc[Any] = Doc()
    doc.apply_update(update_of(name))
    return doc
