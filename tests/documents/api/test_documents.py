import uuid

import pytest

from documents.lifecycle import create_document
from documents.models import Document, Membership
from documents.roles import Role

LIST = "/api/v1/documents/"


def address(document):
    return f"{LIST}{document.id}/"


def titles(answer):
    return [item["title"] for item in answer.json()["results"]]


def test_created_document_is_described_in_full(api, alice):
    answer = api(alice).post(LIST, {"title": "Café 😀", "kind": "text"}, format="json")
    assert answer.status_code == 201
    described = answer.json()
    assert answer["Location"].endswith(f"/api/v1/documents/{described['id']}/")
    assert set(described) == {
        "id", "title", "kind", "root", "role", "abilities", "owner", "head_seq",
        "created_at", "updated_at", "trashed_at",
    }  # fmt: skip
    assert described["title"] == "Café 😀"
    assert (described["kind"], described["root"]) == ("text", "content")
    assert described["role"] == "owner"
    assert all(described["abilities"].values())
    assert described["owner"] == {"username": "alice", "name": "Alice"}
    assert (described["head_seq"], described["trashed_at"]) == (0, None)


def test_document_without_a_word_is_an_untitled_rich_text(api, alice):
    described = api(alice).post(LIST, {}, format="json").json()
    assert (described["title"], described["kind"]) == ("Untitled", "richtext")
    assert described["root"] == "default"


def test_root_can_be_that_of_another_editor(api, alice):
    body = {"title": "Q", "kind": "text", "root": "quill"}
    assert api(alice).post(LIST, body, format="json").json()["root"] == "quill"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x" * 256}, "title"),
        ({"title": ""}, "title"),
        ({"title": "nul\u0000"}, "title"),
        ({"title": ["list"]}, "title"),
        ({"kind": "spreadsheet"}, "kind"),
        ({"root": "x" * 65}, "root"),
    ],
)
def test_bad_field_is_named(api, alice, body, field):
    answer = api(alice).post(LIST, body, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]
    assert field in answer.json()["detail"]


def test_creating_needs_a_user(api, db):
    assert api(None).post(LIST, {}, format="json").status_code == 401


@pytest.mark.parametrize(
    ("who", "role"), [("alice", "owner"), ("bob", "editor"), ("vera", "viewer")]
)
def test_members_see_it_with_their_role(api, document, request, who, role):
    described = api(request.getfixturevalue(who)).get(address(document)).json()
    assert described["role"] == role
    assert described["owner"]["username"] == "alice"
    assert described["abilities"]["edit"] is (role != "viewer")
    assert described["abilities"]["trash"] is (role == "owner")


def test_outsider_is_told_that_there_is_none(api, document, charlie):
    hidden = api(charlie).get(address(document))
    missing = api(charlie).get(f"{LIST}{uuid.uuid4()}/")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()


def test_nobody_is_asked_to_sign_in_whether_it_exists_or_not(api, document):
    assert api(None).get(address(document)).status_code == 401
    assert api(None).get(f"{LIST}{uuid.uuid4()}/").status_code == 401


def test_link_lets_visitors_read(api, document, charlie):
    Document.objects.filter(id=document.id).update(link_reach="anyone", link_role=Role.VIEWER)
    assert api(None).get(address(document)).json()["role"] == "viewer"
    assert api(charlie).get(address(document)).json()["role"] == "viewer"
    assert api(None).patch(address(document), {"title": "x"}, format="json").status_code == 401
    assert api(charlie).patch(address(document), {"title": "x"}, format="json").status_code == 403


def test_link_for_the_signed_in_is_closed_to_visitors(api, document, charlie):
    Document.objects.filter(id=document.id).update(link_reach="signed_in", link_role=Role.EDITOR)
    assert api(None).get(address(document)).status_code == 401
    assert api(charlie).get(address(document)).json()["role"] == "editor"


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("vera", 403), ("charlie", 404)]
)
def test_editors_may_rename(api, document, request, who, status):
    answer = api(request.getfixturevalue(who)).patch(
        address(document), {"title": "Neu ü"}, format="json"
    )
    assert answer.status_code == status
    document.refresh_from_db()
    assert document.title == ("Neu ü" if status == 200 else "Café 😀")


