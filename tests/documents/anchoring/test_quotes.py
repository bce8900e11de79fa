import pytest

from documents.anchoring import find_again

TEXT = "eins zwei é😀 drei vier fünf sechs sieben acht neun zehn, eins zwei é😀 elf"


def test_quote_is_where_its_old_place_touches_it():
    at = TEXT.index("é😀")
    for near in [(at, at), (at + 2, at + 2), (at, at + 1), (at + 1, at + 2)]:
        found = find_again(TEXT, quote="é😀", before="nichts", after="nichts", near=near)
        assert found == (at, at + 2)


def test_quote_is_found_at_the_one_place_that_looks_like_its_own():
    at = TEXT.rindex("é😀")
    before, after = TEXT[at - 32 : at], TEXT[at + 2 : at + 34]
    for context in [(before, after), (before, "anders"), ("anders", after)]:
        found = find_again(TEXT, quote="é😀", before=context[0], after=context[1], near=None)
        assert found == (at, at + 2)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        (TEXT, "anders", "anders"),
        # Twice the same.
        ("a é😀 b\na é😀 b\na é😀 b", "a é😀 b\na ", " b\na é😀 b"),
        ("nichts davon", "a ", " b"),
        # An empty side is no likeness.
        ("é😀 anders", "", " hier"),
    ],
)
def test_what_cannot_be_told_for_sure_is_not_told(text, before, after):
    if text.startswith("a é"):
        text = text + "\n" + text
    assert find_again(text, quote="é😀", before=before, after=after, near=None) is None


def test_quote_that_was_the_whole_text_is_found_as_that():
    assert find_again("é😀", quote="é😀", before="", after="", near=None) == (0, 2)
    assert find_again("é😀!", quote="é😀", before="", after="", near=None) is None


def test_quote_that_is_everywhere_ends_the_search():
    text = "aé" * 100_000
    assert find_again(text, quote="é", before="x", after="y", near=None) is None


def test_text_that_is_there_and_says_something_else_is_not_looked_for_elsewhere():
    """Edited inside, while the same words stand in the same surroundings further on."""
    at = TEXT.rindex("é😀")
    around = {"before": TEXT[at - 32 : at], "after": TEXT[at + 2 : at + 34]}
    assert find_again(TEXT, quote="é😀", near=(0, 4), **around) is None
    assert find_again(TEXT, quote="é😀", near=(0, 0), **around) == (at, at + 2)
