"""The live side's options: `settings.COLLAB`, a dict of any of these, over the defaults."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Options:
    """Durations in seconds, sizes in bytes."""

    # How long an append is tried again before its room gives up and closes with 1013.
    append_retry_seconds: float = 30.0
    # How long the first append waits for those of all rooms that go into its transaction.
    journal_gather_seconds: float = 0.02
    # The same where nobody waits for a commit: the wire does not tell of it, and there is no other
    # process. The longer, the fewer pages of the database are written for as many keystrokes.
    journal_unawaited_seconds: float = 0.05
    # How often heads and rosters are compared with the database.
    poll_seconds: float = 2.0
    # How often every session's access is looked up again, message or not.
    access_recheck_seconds: float = 30.0
    # For how long a process counts as alive after it last said so.
    lease_seconds: float = 15.0
    # How long a room is kept after its last session left.
    idle_seconds: float = 30.0
    # Who is not signed in must say hello within this time.
    hello_seconds: float = 10.0
    # A socket that takes no byte for this long is closed.
    stalled_seconds: float = 30.0
    # How long a session is waited for that has to confirm what another one sent in its name.
    confirm_seconds: float = 5.0
    ping_seconds: int = 20
    # Stock clients take a socket on which no message came for 30 s for dead: after so much silence
    # they are sent one that says nothing.
    quiet_seconds: float = 20.0
    # How long a stock client has to bring a new ticket when its own has expired.
    renewal_seconds: float = 30.0
    max_frame_bytes: int = 16 * 1024 * 1024
    # What waits for a slow reader beyond this is dropped, and made good by a resynchronisation.
    outbox_bytes: int = 4 * 1024 * 1024
    # Messages that wait for a room; beyond, its sessions' sockets are not read.
    inbox_messages: int = 1024
    connections_per_user: int = 2_000
    connections_per_address: int = 10_000

    def limits(self) -> dict[str, int]:
        """What clients are told of."""
        return {
            "max_frame_bytes": self.max_frame_bytes,
            "connections_per_user": self.connections_per_user,
            "connections_per_address": self.connections_per_address,
        }


def options() -> Options:
    """The options in force."""
    return Options(**getattr(settings, "COLLAB", {}))
