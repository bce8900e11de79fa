"""Where characters beyond 16 bits stand."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from documents.admission import admit
from documents.pairs import Pairs

places = st.sets(st.tuples(st.sampled_from([1, 2**53 - 1]), st.integers(0, 20_000)))


def pairs_of(found: set[tuple[int, int]]) -> Pairs:
    pairs = Pairs()
    for client, clock in found:
        pairs.add(client, clock)
    return pairs


@given(places, places)
def test_it_is_a_set_of_places(some, others):
    pairs = pairs_of(some)
    assert set(pairs) == some
    assert bool(pairs) is bool(some)
    pairs.update(pairs_of(others))
    assert set(pairs) == some | others
    assert all((place in pairs) == (place in some | others) for place in [(1, 7), *some, *others])


def test_text_of_nothing_but_emoji_costs_less_than_its_bytes():
    text = "😀" * 250_000
    length = len(text.encode())
    number = b""
    while length > 127:
        number += bytes((length & 127 | 128,))
        length >>= 7
    update = b"\1\1\7\0\4\1\1t" + number + bytes((length,)) + text.encode() + b"\0"
    tracemalloc.start()
    pairs = admit(update, {}).pairs
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (7, 1) in pairs
    assert (7, 499_999) in pairs
    assert kept < 500_000
