"""Packed or not, it is one log."""

import io
import threading
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pycrdt import Text

from documents import packing
from documents.content import build_document
from documents.edits import restore_snapshot
from documents.errors import LogDamaged
from documents.lifecycle import duplicate_document, purge_document, trash_document
from documents.log import append_updates, load_state, read_since
from documents.models import Document, Segment, Snapshot, Update
from documents.packing import compact, pack_log
from documents.rows import Unreadable, iterate_rows
from documents.salvage import plan_salvage, salvage_document
from documents.snapshots import create_snapshot
from documents.verification import Code, consistent_view, verify_document
from tests.documents.damage import lose_rows, spoil_row, spoil_segment

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _segments_are_small(monkeypatch):
    """Of five rows, behind a margin of two."""
    monkeypatch.setattr(packing, "MARGIN_ROWS", 2)
    monkeypatch.setattr(packing, "MIN_ROWS", 3)
    monkeypatch.setattr(packing, "MIN_ROWS_AT_REST", 2)
    monkeypatch.setattr(packing, "MAX_ROWS", 5)


@pytest.fixture
def typed(text_document, writer, alice, bob):
    """Twenty rows by two people, and a snapshot of them."""
    typists = [writer(text_document, alice), writer(text_document, bob)]
    for number in range(20):
        typist, other = typists[number % 2], typists[1 - number % 2]
        typist.type(f"{number}é😀 ")
        other.doc.apply_update(typist.doc.get_update(other.doc.get_state()))
    take_snapshot(text_document)
    return text_document


def take_snapshot(document: Document) -> Snapshot:
    """As if one had been due."""
    snapshot = create_snapshot(document=document, label="to be", author=None)
    Snapshot.objects.filter(id=snapshot.id).update(label="")
    return snapshot


def pack(document: Document, **options) -> int:
    return pack_log(document_id=document.id, **options)


def segments_of(document: Document) -> list[tuple[int, int]]:
    return list(
        Segment.objects.filter(document=document)
        .order_by("first_seq")
        .values_list("first_seq", "last_seq")
    )


def rows_of(document: Document) -> list[int]:
    return list(
        Update.objects.filter(document=document).order_by("seq").values_list("seq", flat=True)
    )


def text_of(document: Document, at: int | None = None) -> str:
    built = build_document(document_id=document.id, at=at)
    return str(built.doc.get("content", type=Text))


# ---- packing ---------------------------------------------------------------------------------


def test_rows_behind_the_snapshot_and_a_margin_are_packed(typed):
    assert pack(typed) == 18
    assert segments_of(typed) == [(1, 5), (6, 10), (11, 15), (16, 18)]
    assert rows_of(typed) == [19, 20]


def test_packed_log_reads_as_it_was(typed):
    before = read_since(document_id=typed.id, seq=0)
    texts = [text_of(typed, at=seq) for seq in range(21)]
    pack(typed)
    assert read_since(document_id=typed.id, seq=0) == before
    assert [text_of(typed, at=seq) for seq in range(21)] == texts
    for after in range(20):
        assert read_since(document_id=typed.id, seq=after) == before[after:]
        for until in range(after, 21):
            found = read_since(document_id=typed.id, seq=after, until=until)
            assert found == before[after:until]
    assert list(verify_document(typed.id)) == []


def test_packing_goes_on_where_it_ended(typed, writer, alice):
    pack(typed)
    typist = writer(typed, alice)
    for _ in range(7):
        typist.type("more ")
    assert pack(typed) == 0
    take_snapshot(typed)
    assert pack(typed) == 5
    assert segments_of(typed)[3:] == [(16, 18), (19, 23)]
    assert list(verify_document(typed.id)) == []


def test_few_rows_are_left_until_there_are_more(typed, monkeypatch):
    monkeypatch.setattr(packing, "MIN_ROWS", 4)
    assert pack(typed) == 15
    assert rows_of(typed) == [16, 17, 18, 19, 20]


def test_work_is_bounded_where_it_is_asked_to_be(typed):
    assert pack(typed, max_steps=2) == 10
    assert pack(typed, max_steps=2) == 8


def test_nothing_is_packed_without_a_snapshot_or_behind_a_version_alone(
    text_document, writer, alice
):
    typist = writer(text_document, alice)
    for _ in range(10):
        typist.type("é")
    assert pack(text_document) == 0
    create_snapshot(document=text_document, label="may be deleted", author=alice)
    assert pack(text_document) == 0


