"""Two processes under one client id: what may follow on what the other one logged."""

from typing import Any

import pytest
from pycrdt import Doc, Text

from collab.rivals import find_contested
from documents.log import NewUpdate
from tests.collab.scene import AFTER_A, DELETE_A, OTHER_A, A, B

OWN_ID = 2**32 - 5


def typed(text: str, *, client: int, on: tuple[bytes, ...] = ()) -> bytes:
    """What typing this at the beginning makes, in one update."""
    doc: Doc[Any] = Doc(client_id=client)
    for update in on:
        doc.apply_update(update)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    doc.get("t", type=Text).insert(0, text)
    return updates[0]


def row(payload: bytes, client: int | None = None) -> NewUpdate:
    return NewUpdate(payload, None, client)


@pytest.mark.parametrize("named", [True, False], ids=["one client's", "many clients'"])
@pytest.mark.parametrize("client", [1, 200, OWN_ID, 2**53 - 1])
def test_other_content_at_the_same_clock_is_contested(client, named):
    mine = row(typed("é😀", client=client), client if named else None)
    assert find_contested([mine], [typed("😀é!", client=client)]) == [0]
    assert find_contested([mine], [typed("é😀", client=client)]) == []


def test_content_that_goes_on_where_the_other_ends_is_not():
    assert find_contested([row(AFTER_A, 1)], [A]) == []
    assert find_contested([row(A, 1)], [AFTER_A]) == []


def test_the_same_in_other_pieces_is_not():
    first = typed("one ", client=OWN_ID)
    whole = Doc(client_id=OWN_ID)
    whole.apply_update(first)
    with_more = typed("two ", client=OWN_ID, on=(first,))
    whole.apply_update(with_more)
    for mine, other in ((first, whole.get_update()), (whole.get_update(), with_more)):
        assert find_contested([row(mine, OWN_ID)], [other]) == []


def test_only_the_rows_that_differ_are_named():
    rows = [row(B, 2), row(A, 1), row(AFTER_A, 1)]
    assert find_contested(rows, [B, OTHER_A]) == [1]


def test_other_content_among_somebody_elses_is_found():
    doc: Doc[Any] = Doc()
    for update in (B, OTHER_A):
        doc.apply_update(update)
    assert find_contested([row(A, 1)], [doc.get_update()]) == [0]


def test_deletions_contest_nothing():
    assert find_contested([row(DELETE_A), row(A, 1)], [DELETE_A, A]) == []


def test_client_id_that_is_written_longer_than_need_be_hides_nothing():
    mine, other = typed("mine", client=OWN_ID), typed("theirs", client=OWN_ID)
    name = other[2:7]
    assert name[-1] < 0x80
    padded = other.replace(name, name[:-1] + bytes([name[-1] | 0x80, 0]), 1)
    assert find_contested([row(mine, OWN_ID)], [padded]) == [0]
