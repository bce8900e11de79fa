import pytest
from pycrdt import XmlElement, XmlText

from documents import placing
from documents import threads as service
from documents.crdt import encode
from documents.models import Comment, Document, LinkReach, Membership, Thread
from documents.roles import Role


def threads(document):
    return f"/api/v1/documents/{document.id}/threads/"


def one(document, thread):
    return f"{threads(document)}{thread['id']}/"


def start(client, document, quote="é😀", text="Wirklich? 😀"):
    """Begin a thread about a quote of the document's text."""
    shown = client.get(f"/api/v1/documents/{document.id}/content/").json()["text"]
    at = shown.index(quote)
    body = {"anchor": {"start": at, "end": at + len(quote)}, "text": text}
    return client.post(threads(document), body, format="json")


def listed(client, document):
    answer = client.get(threads(document))
    assert answer.status_code == 200
    return answer.json()["results"]


def quoted(client, document):
    """The text that the one thread is about now."""
    (thread,) = listed(client, document)
    shown = client.get(f"/api/v1/documents/{document.id}/content/").json()["text"]
    anchor = thread["anchor"]
    return None if anchor is None else shown[anchor["start"] : anchor["end"]]


@pytest.fixture
def typist(writer, text_document, alice):
    typed = writer(text_document, alice)
    typed.type("ein é😀 hier")
    return typed


def test_thread_is_begun_about_a_passage(api, text_document, bob, vera, typist):
    answer = start(api(bob), text_document)
    assert answer.status_code == 201
    thread = answer.json()
    assert thread["anchor"] == {"start": 4, "end": 6}
    assert (thread["quote"], thread["removed"], thread["resolved"]) == ("é😀", False, False)
    assert thread["author"] == {"username": "bob", "name": "Bob"}
    (comment,) = thread["comments"]
    assert (comment["text"], comment["author"]["username"]) == ("Wirklich? 😀", "bob")
    assert comment["edited_at"] is None
    assert listed(api(vera), text_document) == [thread]
    # Nothing of it is in the document.
    assert api(vera).get(f"/api/v1/documents/{text_document.id}/").json()["head_seq"] == 1


def test_anchor_follows_the_text(api, text_document, bob, typist):
    start(api(bob), text_document)
    typist.change(lambda: typist.text.insert(0, "😀 davor "))
    assert quoted(api(bob), text_document) == "é😀"
    assert listed(api(bob), text_document)[0]["anchor"]["start"] == 12


def test_removed_text_is_told_and_its_quote_kept(api, text_document, bob, typist):
    start(api(bob), text_document)

    def remove():
        del typist.text[4 : 4 + len("é😀".encode())]

    typist.change(remove)
    (thread,) = listed(api(bob), text_document)
    assert (thread["anchor"], thread["removed"], thread["quote"]) == (None, True, "é😀")


def test_text_that_an_undo_brings_back_is_found_again(api, text_document, bob, typist):
    """Its characters are new ones: it is told by what it says and where."""
    before = start(api(bob), text_document).json()
    gone = len("é😀".encode())

    def remove():
        del typist.text[4 : 4 + gone]

    typist.change(remove)
    typist.change(lambda: typist.text.insert(4, "é😀"))
    (thread,) = listed(api(bob), text_document)
    assert thread["anchor"] == before["anchor"]
    assert thread["removed"] is False
    # A client that follows positions by itself is given those of the new characters.
    assert thread["relative"] != before["relative"]


def test_thread_stays_with_a_paragraph_that_becomes_a_heading(api, document, bob, writer, alice):
    """An editor writes it anew, as another element."""
    typed = writer(document, alice)
    for text in ("Erster Absatz", "Mit é😀 darin", "Letzter Absatz"):
        typed.add_paragraph(text)
    start(api(bob), document)

    def turn():
        del typed.fragment.children[1]
        heading = XmlElement("heading", {"level": 1})
        typed.fragment.children.insert(1, heading)
        heading.children.append(XmlText("Mit é😀 darin"))

    typed.change(turn)
    assert quoted(api(bob), document) == "é😀"


def test_relative_positions_are_answered_and_taken(api, text_document, bob, typist):
    first = start(api(bob), text_document).json()
    body = {"anchor": {"relative": first["relative"]}, "text": "Noch etwas"}
    answer = api(bob).post(threads(text_document), body, format="json")
    assert answer.status_code == 201
    assert answer.json()["anchor"] == first["anchor"]
    assert answer.json()["relative"] == first["relative"]