def test_segment_of_large_rows_holds_few(text_document, writer, monkeypatch):
    monkeypatch.setattr(packing, "MAX_BYTES", 1000)
    typist = writer(text_document)
    for _ in range(3):
        typist.type("é" * 400)
    typist.type("😀" * 400)
    typist.type("small")
    typist.type("small")
    take_snapshot(text_document)
    pack(text_document)
    assert segments_of(text_document) == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_log_with_a_gap_is_left_as_it_is(typed):
    lose_rows(typed, 7)
    with pytest.raises(LogDamaged):
        pack(typed)
    assert segments_of(typed) == [(1, 5)]
    assert 8 in rows_of(typed)


def test_row_that_is_packed_and_there_all_the_same_is_named_and_not_packed(typed, writer):
    fourth = Update.objects.filter(document=typed, seq=4).values().get()
    pack(typed)
    Update.objects.create(**fourth)
    typist = writer(typed)
    for _ in range(3):
        typist.type("é")
    take_snapshot(typed)
    with pytest.raises(LogDamaged):
        pack(typed)
    with pytest.raises(LogDamaged):
        read_since(document_id=typed.id, seq=0)
    found = [(each.code, each.seq) for each in verify_document(typed.id)]
    assert found == [(Code.ROW_TWICE, 4)]


def test_document_that_is_being_written_is_compacted_behind_its_snapshots(
    typed, writer, monkeypatch
):
    monkeypatch.setattr("documents.snapshots.MIN_WEIGHT_BYTES", 100)
    compact(document_id=typed.id)
    assert segments_of(typed) == []
    writer(typed).type("é" * 1000)
    compact(document_id=typed.id)
    assert Snapshot.objects.filter(document=typed, seq=21).exists()
    assert segments_of(typed)[-1] == (16, 19)
    writer(typed).type("é")
    compact(document_id=typed.id, at_rest=True)
    assert segments_of(typed)[-1] == (20, 21)
    assert rows_of(typed) == [22]


# ---- what else reads the log -----------------------------------------------------------------


def test_packed_log_is_duplicated_restored_and_purged(typed, alice, bob):
    version = create_snapshot(document=typed, label="é", author=alice)
    before = text_of(typed)
    append_updates(document_id=typed.id, updates=[])
    pack(typed)
    copy = duplicate_document(document=typed, owner=bob)
    assert text_of(copy) == before
    restore_snapshot(document=typed, snapshot=version, author=alice)
    assert text_of(typed) == before
    trash_document(document=typed)
    purge_document(document=typed)
    assert not Segment.objects.exists()


def test_packed_row_of_somebody_who_is_deleted_is_nobodys(typed, alice, bob):
    pack(typed)
    get_user_model().objects.filter(pk=bob.pk).delete()
    authors = [row.author_id for row in read_since(document_id=typed.id, seq=0)]
    assert authors == [alice.pk, None] * 10
    assert list(verify_document(typed.id)) == []


def test_reading_many_segments_asks_for_their_authors_once(typed, django_assert_num_queries):
    pack(typed)
    with django_assert_num_queries(2):
        read_since(document_id=typed.id, seq=0)


def test_opening_costs_as_many_queries_as_before(typed, django_assert_num_queries):
    with django_assert_num_queries(3):
        load_state(document_id=typed.id)
    pack(typed)
    with django_assert_num_queries(3):
        load_state(document_id=typed.id)


# ---- damage ----------------------------------------------------------------------------------


def test_damaged_segment_is_named_and_bounds_what_is_lost(typed):
    pack(typed)
    spoil_segment(Segment.objects.get(document=typed, first_seq=6))
    found = [(each.code, each.seq) for each in verify_document(typed.id)]
    assert found[0] == (Code.SEGMENT_DAMAGED, 6)
    assert {code for code, _ in found[1:]} <= {Code.ROW_WAITS}
    rows = list(iterate_rows(document_id=typed.id))
    (unreadable,) = [row for row in rows if isinstance(row, Unreadable)]
    assert (unreadable.first_seq, unreadable.last_seq) == (6, 10)
    assert len(rows) == 16


def test_document_with_a_damaged_segment_behind_its_snapshot_opens(typed):
    before = text_of(typed)
    pack(typed)
    spoil_segment(Segment.objects.get(document=typed, first_seq=6))
    assert text_of(typed) == before
    with pytest.raises(LogDamaged, match="6 to 10"):
        read_since(document_id=typed.id, seq=3)
    with pytest.raises(LogDamaged, match="6 to 10"):
        build_document(document_id=typed.id, at=12)
    # What stands before it is as good as ever.
    assert [row.seq for row in read_since(document_id=typed.id, seq=0, until=5)] == [1, 2, 3, 4, 5]


