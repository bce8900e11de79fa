import io
import json
import re

import pytest
from django.core.management import call_command
from django.test import Client


@pytest.fixture(scope="module")
def schema() -> dict:
    out = io.StringIO()
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out
    )
    return json.loads(out.getvalue())


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path.removeprefix('/api/v1')}", operation


def test_schema_is_valid_openapi_31_without_a_warning(schema):
    assert schema["openapi"].startswith("3.1")


def test_schema_names_every_endpoint(schema):
    document = "/documents/{document_id}"
    assert {name for name, _ in operations(schema)} == {
        "POST /auth/register/",
        "POST /auth/login/",
        "POST /auth/logout/",
        "POST /auth/token/",
        "GET /me/",
        "GET /documents/",
        "POST /documents/",
        "GET /documents/trash/",
        f"GET {document}/",
        f"PATCH {document}/",
        f"DELETE {document}/",
        f"POST {document}/untrash/",
        f"DELETE {document}/purge/",
        f"POST {document}/duplicate/",
        f"GET {document}/content/",
        f"POST {document}/updates/",
        f"POST {document}/edits/",
        f"GET {document}/export/",
        f"GET {document}/versions/",
        f"POST {document}/versions/",
        f"POST {document}/versions/{{version_id}}/restore/",
        f"GET {document}/members/",
        f"POST {document}/members/",
        f"PATCH {document}/members/{{username}}/",
        f"DELETE {document}/members/{{username}}/",
        f"GET {document}/presence/",
        f"POST {document}/ticket/",
        f"GET {document}/threads/",
        f"POST {document}/threads/",
        f"DELETE {document}/threads/{{thread_id}}/",
        f"POST {document}/threads/{{thread_id}}/resolve/",
        f"POST {document}/threads/{{thread_id}}/reopen/",
        f"POST {document}/threads/{{thread_id}}/comments/",
        f"PATCH {document}/threads/{{thread_id}}/comments/{{comment_id}}/",
        f"DELETE {document}/threads/{{thread_id}}/comments/{{comment_id}}/",
        f"GET {document}/messages/",
        f"POST {document}/messages/",
        "GET /notifications/",
        "PATCH /notifications/",
        "PATCH /notifications/{notification_id}/",
        f"GET {document}/link/",
        f"PUT {document}/link/",
        f"GET {document}/invitations/",
        f"POST {document}/invitations/",
        f"DELETE {document}/invitations/{{invitation_id}}/",
        "GET /invitations/{token}/",
        "POST /invitations/{token}/accept/",
    }


def test_every_operation_is_described_with_its_failures(schema):
    for name, operation in operations(schema):
        assert operation["description"], name
        assert "application/problem+json" in operation["responses"]["default"]["content"], name


def test_signing_in_asks_for_no_identity(schema):
    for name, operation in operations(schema):
        if name in {"POST /auth/login/", "POST /auth/register/", "POST /auth/token/"}:
            assert operation.get("security", [{}]) == [{}], name


def test_schema_and_its_page_are_open_to_everybody(db):
    client = Client()
    assert client.get("/api/v1/schema/").status_code == 200
    assert client.get("/api/v1/docs/").status_code == 200


def test_page_fits_the_content_security_policy(db):
    page = Client().get("/api/v1/docs/")
    policy = page["Content-Security-Policy"]
    assert "script-src 'self';" in f"{policy};"
    html = page.content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
    (nonce,) = re.findall(r'<style nonce="([^"]+)"', html)
    assert f"'nonce-{nonce}'" in policy
