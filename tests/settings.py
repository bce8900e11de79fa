"""Settings of the tests and the tools: the product's own, loadable without an environment."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "only for tests, and long enough not to be warned about")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
os.environ.setdefault("HTTPS", "0")

from collab.settings import *  # noqa: F403
from collab.settings import DATABASES

# Hashing slowly on purpose is most of the time of a test that signs in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One file per run: several people run tests in one checkout.
    DATABASES["default"]["TEST"]["NAME"] = str(
        Path(tempfile.gettempdir()) / f"collab-tests-{os.getpid()}.sqlite3"
    )