def test_segment_that_claims_other_rows_than_it_holds_is_damaged(typed):
    pack(typed)
    Segment.objects.filter(document=typed, first_seq=6).update(first_seq=7)
    with pytest.raises(LogDamaged, match="holds 5 rows"):
        read_since(document_id=typed.id, seq=0)
    codes = [each.code for each in verify_document(typed.id)]
    assert codes[:2] == [Code.LOG_GAP, Code.SEGMENT_DAMAGED]


def test_lost_segment_is_named_as_rows_that_are_missing(typed):
    pack(typed)
    Segment.objects.filter(document=typed, first_seq=11).delete()
    first = next(iter(verify_document(typed.id)))
    assert (first.code, first.seq, first.detail) == (
        Code.LOG_GAP, 11, "rows 11 to 15 are missing"
    )  # fmt: skip


def test_snapshot_among_unreadable_rows_is_not_taken_for_all_of_them(text_document, writer, alice):
    typist = writer(text_document, alice)
    for number in range(20):
        typist.type(f"{number} ")
        if number in {2, 19}:
            create_snapshot(document=text_document, label=f"v{number}", author=alice)
    take_snapshot(text_document)
    pack(text_document)
    spoil_segment(Segment.objects.get(document=text_document, first_seq=1))
    found = [(each.code, each.seq) for each in verify_document(text_document.id)]
    assert found == [(Code.SEGMENT_DAMAGED, 1), (Code.ROW_WAITS, 6)]


def test_salvage_of_a_damaged_segment_loses_its_rows_and_none_of_the_content(typed, alice):
    before, history = text_of(typed), read_since(document_id=typed.id, seq=0)
    pack(typed)
    spoil_segment(Segment.objects.get(document=typed, first_seq=6))
    plan = plan_salvage(typed.id)
    (_, why) = plan.left_out[0]
    assert "6 to 10" in why
    made = salvage_document(plan=plan, owner=alice)
    assert text_of(made) == before
    saved = read_since(document_id=made.id, seq=0)
    assert saved[:5] == history[:5]
    assert list(verify_document(made.id)) == []


def test_salvage_takes_packed_rows_with_their_authors_and_times(typed, alice):
    history = read_since(document_id=typed.id, seq=0)
    pack(typed)
    lose_rows(typed, 19)
    made = salvage_document(plan=plan_salvage(typed.id), owner=alice)
    assert read_since(document_id=made.id, seq=0, until=18) == history[:18]


def test_salvage_uses_rows_that_were_put_back_beside_a_damaged_segment(typed, alice):
    history = read_since(document_id=typed.id, seq=0)
    stored = list(Update.objects.filter(document=typed, seq__lte=5).values())
    pack(typed)
    spoil_segment(Segment.objects.get(document=typed, first_seq=1))
    Update.objects.bulk_create([Update(**row) for row in stored])
    made = salvage_document(plan=plan_salvage(typed.id), owner=alice)
    assert read_since(document_id=made.id, seq=0) == history


# ---- at the same time ------------------------------------------------------------------------


