from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """The stored side: documents, members, the update log, snapshots, REST."""

    name = "documents"
    default_auto_field = "django.db.models.BigAutoField"
