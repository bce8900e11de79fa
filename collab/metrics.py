"""What operators see at /metrics."""

from prometheus_client import Counter, Gauge, Histogram

ROOMS = Gauge("collab_rooms", "Documents open in this process")
SESSIONS = Gauge("collab_sessions", "Sessions in this process")
UPDATES = Counter("collab_updates", "Updates received from clients", ["outcome"])
ACK_SECONDS = Histogram(
    "collab_ack_seconds",
    "From the arrival of the oldest update in a commit to its acknowledgement",
    buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
JOURNAL_BATCHES = Counter("collab_journal_batches", "Transactions of the journal", ["outcome"])
JOURNAL_ROWS = Counter("collab_journal_rows", "Log rows committed by the journal")
JOURNAL_SECONDS = Histogram(
    "collab_journal_seconds",
    "Duration of one journal transaction",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20),
)
HEALED_ROWS = Counter("collab_healed_rows", "Log rows that rooms read to close a gap")
