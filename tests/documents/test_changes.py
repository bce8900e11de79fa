"""Revisions of lists that people watch: counted with the change, hinted at after it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from documents import bus
from documents.changes import (
    Topic,
    change_document_list,
    change_user_lists,
    key_of,
    read_revisions,
)

DOCUMENT = uuid.UUID(int=7)
THREADS = key_of(Topic.THREADS, DOCUMENT)


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    published: list[Any] = []
    monkeypatch.setattr(bus, "publish", lambda *hints: published.extend(hints))
    return published


@pytest.mark.django_db
def test_each_change_counts_one(hints):
    assert read_revisions([THREADS]) == {THREADS: 0}
    for _ in range(3):
        change_document_list(document_id=DOCUMENT, topic=Topic.THREADS)
    change_document_list(document_id=DOCUMENT, topic=Topic.MESSAGES)
    assert read_revisions([THREADS]) == {THREADS: 3}


@pytest.mark.django_db(transaction=True)
def test_hint_follows_the_commit_and_no_other_end(hints):
    with transaction.atomic():
        change_document_list(document_id=DOCUMENT, topic=Topic.THREADS)
        transaction.set_rollback(True)
    assert (hints, read_revisions([THREADS])) == ([], {THREADS: 0})
    with transaction.atomic():
        change_document_list(document_id=DOCUMENT, topic=Topic.THREADS)
        assert hints == []
    assert hints == [
        {"type": "list", "document": str(DOCUMENT), "origin": "", "topic": "threads"},
    ]


@pytest.mark.django_db
def test_users_lists_are_counted_apart_by_few_queries(
    hints, django_assert_num_queries, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        # A savepoint and its end are two of them.
        with django_assert_num_queries(5):
            change_user_lists(user_ids=[3, 1, 2, 3], topic=Topic.DOCUMENTS)
        change_user_lists(user_ids=[], topic=Topic.DOCUMENTS)
    keys = [key_of(Topic.DOCUMENTS, user) for user in (1, 2, 3, 4)]
    assert list(read_revisions(keys).values()) == [1, 1, 1, 0]
    assert [hint["user"] for hint in hints] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_two_who_change_the_same_lists_do_not_wait_for_each_other_for_ever(hints):
    def change(users: list[int]) -> None:
        try:
            for _ in range(20):
                change_user_lists(user_ids=users, topic=Topic.DOCUMENTS)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(change, [[1, 2], [2, 1]]))
    keys = [key_of(Topic.DOCUMENTS, user) for user in (1, 2)]
    assert list(read_revisions(keys).values()) == [40, 40]
