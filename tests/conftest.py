"""The fixed cast: alice owns, bob edits, vera views, charlie is outside."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from documents.lifecycle import create_document
from documents.models import Document, Kind, Membership
from documents.roles import Role


def make_user(username: str) -> Any:
    return get_user_model().objects.create(username=username, first_name=username.title())


def share(document: Document, *, bob: Any, vera: Any) -> Document:
    Membership.objects.create(document=document, user=bob, role=Role.EDITOR)
    Membership.objects.create(document=document, user=vera, role=Role.VIEWER)
    return document


@pytest.fixture
def alice(db: None) -> Any:
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> Any:
    return make_user("bob")


@pytest.fixture
def vera(db: None) -> Any:
    return make_user("vera")


@pytest.fixture
def charlie(db: None) -> Any:
    return make_user("charlie")


@pytest.fixture
def document(alice: Any, bob: Any, vera: Any) -> Document:
    """A rich text of alice's, shared with bob and vera."""
    return share(create_document(owner=alice, title="Café 😀"), bob=bob, vera=vera)


@pytest.fixture
def text_document(alice: Any, bob: Any, vera: Any) -> Document:
    """A plain text of alice's, shared with bob and vera."""
    made = create_document(owner=alice, title="Plain é", kind=Kind.TEXT)
    return share(made, bob=bob, vera=vera)


@pytest.fixture
def api() -> Callable[[Any], APIClient]:
    """A REST client for somebody, or for nobody: `api(alice)`, `api(None)`."""

    def make(user: Any) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_login(user)
        return client

    return make
