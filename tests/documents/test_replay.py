import pytest
from pycrdt import Doc, Text

from documents import crdt, replay
from documents.admission import Admitted
from documents.errors import BadUpdate, Contradiction, MissingPredecessors
from documents.pairs import NO_PAIRS
from documents.replay import Replay, Source

# Would end the interpreter: a value nested 26,250 deep.
CRASHING = bytes.fromhex("010105000801017401") + b"\x75\x01" * 26_250 + b"\x7e\x00"
# Applies, and what it was applied to cannot be encoded any more.
POISONOUS = bytes.fromhex("010205ffffffff0f04010174016104010174016200")
# Two clients' blocks, each of which stands behind the other.
CIRCLE = bytes.fromhex("020102008401000162010100840200016100")


def typed(*texts: str, client_id: int = 7) -> list[bytes]:
    """The updates of a client that types these, one behind the other."""
    doc: Doc = Doc(client_id=client_id)
    text = doc.get("content", type=Text)
    return [
        crdt.edit(doc, lambda said=said: text.insert(len(text), said))  # type: ignore[misc]
        for said in texts
    ]


def text_of(state: bytes) -> str:
    return str(crdt.build([state]).get("content", type=Text))


def add_all(replayed: Replay, updates: list[bytes]) -> None:
    for seq, update in enumerate(updates, start=1):
        replayed.add(Source(seq), update)


@pytest.mark.parametrize("bad", [b"", b"\x01\x02\x03", CRASHING, POISONOUS, CIRCLE])
def test_bad_row_is_refused_and_leaves_no_trace(bad):
    first, second = typed("é", "😀")
    replayed = Replay()
    add_all(replayed, [first, bad, second])
    assert list(replayed.refused) == [Source(2)]
    assert isinstance(replayed.refused[Source(2)], BadUpdate)
    assert text_of(replayed.settle()) == "é😀"


def test_row_without_its_predecessors_is_refused():
    first, _, third = typed("é", "😀", "ü")
    replayed = Replay()
    add_all(replayed, [first, third])
    assert isinstance(replayed.refused[Source(2)], MissingPredecessors)
    assert text_of(replayed.settle()) == "é"


def test_what_panics_behind_the_gate_is_taken_back(monkeypatch):
    first, second = typed("é", "😀")
    real = replay.admit

    def admit(update, known, *pairs):
        if update == b"panics":
            return Admitted({9: 1}, {9: 0}, deletes=False, entangled=False, pairs=NO_PAIRS)
        return real(update, known, *pairs)

    monkeypatch.setattr(replay, "admit", admit)
    replayed = Replay()
    add_all(replayed, [first, b"panics", second])
    assert list(replayed.refused) == [Source(2)]
    assert text_of(replayed.settle()) == "é😀"


def test_row_that_harms_only_when_the_whole_is_read_is_found_then(monkeypatch):
    first, second, third = typed("é", "😀", "ü")
    real = replay.admit

    def admit(update, known, *pairs):
        if update == POISONOUS:
            return Admitted({}, {}, deletes=False, entangled=False, pairs=NO_PAIRS)
        return real(update, known, *pairs)

    monkeypatch.setattr(replay, "admit", admit)
    accepted: list[Source] = []
    replayed = Replay(accept=accepted.extend)
    replayed.add(Source(1), first)
    replayed.settle()
    replayed.add(Source(2), second)
    assert replayed.add(Source(3), POISONOUS) is not None
    replayed.add(Source(4), third)
    assert text_of(replayed.settle()) == "é😀ü"
    assert list(replayed.refused) == [Source(3)]
    assert accepted == [Source(1), Source(2), Source(4)]


def test_other_content_at_the_same_clocks_is_noticed():
    (ours,), (theirs,) = typed("é😀"), typed("ä😀")
    replayed = Replay()
    add_all(replayed, [ours, theirs, ours])
    assert replayed.contradictory == {Source(2)}
    assert replayed.refused == {}
    replayed.add(Source(4), theirs, may_contradict=False)
    assert isinstance(replayed.refused[Source(4)], Contradiction)
    assert text_of(replayed.settle()) == "é😀"


def test_place_in_a_character_that_is_gone_cuts_nothing():
    doc: Doc = Doc(client_id=7)
    text = doc.get("content", type=Text)
    wrote = crdt.edit(doc, lambda: text.insert(0, "a😀b"))
    erased = crdt.edit(doc, text.clear)
    # Client 8 writes "x" behind the first half of the pair: 7's clock 1.
    within = bytes.fromhex("01010800840701017800")
    replayed = Replay()
    replayed.add(Source(1), wrote)
    assert replayed.add(Source(2), within) is None
    replayed.add(Source(3), erased)
    assert replayed.add(Source(4), within) is not None
    assert text_of(replayed.settle()) == "x"


def test_replay_begins_with_a_whole_state_only():
    first, second = typed("é", "😀")
    assert text_of(Replay(first).settle()) == "é"
    with pytest.raises(MissingPredecessors):
        Replay(second)
    with pytest.raises(BadUpdate):
        Replay(b"\x01\x02\x03")


def test_much_is_settled_on_the_way(monkeypatch):
    monkeypatch.setattr(replay, "_MIN_UNSETTLED_BYTES", 50)
    accepted: list[Source] = []
    replayed = Replay(accept=accepted.extend)
    add_all(replayed, typed(*["é"] * 20))
    assert 0 < len(accepted) < 20
    replayed.settle()
    assert accepted == [Source(seq) for seq in range(1, 21)]
