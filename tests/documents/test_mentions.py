import pytest

from documents.mentions import MAX_MENTIONS, find_mentioned, find_usernames
from documents.models import Document, LinkReach


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bob", {"bob"}),
        ("Hallo @bob, und @vera!", {"bob", "vera"}),
        ("(@zoë)", {"zoë"}),
        # A username may end in a full stop; most often it is the sentence's.
        ("Frag @bob.", {"bob", "bob."}),
        ("@bob.miller@example", {"bob.miller@example"}),
        ("bob@example.org", set()),
        ("@@bob", {"@bob"}),
        ("@ bob @", set()),
        ("😀@bob😀", {"bob"}),
        ("@" + "x" * 200, {"x" * 150}),
    ],
)
def test_names_are_found_as_people_write_them(text, names):
    assert find_usernames(text) == names


def test_mentions_have_a_bound():
    text = " ".join(f"@user{number}" for number in range(MAX_MENTIONS + 5))
    assert len(find_usernames(text)) == MAX_MENTIONS


def test_those_who_may_see_the_document_are_mentioned_at_a_constant_cost(
    document, alice, bob, charlie, django_user_model, django_assert_max_num_queries
):
    django_user_model.objects.create(username="gone", is_active=False)
    with django_assert_max_num_queries(2):
        text = "@alice @bob @charlie @gone @nobody"
        assert find_mentioned(text=text, document=document) == {alice.pk, bob.pk}
    Document.objects.filter(id=document.id).update(link_reach=LinkReach.SIGNED_IN)
    document.refresh_from_db()
    found = find_mentioned(text="@charlie @gone @nobody", document=document)
    assert found == {charlie.pk}
    with django_assert_max_num_queries(0):
        assert find_mentioned(text="niemand", document=document) == set()
