import io

import pytest
from django.core.management import CommandError, call_command
from pycrdt import Text

from documents import crdt
from documents.canonical import find_difference
from documents.content import build_document
from documents.edits import restore_snapshot
from documents.errors import Conflict, DocumentMissing, LogDamaged
from documents.lifecycle import trash_document
from documents.log import NewUpdate, append_updates, read_since
from documents.messages import messages_of, post_message
from documents.models import Document, Membership, Snapshot, Update
from documents.placing import Anchor, place_threads
from documents.roles import Role
from documents.salvage import plan_salvage, salvage_document
from documents.snapshots import create_snapshot
from documents.threads import reply, resolve_thread, start_thread, threads_of
from documents.verification import verify_document
from tests.documents.damage import BAD_ROWS, lose_rows, spoil_row, spoil_snapshot
from tests.documents.test_canonical import Story


def run(document, *arguments, **options) -> str:
    out = io.StringIO()
    call_command("salvage", str(document.id), *arguments, stdout=out, **options)
    return out.getvalue()


def salvage(document: Document, owner) -> Document:
    return salvage_document(plan=plan_salvage(document.id), owner=owner)


def text_of(document: Document) -> str:
    return str(build_document(document_id=document.id).doc.get("content", type=Text))


def stored(document: Document) -> list:
    """All that there is of a document."""
    return [
        list(model.objects.filter(**{key: document.id}).order_by("id").values())
        for model, key in [
            (Document, "id"),
            (Update, "document"),
            (Snapshot, "document"),
            (Membership, "document"),
        ]
    ]


@pytest.fixture
def typist(text_document, writer, alice):
    typist = writer(text_document, alice)
    for text in ["Déjà ", "vu ", "😀"]:
        typist.type(text)
    return typist


@pytest.fixture
def second(text_document, writer, bob, typist):
    """Bob, who begins with a line of his own: it builds on the first row alone."""
    second = writer(text_document, bob)
    second.change(lambda: second.text.insert(0, "bob: "))
    return second


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_bad_row_and_what_builds_on_it_are_left_out(text_document, typist, second, alice, bad):
    spoil_row(text_document, 2, bad)
    before = stored(text_document)
    plan = plan_salvage(text_document.id)
    made = salvage_document(plan=plan, owner=alice)
    assert [source.seq for source, _ in plan.left_out] == [2, 3]
    assert text_of(made) == "bob: Déjà "
    assert stored(text_document) == before
    assert list(verify_document(made.id)) == []


def test_what_is_saved_keeps_its_history(text_document, typist, second, alice, bob):
    lose_rows(text_document, 3)
    made = salvage(text_document, alice)
    kept = read_since(document_id=made.id, seq=0)
    rows = {row.payload: row for row in read_since(document_id=text_document.id, seq=3)}
    assert [row.seq for row in kept] == [1, 2, 3]
    assert [row.author_id for row in kept] == [alice.pk, alice.pk, bob.pk]
    old = rows[kept[2].payload]
    assert (kept[2].client, kept[2].created_at) == (old.client, old.created_at)


def test_new_document_is_like_the_old_one(text_document, typist, alice, bob, vera):
    Document.objects.filter(id=text_document.id).update(root="codemirror")
    lose_rows(text_document, 3)
    made = salvage(text_document, alice)
    assert made.title == "Plain é (salvaged)"
    assert (made.kind, made.root) == ("text", "codemirror")
    members = {each.user: Role(each.role) for each in made.memberships.all()}
    assert members == {alice: Role.OWNER, bob: Role.EDITOR, vera: Role.VIEWER}


def test_what_people_said_is_still_said_about_the_same_text(text_document, typist, alice, bob):
    at = text_of(text_document).index("😀")
    anchor = Anchor(points=(at, at + 1))
    begun = start_thread(document=text_document, author=bob, anchor=anchor, text="Wirklich?")
    reply(thread=begun.thread, author=alice, text="Doch")
    resolve_thread(thread=begun.thread, user=alice)
    post_message(document=text_document, author=bob, text="Hallo 😀")
    made = salvage(text_document, alice)
    placed, old = (
        place_threads(document=document, threads=threads_of(document))
        for document in (made, text_document)
    )
    assert [(each.anchor, each.thread.quote) for each in placed] == [((at, at + 1), "😀")]
    assert [c.text for c in placed[0].comments] == ["Wirklich?", "Doch"]
    assert placed[0].thread.resolved_by == alice
    assert [(m.author, m.text) for m in messages_of(made)] == [(bob, "Hallo 😀")]
    # Copies: nothing was taken from the old one.
    assert placed[0].thread.id != old[0].thread.id
    assert len(old[0].comments) == 2
    assert messages_of(text_document).count() == 1


