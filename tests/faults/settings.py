"""Settings of a server that dies at a chosen moment."""

from collab.settings import *  # noqa: F403
from collab.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.crashing.apps.CrashingConfig"]
