"""States of one document, however they were built, are the same; other documents are not."""

import random

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from documents import crdt
from documents.canonical import find_difference
from documents.replay import Replay, Source

WORDS = ["é", "😀", "ab", "c", "déjà ", "🎉!"]


class Story:
    """Several clients who write at once, and hear of each other late; the log of what they say."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.docs: list[Doc] = [Doc(client_id=10 + number) for number in range(3)]
        self.heard = [0] * len(self.docs)
        self.log: list[bytes] = []

    def step(self) -> None:
        who = self.random.randrange(len(self.docs))
        doc = self.docs[who]
        until = self.random.randint(self.heard[who], len(self.log))
        for update in self.log[self.heard[who] : until]:
            doc.apply_update(update)
        self.heard[who] = until
        update = crdt.edit(doc, lambda: self.write(doc))
        if update != crdt.EMPTY_UPDATE:
            self.log.append(update)

    def write(self, doc: Doc) -> None:
        for _ in range(self.random.choice([1, 1, 1, 3])):
            self.random.choice(
                [self.type, self.type, self.erase, self.format, self.put, self.push, self.nest]
            )(doc)

    def place(self, text: Text | XmlText) -> int:
        """Somewhere in a text, in bytes, but never within a character."""
        return len(str(text)[: self.random.randint(0, len(str(text)))].encode())

    def type(self, doc: Doc) -> None:
        text = doc.get("content", type=Text)
        text.insert(self.place(text), self.random.choice(WORDS))

    def erase(self, doc: Doc) -> None:
        text = doc.get("content", type=Text)
        start, end = sorted((self.place(text), self.place(text)))
        del text[start:end]

    def format(self, doc: Doc) -> None:
        text = doc.get("content", type=Text)
        start, end = sorted((self.place(text), self.place(text)))
        if start < end:
            text.format(start, end, {"bold": self.random.choice([True, None, {"x": 1, "y": "é"}])})

    def put(self, doc: Doc) -> None:
        store = doc.get("map", type=Map)
        key = self.random.choice(["a", "é"])
        if key in store and self.random.random() < 0.3:
            del store[key]
        else:
            store[key] = {word: [number, None, 1.5] for number, word in enumerate(WORDS)}

    def push(self, doc: Doc) -> None:
        array = doc.get("array", type=Array)
        if len(array) and self.random.random() < 0.4:
            del array[self.random.randrange(len(array))]
        else:
            array.insert(self.random.randint(0, len(array)), self.random.choice([1, "é", True]))

    def nest(self, doc: Doc) -> None:
        fragment = doc.get("default", type=XmlFragment)
        children = fragment.children
        fate = self.random.random()
        if len(children) and fate < 0.3:
            del children[self.random.randrange(len(children))]
        elif len(children) and fate < 0.7:
            element = children[self.random.randrange(len(children))]
            element.attributes["level"] = self.random.choice(["1", "2"])
            if len(element.children):
                inner = element.children[0]
                inner.insert(self.place(inner), self.random.choice(WORDS))
        else:
            element = XmlElement("paragraph")
            children.insert(self.random.randint(0, len(children)), element)
            element.children.append(XmlText(self.random.choice(WORDS)))


@pytest.mark.parametrize("seed", range(40))
def test_state_is_the_same_whichever_way_it_was_built(seed):
    story = Story(seed)
    replay, snapshot = Replay(), crdt.EMPTY_UPDATE
    since: list[bytes] = []
    for _ in range(80):
        said = len(story.log)
        story.step()
        for update in story.log[said:]:
            replay.add(Source(len(story.log)), update)
            since.append(update)
        if story.random.random() < 0.1:
            snapshot = crdt.encode(crdt.build([snapshot, *since]))
            since = []
            assert find_difference(replay.settle(), snapshot) is None
    assert replay.refused == {}
    whole = crdt.encode(crdt.build(story.log))
    assert find_difference(replay.settle(), whole) is None
    assert find_difference(whole, crdt.encode(crdt.build([snapshot, *since]))) is None
    last = crdt.edit(story.docs[0], lambda: story.docs[0].get("content", type=Text).insert(0, "é"))
    more = crdt.encode(crdt.build([*story.log, last]))
    assert find_difference(whole, more) is not None


def states(*changes):
    """The states of a document after each of the changes to its text, by one client."""
    doc: Doc = Doc(client_id=7)
    text = doc.get("content", type=Text)
    for change in changes:
        change(text)
        yield crdt.encode(doc)


def test_difference_is_named():
    shorter, longer, erased = states(
        lambda text: text.insert(0, "é😀"),
        lambda text: text.insert(0, "ab"),
        lambda text: text.clear(),
    )
    (other,) = states(lambda text: text.insert(0, "ä😀"))
    assert find_difference(longer, shorter) == "client 7 ends at clock 5 here, at 3 there"
    assert find_difference(shorter, other) == "what client 7 wrote at clock 0 differs"
    assert find_difference(longer, erased) == "other parts of what client 7 wrote are deleted"
    assert find_difference(erased, erased) is None


def test_tombstone_that_stands_elsewhere_is_a_difference():
    # "ab" on both sides, and what is typed behind a deleted "x" goes to different places.
    first: Doc = Doc(client_id=7)
    first.get("content", type=Text).insert(0, "ab")
    start = crdt.encode(first)
    tombstones = []
    for place in (1, 2):
        doc = crdt.build([start], client_id=8)
        text = doc.get("content", type=Text)
        text.insert(place, "x")
        del text[place : place + 1]
        tombstones.append(crdt.encode(doc))
    assert str(crdt.build([tombstones[0]]).get("content", type=Text)) == "ab"
    assert find_difference(*tombstones) == "what client 8 wrote at clock 0 differs"