def test_renaming_without_a_title_is_refused(api, document, alice):
    assert api(alice).patch(address(document), {"kind": "text"}, format="json").status_code == 400


def test_list_holds_what_one_is_a_member_of(api, document, alice, bob, charlie):
    create_document(owner=bob, title="bob's")
    assert titles(api(alice).get(LIST)) == ["Café 😀"]
    assert titles(api(bob).get(LIST)) == ["bob's", "Café 😀"]
    assert titles(api(charlie).get(LIST)) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("owned", ["bob's"]), ("shared", ["Café 😀"]), ("all", ["bob's", "Café 😀"])],
)
def test_scope_narrows_the_list(api, document, bob, scope, expected):
    create_document(owner=bob, title="bob's")
    assert titles(api(bob).get(f"{LIST}?scope={scope}")) == expected


def test_search_finds_part_of_a_title(api, document, alice):
    create_document(owner=alice, title="Minutes")
    assert titles(api(alice).get(LIST, {"q": "CAF"})) == ["Café 😀"]
    assert titles(api(alice).get(LIST, {"q": "é 😀"})) == ["Café 😀"]
    assert titles(api(alice).get(LIST, {"q": "CAFÉ"})) == ["Café 😀"]
    assert titles(api(alice).get(LIST, {"q": "%"})) == []
    assert titles(api(alice).get(LIST, {"q": "."})) == []


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("title", ["apple", "Banana", "cherry"]),
        ("-title", ["cherry", "Banana", "apple"]),
        ("created_at", ["cherry", "apple", "Banana"]),
        ("-created_at", ["Banana", "apple", "cherry"]),
    ],
)
def test_list_is_ordered_as_asked(api, alice, ordering, expected):
    for title in ["cherry", "apple", "Banana"]:
        create_document(owner=alice, title=title)
    assert titles(api(alice).get(LIST, {"ordering": ordering})) == expected


def test_what_changed_last_comes_first(api, alice, writer):
    older = create_document(owner=alice, title="older", kind="text")
    create_document(owner=alice, title="newer")
    writer(older).type("é")
    assert titles(api(alice).get(LIST)) == ["older", "newer"]


@pytest.mark.parametrize(
    "query",
    ["ordering=size", "scope=mine", "cursor=x", "page_size=0", "page_size=1000", "q=%00"],
)
def test_bad_query_is_refused(api, alice, query):
    answer = api(alice).get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.split("=")[0]]


@pytest.mark.parametrize("ordering", ["title", "-updated_at"])
def test_pages_follow_each_other_without_a_gap(api, alice, ordering):
    for _ in range(5):
        create_document(owner=alice, title="Same é")
    client, address_of_page, seen = api(alice), f"{LIST}?page_size=2&ordering={ordering}", []
    while address_of_page:
        page = client.get(address_of_page).json()
        assert set(page) == {"results", "next"}
        seen += [item["id"] for item in page["results"]]
        address_of_page = page["next"]
    assert len(seen) == len(set(seen)) == 5


def test_cursor_of_another_ordering_is_refused(api, alice):
    for _ in range(3):
        create_document(owner=alice)
    following = api(alice).get(f"{LIST}?page_size=2&ordering=title").json()["next"]
    answer = api(alice).get(following.replace("ordering=title", "ordering=created_at"))
    assert answer.status_code == 400


def test_list_costs_the_same_whatever_its_length(api, alice, bob, django_assert_max_num_queries):
    for number in range(30):
        made = create_document(owner=alice, title=str(number))
        Membership.objects.create(document=made, user=bob, role=Role.OWNER)
    client = api(bob)
    # Session, user, documents, owners.
    with django_assert_max_num_queries(4):
        assert len(client.get(LIST).json()["results"]) == 30


def test_one_document_costs_few_queries(api, document, vera, django_assert_max_num_queries):
    client = api(vera)
    with django_assert_max_num_queries(4):
        assert client.get(address(document)).status_code == 200
