"""Failures that belong to no endpoint: each is a problem that says what to change."""

import io
import json

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError
from rest_framework.test import force_authenticate

from documents.api import parsers
from documents.api.documents import DocumentsView

DOCUMENTS = "/api/v1/documents/"


def assert_problem(answer, status):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize(
    "path", ["/api/v1/nothing/", "/api/v1/nothing", "/api/v1/", "/api/v1/documents/not-a-uuid/"]
)
def test_unknown_address_is_a_problem(api, alice, method, path):
    assert_problem(getattr(api(alice), method)(path), 404)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_address_without_its_last_slash_leads_there_with_its_body(api, alice, method):
    answer = getattr(api(alice), method)("/api/v1/documents?scope=all")
    assert answer.status_code == 308
    assert answer["Location"] == "/api/v1/documents/?scope=all"


def test_wrong_method_is_a_problem(api, alice):
    answer = api(alice).delete(DOCUMENTS)
    assert_problem(answer, 405)
    assert "GET" in answer["Allow"]


def test_wrong_media_type_is_a_problem(api, alice):
    assert_problem(api(alice).post(DOCUMENTS, "<a/>", content_type="application/xml"), 415)
    assert_problem(api(alice).post(DOCUMENTS, {"title": "x"}, format="multipart"), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"title": NaN}',
        b'{"title": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        b"\x00",
    ],
)
def test_what_is_not_json_is_a_problem(api, alice, body):
    answer = api(alice).post(DOCUMENTS, body, content_type="application/json")
    assert_problem(answer, 400)


def test_surrogate_pairs_are_text(api, alice):
    body = b'{"title": "\\ud83d\\ude00"}'
    answer = api(alice).post(DOCUMENTS, body, content_type="application/json")
    assert answer.json()["title"] == "😀"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"3", b"null"])
def test_json_that_is_no_object_is_a_problem(api, alice, body):
    answer = api(alice).post(DOCUMENTS, body, content_type="application/json; charset=utf-8")
    assert_problem(answer, 400)


def test_too_large_a_body_is_a_problem(api, alice, monkeypatch):
    monkeypatch.setattr(parsers, "MAX_JSON_BYTES", 100)
    answer = api(alice).post(DOCUMENTS, {"title": "x" * 100}, format="json")
    problem = assert_problem(answer, 413)
    assert "100 bytes" in problem["detail"]


def test_busy_database_is_worth_another_try(api, alice, monkeypatch):
    def refuse(**_):
        raise OperationalError("database is locked")

    monkeypatch.setattr("documents.api.documents.create_document", refuse)
    answer = api(alice).post(DOCUMENTS, {}, format="json")
    assert_problem(answer, 503)
    assert answer["Retry-After"] == "1"


def test_unforeseen_failure_is_a_problem_that_tells_nothing(api, alice, monkeypatch, caplog):
    def fail(**_):
        raise RuntimeError("secret")

    monkeypatch.setattr("documents.api.documents.create_document", fail)
    client = api(alice)
    client.raise_request_exception = False
    problem = assert_problem(client.post(DOCUMENTS, {}, format="json"), 500)
    assert "secret" not in json.dumps(problem)
    assert "secret" in caplog.text


def test_body_of_unknown_length_is_read(alice):
    scope = {
        "type": "http",
        "method": "POST",
        "path": DOCUMENTS,
        "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")],
    }
    request = ASGIRequest(scope, io.BytesIO(b'{"title": "chunked \xc3\xa9"}'))
    force_authenticate(request, alice)
    answer = DocumentsView.as_view()(request)
    assert answer.data["title"] == "chunked é"
