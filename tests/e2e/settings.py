"""Settings of a server that does not wait for long; COLLAB has more options for it, as JSON."""

import json
import os

from collab.settings import *  # noqa: F403

COLLAB = {"hello_seconds": 0.5, **json.loads(os.environ.get("COLLAB", "{}"))}
