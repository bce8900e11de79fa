"""Wraps the steps of snapshots and of packing; CRASH_AT names the one that is the last."""

import os
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig

STATUS = 42
STEPS = [
    "before the log is read",
    "after the log is read",
    "before the snapshot is written",
    "after the snapshot is written",
    "before the counters are written",
    "after the counters are written",
    "after the commit",
]
PACKING_STEPS = [
    "before the rows are chosen",
    "after the rows are chosen",
    "before the segment is written",
    "after the segment is written",
    "after the rows are deleted",
    "after the segment is committed",
]


class CrashingConfig(AppConfig):
    name = "tests.faults.crashing"

    def ready(self) -> None:
        """Break the product at one place, and nowhere else."""
        from documents import packing, snapshots
        from documents.models import Document, Segment, Snapshot

        step = os.environ.get("CRASH_AT", "")
        read, write, count = (
            "the log is read",
            "the snapshot is written",
            "the counters are written",
        )
        snapshots.build_document = _ending(snapshots.build_document, step, read)
        Snapshot.save = _ending(Snapshot.save, step, write)
        Document.save = _ending(Document.save, step, count, only_with="snapshot_seq")
        snapshots._add_snapshot = _ending(snapshots._add_snapshot, step, "the commit")
        # The first snapshot is enough.
        packing.MIN_ROWS, packing.MARGIN_ROWS = 4, 2
        packing._choose = _ending(packing._choose, step, "the rows are chosen")
        Segment.save = _ending(Segment.save, step, "the segment is written")
        packing._delete_rows = _ending(packing._delete_rows, step, "the rows are deleted")
        packing._replace = _ending(packing._replace, step, "the segment is committed")


def _ending(work: Callable[..., Any], step: str, what: str, *, only_with: str = "") -> Any:
    """The same work, whose process ends before or after it if that is the step."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        concerned = not only_with or only_with in (kwargs.get("update_fields") or ())
        if concerned and step == f"before {what}":
            os._exit(STATUS)
        done = work(*args, **kwargs)
        if concerned and step == f"after {what}":
            os._exit(STATUS)
        return done

    return wrapped
