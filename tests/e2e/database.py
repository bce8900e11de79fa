"""What is really in the database, read past the product."""

import contextlib
import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
from pycrdt import Doc

from documents.segments import unpack_payloads

SQLITE = "sqlite:///"


def query(database_url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """All rows of a statement whose parameters are written %s."""
    if database_url.startswith(SQLITE):
        path = database_url.removeprefix(SQLITE)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(statement.replace("%s", "?"), parameters).fetchall()
    with psycopg.connect(database_url) as connection:
        return connection.execute(statement, parameters).fetchall()  # type: ignore[call-overload]


@dataclass(frozen=True)
class Row:
    seq: int
    payload: bytes


def read_log(database_url: str, document: str) -> list[Row]:
    """Every row of a document's log; an AssertionError if one is missing."""
    key = uuid.UUID(document)
    stored = query(
        database_url,
        "SELECT seq, NULL, payload FROM documents_update WHERE document_id = %s UNION ALL "
        "SELECT first_seq, last_seq, payload FROM documents_segment WHERE document_id = %s "
        "ORDER BY 1",
        *[key.hex if database_url.startswith(SQLITE) else key] * 2,
    )
    rows: list[Row] = []
    for seq, last_seq, payload in stored:
        payloads = [bytes(payload)] if last_seq is None else unpack_payloads(payload)
        rows += [Row(at, each) for at, each in enumerate(payloads, seq)]
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "the log has gaps"
    return rows


def replay(rows: list[Row]) -> Doc[Any]:
    """The document that the log alone gives."""
    doc: Doc[Any] = Doc()
    for row in rows:
        doc.apply_update(row.payload)
    return doc