def test_position_of_text_that_is_not_saved_yet_is_a_conflict(api, text_document, bob, typist):
    ahead = {"item": {"client": typist.doc.client_id, "clock": 99}, "assoc": 0}
    body = {"anchor": {"relative": {"start": ahead, "end": ahead}}, "text": "x"}
    answer = api(bob).post(threads(text_document), body, format="json")
    assert answer.status_code == 409
    assert "saved" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("anchor", "field"),
    [
        (None, "anchor"),
        ({}, "anchor"),
        ({"start": 0}, "anchor"),
        ({"start": 0, "end": 0}, "anchor"),
        ({"start": 5, "end": 4}, "anchor"),
        ({"start": 0, "end": 999}, "anchor"),
        ({"start": -1, "end": 4}, "anchor.start"),
        ({"start": 0, "end": 1, "relative": {"start": {}, "end": {}}}, "anchor"),
        ({"relative": {"start": {}}}, "anchor.relative.end"),
        ({"relative": {"start": {}, "end": {}}}, "anchor.relative"),
        ({"relative": {"start": {"tname": "other"}, "end": {"tname": "other"}}}, "anchor"),
    ],
)
def test_bad_anchor_says_what_to_change(api, text_document, bob, typist, anchor, field):
    body = {"anchor": anchor, "text": "x"}
    answer = api(bob).post(threads(text_document), body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert Thread.objects.count() == 0


@pytest.mark.parametrize("text", ["", "  ", "x" * (service.MAX_COMMENT_LENGTH + 1), "\x00", None])
def test_bad_text_says_what_to_change(api, text_document, bob, typist, text):
    answer = start(api(bob), text_document, text=text)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["text"]


def test_passage_has_a_bound(api, text_document, bob, typist, monkeypatch):
    monkeypatch.setattr(service, "MAX_QUOTE_LENGTH", 3)
    assert start(api(bob), text_document, quote="é😀").status_code == 201
    answer = start(api(bob), text_document, quote="é😀 h")
    assert answer.status_code == 400
    assert "shorter" in answer.json()["detail"]


def test_threads_of_a_document_have_a_bound(api, text_document, bob, typist, monkeypatch):
    monkeypatch.setattr(service, "MAX_THREADS", 1)
    start(api(bob), text_document)
    assert start(api(bob), text_document).status_code == 409


def test_document_without_text_takes_no_thread_and_lists_what_there_was(
    api, text_document, bob, typist
):
    start(api(bob), text_document)
    Document.objects.filter(id=text_document.id).update(root="elsewhere")
    assert listed(api(bob), text_document)[0]["removed"] is True
    typist.change(lambda: typist.doc.get("elsewhere", type=type(typist.text)).insert(0, "é😀"))
    assert start(api(bob), text_document).status_code == 201


@pytest.mark.parametrize("reach", list(LinkReach))
@pytest.mark.parametrize("role", [None, *Role])
def test_commenters_and_above_begin_threads_and_whoever_sees_the_document_reads_them(
    api, text_document, alice, charlie, typist, role, reach
):
    start(api(alice), text_document)
    Document.objects.filter(id=text_document.id).update(link_reach=reach)
    if role is not None:
        Membership.objects.create(document=text_document, user=charlie, role=role)
    client = api(charlie)
    sees = role is not None or reach != LinkReach.RESTRICTED
    assert client.get(threads(text_document)).status_code == (200 if sees else 404)
    body = {"anchor": {"start": 4, "end": 6}, "text": "x"}
    expected = 201 if role is not None and role >= Role.COMMENTER else 403 if sees else 404
    assert client.post(threads(text_document), body, format="json").status_code == expected


@pytest.mark.parametrize(
    ("reach", "role", "reads", "begins"),
    [
        (LinkReach.RESTRICTED, Role.EDITOR, 401, 401),
        (LinkReach.SIGNED_IN, Role.EDITOR, 401, 401),
        (LinkReach.ANYONE, Role.VIEWER, 200, 401),
        (LinkReach.ANYONE, Role.COMMENTER, 200, 201),
    ],
)
def test_guests_comment_where_the_link_lets_them(
    api, text_document, typist, reach, role, reads, begins
):
    Document.objects.filter(id=text_document.id).update(link_reach=reach, link_role=role)
    assert api(None).get(threads(text_document)).status_code == reads
    body = {"anchor": {"start": 4, "end": 6}, "text": "x"}
    answer = api(None).post(threads(text_document), body, format="json")
    assert answer.status_code == begins
    if begins == 201:
        assert answer.json()["author"] is None
        # What a guest says is nobody's: no other guest can take it back.
        assert api(None).delete(one(text_document, answer.json())).status_code == 401


def test_author_deletes_a_thread_that_nobody_has_answered(api, text_document, bob, typist):
    thread = start(api(bob), text_document).json()
    assert api(bob).delete(one(text_document, thread)).status_code == 204
    assert Comment.objects.count() == 0


def test_author_keeps_a_thread_that_somebody_has_answered(api, text_document, alice, bob, typist):
    thread = start(api(bob), text_document).json()
    api(alice).post(f"{one(text_document, thread)}comments/", {"text": "Ja"}, format="json")
    answer = api(bob).delete(one(text_document, thread))
    assert answer.status_code == 403
    assert "resolve" in answer.json()["detail"]
    assert api(alice).delete(one(text_document, thread)).status_code == 204


@pytest.mark.parametrize(("who", "status"), [("alice", 204), ("vera", 403), ("charlie", 404)])
def test_others_threads_are_deleted_by_owners_alone(
    api, text_document, bob, charlie, typist, request, who, status
):
    thread = start(api(bob), text_document).json()
    client = api(request.getfixturevalue(who))
    assert client.delete(one(text_document, thread)).status_code == status


def test_editor_does_not_delete_an_owners_thread(api, text_document, alice, bob, typist):
    thread = start(api(alice), text_document).json()
    assert api(bob).delete(one(text_document, thread)).status_code == 403


def test_thread_of_another_document_is_not_found(api, text_document, document, alice, typist):
    thread = start(api(alice), text_document).json()
    assert api(alice).delete(one(document, thread)).status_code == 404
    assert api(alice).post(f"{one(document, thread)}resolve/").status_code == 404
    assert Thread.objects.count() == 1


def test_user_who_is_gone_leaves_what_they_said(api, text_document, alice, bob, typist):
    start(api(bob), text_document)
    bob.delete()
    (thread,) = listed(api(alice), text_document)
    assert thread["author"] is None
    assert thread["comments"][0]["text"] == "Wirklich? 😀"


@pytest.fixture
def builds(monkeypatch):
    """The ids of the documents that were built for their places."""
    built = []
    build = placing.build_document

    def note(*, document_id):
        built.append(document_id)
        return build(document_id=document_id)

    monkeypatch.setattr(placing, "build_document", note)
    monkeypatch.setattr(placing, "_kept", type(placing._kept)())
    return built


def test_list_costs_the_same_whatever_its_length(
    api, text_document, alice, bob, typist, django_assert_max_num_queries, builds
):
    thread = start(api(bob), text_document).json()
    for _ in range(9):
        start(api(alice), text_document)
    for _ in range(5):
        api(alice).post(f"{one(text_document, thread)}comments/", {"text": "é"}, format="json")
    client = api(bob)
    typist.type(" und mehr")
    builds.clear()
    with django_assert_max_num_queries(10):
        results = listed(client, text_document)
    assert (len(results), len(results[0]["comments"])) == (10, 6)
    assert builds == [text_document.id]


def test_document_is_built_anew_only_when_it_was_edited(api, text_document, bob, typist, builds):
    start(api(bob), text_document)
    listed(api(bob), text_document)
    assert len(builds) == 1
    typist.change(lambda: typist.text.insert(0, "😀 "))
    assert quoted(api(bob), text_document) == "é😀"
    quoted(api(bob), text_document)
    assert len(builds) == 2


def test_restored_backup_that_went_another_way_to_the_same_seq_is_built_anew(
    api, text_document, bob, typist, builds
):
    start(api(bob), text_document)
    listed(api(bob), text_document)
    Document.objects.filter(id=text_document.id).update(log_checksum=7)
    builds.clear()
    listed(api(bob), text_document)
    assert len(builds) == 1


def test_places_of_few_documents_are_kept(api, document, text_document, bob, typist, builds, alice):
    from documents.lifecycle import create_document

    start(api(bob), text_document)
    for _ in range(placing.KEPT):
        another = create_document(owner=alice, kind="text")
        typed = type(typist)(another, alice)
        typed.type("é😀")
        start(api(alice), another)
    assert len(placing._kept) == placing.KEPT
    builds.clear()
    listed(api(bob), text_document)
    assert builds == [text_document.id]


def test_document_is_not_built_for_no_threads(api, text_document, bob, monkeypatch):
    monkeypatch.setattr(placing, "build_document", None)
    assert listed(api(bob), text_document) == []


def test_whole_state_of_another_client_is_no_matter(api, text_document, bob, typist, writer):
    """Positions are those of the document, whoever reads it."""
    thread = start(api(bob), text_document).json()
    other = writer(text_document)
    assert encode(other.doc) == encode(typist.doc)
    other.change(lambda: other.text.insert(0, "é"))
    assert quoted(api(bob), text_document) == "é😀"
    assert listed(api(bob), text_document)[0]["relative"] == thread["relative"]
