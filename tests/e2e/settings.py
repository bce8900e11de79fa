"""Settings of a server that does not wait for long."""

from collab.settings import *  # noqa: F403

COLLAB = {"hello_seconds": 0.5}