def in_thread(work) -> None:
    """Run with a connection of its own, to its end."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (raised below)
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", range(4))
def test_rows_that_are_packed_between_two_looks_are_not_missed(typed, writer, alice, moment):
    """Opening looks at the head, at the snapshots, and once at what came after them."""
    append_more = writer(typed, alice)
    for _ in range(5):
        append_more.type("after the snapshot ")
    before = text_of(typed)
    statements = 0

    def overtake(execute, sql, params, many, context):
        nonlocal statements
        if statements == moment:
            in_thread(lambda: (take_snapshot(typed), pack(typed)))
        statements += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        state = load_state(document_id=typed.id)
    assert (state.head, text_of(typed)) == (25, before)
    in_thread(lambda: pack(typed))
    assert segments_of(typed)


@pytest.mark.django_db(transaction=True)
def test_readers_beside_packing_see_every_row_once(typed, writer, alice):
    typist = writer(typed, alice)
    for _ in range(100):
        typist.type("é")
    take_snapshot(typed)
    expected = read_since(document_id=typed.id, seq=0)
    begun, done = threading.Event(), threading.Event()
    rounds = 0

    def read_again_and_again() -> None:
        nonlocal rounds
        while not done.is_set() or not rounds:
            assert read_since(document_id=typed.id, seq=0) == expected
            rounds += 1
            begun.set()

    reader = threading.Thread(target=in_thread, args=(read_again_and_again,))
    reader.start()
    try:
        assert begun.wait(20)
        assert pack(typed) == 118
    finally:
        done.set()
        reader.join(30)
    assert rounds
    assert read_since(document_id=typed.id, seq=0) == expected


@pytest.mark.django_db(transaction=True)
def test_packing_beside_a_reader_who_takes_long_does_not_disturb_it(typed):
    with consistent_view():
        verifying = verify_document(typed.id)
        Document.objects.get(id=typed.id)
        in_thread(lambda: pack(typed))
        assert list(verifying) == []
        assert not Segment.objects.exists()
    assert Segment.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_that_pack_at_once_pack_once(typed, monkeypatch):
    before = read_since(document_id=typed.id, seq=0)
    together = threading.Barrier(2, timeout=20)
    packed = []
    choose = packing._choose

    def choose_together(*arguments, **options):
        chosen = choose(*arguments, **options)
        if chosen and chosen[0].seq == 1:
            together.wait()
        return chosen

    monkeypatch.setattr(packing, "_choose", choose_together)
    threads = [
        threading.Thread(target=in_thread, args=(lambda: packed.append(pack(typed)),))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One of them may have stopped at once, and the other gone on.
    assert len(packed) == 2
    assert pack(typed) + sum(packed) == 18
    assert read_since(document_id=typed.id, seq=0) == before


@pytest.mark.django_db(transaction=True)
def test_two_that_choose_differently_do_not_pack_a_row_twice(typed):
    before = read_since(document_id=typed.id, seq=0)
    chosen = packing._choose(typed.id, until=18, min_rows=3)
    in_thread(lambda: packing._replace(typed.id, before[:3]))
    assert not packing._replace(typed.id, chosen)
    assert segments_of(typed) == [(1, 3)]
    assert read_since(document_id=typed.id, seq=0) == before


@pytest.mark.django_db(transaction=True)
def test_document_that_is_purged_meanwhile_is_packed_no_more(typed):
    chosen = packing._choose(typed.id, until=18, min_rows=3)
    in_thread(lambda: Document.objects.filter(id=typed.id).delete())
    assert not packing._replace(typed.id, chosen)
    assert not Segment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_packing_waits_for_nobody_who_holds_the_document(typed):
    """Whoever writes locks the document's row; a step touches old rows alone."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one lock for everything")
    with transaction.atomic():
        Document.objects.select_for_update(no_key=True).get(id=typed.id)
        in_thread(lambda: pack(typed))
    assert len(segments_of(typed)) == 4


def test_step_that_is_cut_off_changes_nothing(typed, monkeypatch):
    before = rows_of(typed)

    def cut_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "_delete_rows", cut_off)
    with pytest.raises(KeyboardInterrupt):
        pack(typed)
    assert rows_of(typed) == before
    assert not Segment.objects.exists()


def test_segment_that_does_not_hold_its_rows_is_never_written(typed, monkeypatch):
    monkeypatch.setattr(packing, "unpack", lambda _: [])
    with pytest.raises(LogDamaged):
        pack(typed)
    assert not Segment.objects.exists()


# ---- the command -----------------------------------------------------------------------------


def run(*arguments, **options) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("pack", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def long(text_document, writer, alice):
    """Two hundred rows."""
    typist = writer(text_document, alice)
    for _ in range(200):
        typist.type("é😀 ")
    return text_document


def test_operator_packs_one_document_or_all(long, document, monkeypatch):
    monkeypatch.setattr(packing, "MAX_ROWS", 100)
    before = read_since(document_id=long.id, seq=0)
    assert run(document.id) == ("0 rows were packed in 1 documents.\n", "")
    assert run("--all") == ("200 rows were packed in 2 documents.\n", "")
    assert segments_of(long) == [(1, 100), (101, 200)]
    assert read_since(document_id=long.id, seq=0) == before
    assert run("--all", verbosity=0) == ("", "")


def test_operator_hears_of_damage_and_the_others_are_packed(long, document, writer, monkeypatch):
    monkeypatch.setattr(packing, "MAX_ROWS", 100)
    typist = writer(document)
    for _ in range(200):
        typist.add_paragraph("é")
    spoil_row(long, 3)
    take_snapshot(document)
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 documents are damaged") as raised:
        call_command("pack", "--all", stdout=io.StringIO(), stderr=err)
    assert raised.value.returncode == 1
    assert str(long.id) in err.getvalue()
    assert segments_of(document)
    assert not segments_of(long)


@pytest.mark.parametrize("wrong", [[], ["--all", str(Document().id)], [str(Document().id)]])
def test_operator_has_to_say_which(db, wrong):
    with pytest.raises(CommandError) as raised:
        run(*wrong)
    assert raised.value.returncode == 2