def test_snapshot_fills_in_what_rows_have_lost(text_document, typist, second, alice):
    create_snapshot(document=text_document, label="é 😀", author=alice)
    typist.type("!")
    lose_rows(text_document, 1)
    spoil_row(text_document, 3)
    plan = plan_salvage(text_document.id)
    made = salvage_document(plan=plan, owner=alice)
    assert text_of(made) == text_of(text_document) == "bob: Déjà vu 😀!"
    # What needs no row is not written twice: the snapshot's, and what came after it.
    assert made.head_seq == 2
    assert [source.seq for source, _ in plan.left_out] == [3]
    assert list(verify_document(made.id)) == []


def test_versions_stay_versions(text_document, typist, alice, bob):
    version = create_snapshot(document=text_document, label="é 😀", author=bob)
    typist.change(typist.text.clear)
    typist.type("other")
    lose_rows(text_document, 5)
    made = salvage(text_document, alice)
    (kept,) = made.snapshots.exclude(label="")
    assert (kept.label, kept.seq, kept.author) == ("é 😀", 3, bob)
    assert kept.created_at == version.created_at
    assert text_of(made) == ""
    restore_snapshot(document=made, snapshot=kept, author=alice)
    assert text_of(made) == "Déjà vu 😀"


def test_bad_snapshot_costs_nothing_but_itself(text_document, typist, alice):
    version = create_snapshot(document=text_document, label="é", author=alice)
    spoil_snapshot(version, b"\x01\x02\x03")
    with pytest.raises(LogDamaged):
        build_document(document_id=text_document.id)
    made = salvage(text_document, alice)
    assert text_of(made) == "Déjà vu 😀"
    assert made.head_seq == 3
    assert not made.snapshots.exclude(label="").exists()


def test_where_a_snapshot_says_something_else_the_log_counts(text_document, typist, alice):
    version = create_snapshot(document=text_document, label="é", author=alice)
    spoil_snapshot(version, bytes(version.state).replace(b"vu", b"vo"))
    assert text_of(salvage(text_document, alice)) == "Déjà vu 😀"


def test_row_whose_predecessor_comes_late_is_taken(text_document, typist, alice):
    first = bytes(Update.objects.get(document=text_document, seq=1).payload)
    spoil_row(text_document, 1)
    # Its author sent it again.
    append_updates(document_id=text_document.id, updates=[NewUpdate(first)])
    plan = plan_salvage(text_document.id)
    assert [source.seq for source in plan.sources] == [4, 2, 3]
    assert text_of(salvage_document(plan=plan, owner=alice)) == "Déjà vu 😀"


def test_rows_beyond_the_head_are_taken_too(text_document, typist, alice):
    Document.objects.filter(id=text_document.id).update(head_seq=1)
    assert text_of(salvage(text_document, alice)) == "Déjà vu 😀"


def test_many_rows_are_written_in_portions(text_document, typist, alice, monkeypatch):
    monkeypatch.setattr("documents.salvage._ROWS_AT_ONCE", 4)
    for _ in range(20):
        typist.type("é")
    create_snapshot(document=text_document, label="v", author=alice)
    lose_rows(text_document, 23)
    made = salvage(text_document, alice)
    assert text_of(made) == text_of(text_document)
    assert made.head_seq == 23


def test_long_title_stays_within_its_bounds(text_document, typist, alice):
    Document.objects.filter(id=text_document.id).update(title="é" * 255)
    lose_rows(text_document, 3)
    assert salvage(text_document, alice).title == "é" * 244 + " (salvaged)"


