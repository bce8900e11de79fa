"""What sockets answer a request with is what REST answers, refusals included."""

import uuid
from typing import Any

import pytest

from documents.api.without_http import (
    METHODS,
    ListRefused,
    Page,
    UnknownList,
    parse_request,
    read_list,
)
from documents.models import LinkReach
from documents.threads import Anchor, start_thread

OF_A_DOCUMENT = ["members", "versions", "threads", "messages"]


@pytest.fixture
def busy_document(api, text_document, alice, bob, charlie, writer):
    """One with something in each of its lists."""
    base = f"/api/v1/documents/{text_document.id}/"
    writer(text_document, alice).type("ein é😀 hier")
    client = api(alice)
    for where, body in [
        ("versions/", {"label": "é"}),
        ("messages/", {"text": "Hallo"}),
        ("messages/", {"text": "😀"}),
        ("members/", {"user": "charlie", "role": "viewer"}),
    ]:
        assert client.post(f"{base}{where}", body, format="json").status_code == 201
    start_thread(document=text_document, author=bob, anchor=Anchor(points=(4, 6)), text="@alice")
    return text_document


def read(method: str, user: Any, *, document_id: uuid.UUID | None = None, **params: Any) -> Page:
    return read_list(parse_request(method, params, document_id=document_id), user)


def test_there_is_a_view_behind_every_method(text_document):
    for method in METHODS:
        assert parse_request(method, {"document": str(text_document.id)})


@pytest.mark.django_db
@pytest.mark.parametrize("name", OF_A_DOCUMENT)
def test_list_of_a_document_is_what_rest_answers(api, busy_document, vera, name):
    page = read(f"{name}.list", vera, document_id=busy_document.id)
    answer = api(vera).get(f"/api/v1/documents/{busy_document.id}/{name}/").json()
    assert page.result == answer
    assert page.is_whole
    assert len(page.items) == len(answer["results"]) > 0


@pytest.mark.parametrize("name", OF_A_DOCUMENT)
def test_list_of_a_document_looks_the_same_to_all_who_may_read_it(
    busy_document, alice, bob, vera, name
):
    seen = [
        read(f"{name}.list", user, document_id=busy_document.id).result
        for user in (alice, bob, vera)
    ]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("unread", [False, True])
def test_notifications_are_what_rest_answers(api, busy_document, alice, charlie, unread):
    for user in (alice, charlie):
        page = read("notifications.list", user, unread=unread)
        answer = api(user).get("/api/v1/notifications/", {"unread": unread}).json()
        assert page.result == answer
        assert len(page.items) == 1


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "é"},
        {"q": "x"},
        {"scope": "owned"},
        {"scope": "shared"},
        {"ordering": "title"},
        {"ordering": "-created_at"},
    ],
)
def test_documents_are_what_rest_answers(api, document, text_document, alice, bob, query):
    for user in (alice, bob):
        answer = api(user).get("/api/v1/documents/", query).json()
        assert read("documents.list", user, **query).result == answer


def test_page_may_be_longer_than_over_http(api, alice, document, text_document):
    request = parse_request("documents.list", {"page_size": 1})
    assert len(read_list(request, alice).items) == 1
    assert not read_list(request, alice).is_whole
    assert read_list(request, alice, page_size=1000).is_whole


@pytest.mark.parametrize("name", OF_A_DOCUMENT)
def test_list_costs_the_queries_that_it_costs_over_http(
    busy_document, vera, name, django_assert_max_num_queries
):
    request = parse_request(f"{name}.list", {}, document_id=busy_document.id)
    with django_assert_max_num_queries(8):
        read_list(request, vera)


@pytest.mark.parametrize("name", OF_A_DOCUMENT)
def test_list_tells_nothing_to_whoever_may_not_see_it(text_document, charlie, name):
    with pytest.raises(ListRefused) as refused:
        read(f"{name}.list", charlie, document_id=text_document.id)
    assert refused.value.status == 404
    with pytest.raises(ListRefused) as refused:
        read(f"{name}.list", None, document_id=text_document.id)
    assert refused.value.status == 401
    text_document.link_reach = LinkReach.ANYONE
    text_document.save()
    if name == "members":
        with pytest.raises(ListRefused) as refused:
            read("members.list", None, document_id=text_document.id)
        assert refused.value.status == 401
    else:
        assert read(f"{name}.list", None, document_id=text_document.id).items == {}


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["documents.list", "notifications.list"])
def test_visitors_have_no_lists_of_their_own(method):
    with pytest.raises(ListRefused) as refused:
        read(method, None)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("documents.create", {}, UnknownList),
        ("members", {}, UnknownList),
        ("members.list", {}, ValueError),
        ("members.list", {"document": 7}, ValueError),
        ("members.list", {"document": "../../"}, ValueError),
        ("documents.list", {"q": ["é"]}, ValueError),
        ("documents.list", {"q": None}, ValueError),
    ],
)
def test_what_is_no_request_for_a_list_is_told_so(method, params, error):
    with pytest.raises(error):
        parse_request(method, params)


def test_wrong_filter_is_refused_as_over_http(alice):
    with pytest.raises(ListRefused) as refused:
        read("documents.list", alice, scope="é😀")
    assert refused.value.status == 400
    assert "scope" in str(refused.value)
