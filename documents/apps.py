from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The stored side: documents, members, the update log, snapshots, REST."""

    name = "documents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of whoever signs out."""
        from documents import revocation  # noqa: PLC0415 (models are there only now)

        revocation.watch()
