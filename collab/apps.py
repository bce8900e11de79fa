from django.apps import AppConfig


class CollabConfig(AppConfig):
    """The live side: sockets and open documents."""

    name = "collab"