def test_what_does_not_come_out_as_planned_is_not_kept(text_document, typist, alice, monkeypatch):
    lose_rows(text_document, 3)
    plan = plan_salvage(text_document.id)
    spoil_row(text_document, 2, b"\0\0")
    with pytest.raises(LogDamaged, match="not what was saved"):
        salvage_document(plan=plan, owner=alice)
    assert Document.objects.count() == 1


def test_there_is_nothing_to_save_of_nothing(text_document, typist, alice):
    lose_rows(text_document, 1, 2, 3)
    with pytest.raises(Conflict):
        salvage(text_document, alice)
    with pytest.raises(DocumentMissing):
        plan_salvage(Document().id)


# ---- the command -----------------------------------------------------------------------------


def test_command_says_what_was_left_out(text_document, typist, second):
    spoil_row(text_document, 2)
    typist.type(" é")
    typist.type(" ü")
    said = run(text_document, title="Saved 😀")
    made = Document.objects.get(title="Saved 😀")
    assert said.splitlines()[:1] == ["Found:"]
    assert "  row 2: " in said
    assert "  row 3: The update builds on edits that are not here." in said
    assert "  rows 5 to 6: The update builds on edits that are not here." in said
    assert said.splitlines()[-1] == f"The new document is {made.id}, “Saved 😀”, at seq 2."


def test_command_names_the_snapshot_that_helped(text_document, typist, alice):
    create_snapshot(document=text_document, label="é", author=alice)
    lose_rows(text_document, 2)
    said = run(text_document)
    assert "The snapshot at 3 filled in what rows before it had lost." in said
    assert "Left out: nothing that is there." in said


def test_whole_document_is_copied_by_force_alone(text_document, typist, alice):
    with pytest.raises(CommandError, match="Nothing of its content is damaged"):
        run(text_document)
    # A wrong counter harms nobody's text.
    Document.objects.filter(id=text_document.id).update(tail_bytes=1)
    with pytest.raises(CommandError, match="--force"):
        run(text_document)
    assert Document.objects.count() == 1
    assert "no damage" in run(text_document, "--force")
    copy = Document.objects.exclude(id=text_document.id).get()
    assert text_of(copy) == "Déjà vu 😀"
    assert copy.head_seq == 3


def test_document_without_an_owner_gets_the_one_that_is_named(text_document, typist, charlie):
    Membership.objects.filter(document=text_document, role=Role.OWNER).delete()
    trash_document(document=text_document)
    lose_rows(text_document, 3)
    with pytest.raises(CommandError, match="--owner"):
        run(text_document)
    with pytest.raises(CommandError, match="no active user dora"):
        run(text_document, owner="dora")
    run(text_document, owner="charlie")
    made = Document.objects.exclude(id=text_document.id).get()
    roles = {each.user.username: Role(each.role).slug for each in made.memberships.all()}
    assert roles == {"charlie": "owner", "bob": "editor", "vera": "viewer"}


def test_new_owner_who_was_a_member_is_one_once(text_document, typist, bob):
    lose_rows(text_document, 3)
    run(text_document, owner="bob")
    made = Document.objects.exclude(id=text_document.id).get()
    roles = {each.user.username: Role(each.role).slug for each in made.memberships.all()}
    assert roles == {"bob": "owner", "alice": "owner", "vera": "viewer"}


# ---- at random -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_damaged_something_whole_comes_out(document, alice, seed):
    story = Story(seed)
    for step in range(80):
        said = len(story.log)
        story.step()
        if rows := [NewUpdate(update) for update in story.log[said:]]:
            append_updates(document_id=document.id, updates=rows)
        if step % 30 == 20:
            create_snapshot(document=document, label=f"v{step}", author=alice)
    newest = Snapshot.objects.filter(document=document).order_by("-seq").first()
    for seq in story.random.sample(range(1, len(story.log) + 1), 6):
        if story.random.random() < 0.5:
            lose_rows(document, seq)
        else:
            spoil_row(document, seq, story.random.choice(BAD_ROWS))
    assert any(finding.code.concerns_content for finding in verify_document(document.id))
    made = salvage(document, alice)
    assert list(verify_document(made.id)) == []
    # What the newest snapshot held is all there.
    built = build_document(document_id=made.id).doc
    state = crdt.encode(built)
    built.apply_update(bytes(newest.state))
    assert find_difference(crdt.encode(built), state) is None
