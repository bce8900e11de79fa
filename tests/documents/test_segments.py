import json
import random
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from documents.errors import LogDamaged
from documents.segments import PackedRow, pack, unpack, unpack_payloads
from tests.e2e.traces import apply_patch, read_trace

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)

GOLDEN = (
    "78daab564acb2fca4d2c51b232d4512aca2f2f56b232d6514a2c2dc9c82f02b2a395cc9574f24a7372627594"
    "92733253f34a4082868660311d4323a070526a7a621e50bbb9a5a9a5a9b1990114d472b1b139326003159482"
    "c38757aefcf061fefc19331a1a191819b0034626ece2ff1919fe2730fcbfcef05f96e1bf08c37f0608020048"
    "d64afe"
)

rows = st.builds(
    PackedRow,
    payload=st.binary(max_size=100),
    author=st.none() | st.sampled_from(["1", "2", "é😀", "00000000-0000-4000-8000-000000000001"]),
    client=st.none() | st.integers(0, 2**63 - 1),
    created_at=st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(rows, min_size=1, max_size=50))
def test_every_row_comes_out_as_it_went_in(packed):
    segment = pack(packed)
    assert unpack(segment) == packed
    assert unpack_payloads(segment) == [row.payload for row in packed]


def typed(count: int) -> list[PackedRow]:
    """Real keystrokes, some tenths of a second apart."""
    doc: Doc[Text] = Doc(client_id=3_912_845_671)
    text = doc.get("content", type=Text)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    for transaction in read_trace("sveltecomponent")["txns"][: count + 1]:
        for patch in transaction["patches"]:
            apply_patch(text, patch)
    chance, now, made = random.Random(7), NOON, []
    # The first is the file that was opened.
    for update in updates[1 : count + 1]:
        now += timedelta(microseconds=chance.randint(80_000, 400_000))
        made.append(PackedRow(update, "7", 3_912_845_671, now))
    return made


def test_a_real_keystroke_takes_less_than_eight_bytes_with_its_author_and_time():
    keystrokes = typed(2048)
    assert sum(len(row.payload) for row in keystrokes) > 25 * 2048
    assert len(pack(keystrokes)) < 8 * 2048


@pytest.mark.parametrize("seed", range(20))
def test_a_segment_that_is_not_what_was_written_is_damaged(seed):
    chance = random.Random(seed)
    segment = bytearray(pack(typed(50)))
    segment[chance.randrange(len(segment))] ^= 1 << chance.randrange(8)
    cut = bytes(segment[: chance.randrange(len(segment))])
    for damaged in (bytes(segment), cut):
        for read in (unpack, unpack_payloads):
            with pytest.raises(LogDamaged):
                read(damaged)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]\n",
        b"{}\n",
        b'{"format":2,"rows":0}\n',
        b'{"format":1,"rows":1,"authors":[null],"clients":[null],"began":0}\n',
        b'{"format":1,"rows":"1","authors":[null],"clients":[null],"began":0}\n' + bytes(32),
        b'{"format":1,"rows":1,"authors":[],"clients":[null],"began":0}\n' + bytes(32),
        b'{"format":1,"rows":1,"authors":[null],"clients":[null],"began":1e300}\n' + bytes(32),
        b'{"format":1,"rows":-1,"authors":[null],"clients":[null],"began":0}\n' + bytes(32),
    ],
)
def test_what_is_no_segment_is_damaged(content):
    with pytest.raises(LogDamaged):
        unpack(zlib.compress(content))


def test_what_is_written_today_is_read_for_ever():
    """This segment is in people's databases: whoever changes the format reads it all the same."""
    segment = bytes.fromhex(GOLDEN)
    assert json.loads(zlib.decompress(segment).partition(b"\n")[0])["format"] == 1
    assert unpack(segment) == [
        PackedRow("é😀".encode(), "7", 11, NOON),
        PackedRow("é😁".encode(), None, None, NOON - timedelta(microseconds=1)),
        PackedRow(b"x" * 65, "7", 12, NOON + timedelta(days=1)),
    ]
