import pytest

from documents.models import Document
from tests.documents.export.vectors import update_of

DOCUMENTS = "/api/v1/documents/"


@pytest.fixture
def create(api, alice):
    """Make a document over REST, and send it what its editor wrote."""

    def make(kind, root, case=None):
        body = {"title": "Café 😀", "kind": kind, "root": root}
        made = api(alice).post(DOCUMENTS, body, format="json").json()
        if case is not None:
            address = f"{DOCUMENTS}{made['id']}/updates/"
            update = update_of(case)
            sent = api(alice).post(address, update, content_type="application/octet-stream")
            assert sent.json() == {"seq": 1}
        return Document.objects.get(id=made["id"])

    return make
