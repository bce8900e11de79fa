"""The single page: its nonce, its policy, its cookie."""

import re
import uuid
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from collab.static import StaticFilesMiddleware

PATHS = [
    "/", "/login", "/register", "/trash", f"/documents/{uuid.uuid4()}/", "/invitations/a1:b-c_2/",
]  # fmt: skip


@pytest.fixture
def built(settings, tmp_path: Path) -> Path:
    """A built page with a nonce to fill in."""
    settings.BASE_DIR = tmp_path
    index = tmp_path / "frontend" / "dist" / "index.html"
    index.parent.mkdir(parents=True)
    index.write_text('<meta nonce="__CSP_NONCE__"><p>é😀</p><style nonce="__CSP_NONCE__">', "utf-8")
    return index


def nonces_in(text: str) -> set[str]:
    return set(re.findall(r'nonce="([^"]*)"', text))


@pytest.mark.parametrize("path", PATHS)
def test_every_screen_is_the_same_page(client: Client, built: Path, path: str):
    answer = client.get(path)
    assert answer.status_code == 200
    assert "é😀" in answer.text
    assert answer["Cache-Control"] == "no-cache"


def test_page_carries_the_nonce_of_its_policy(client: Client, built: Path):
    first, second = client.get("/"), client.get("/")
    (nonce,) = nonces_in(first.text)
    assert len(nonce) >= 16
    assert f"'nonce-{nonce}'" in first["Content-Security-Policy"]
    assert nonces_in(second.text) != {nonce}


def test_policy_is_strict(client: Client, built: Path):
    policy = client.get("/")["Content-Security-Policy"]
    directives = {
        name: values for name, *values in (part.split() for part in policy.split(";") if part)
    }
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == ["'self'"]
    assert directives["connect-src"] == ["'self'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert directives["base-uri"] == ["'none'"]
    assert not any("unsafe-eval" in value for values in directives.values() for value in values)
    assert [name for name, values in directives.items() if "'unsafe-inline'" in values] == [
        "style-src-attr"
    ]


def test_page_sets_the_cookie_that_writing_needs(client: Client, built: Path):
    assert "csrftoken" in client.get("/").cookies


def test_page_that_is_not_built_says_how_to_build_it(client: Client, settings, tmp_path: Path):
    settings.BASE_DIR = tmp_path
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text


def test_page_is_only_read(client: Client, built: Path):
    assert client.post("/").status_code == 405


def test_path_that_is_none_is_missing(client: Client, built: Path):
    assert client.get("/documents/nonsense/").status_code == 404


@pytest.mark.parametrize("path", ["/zzz", "/documents/nope/", "/trash/é😀"])
def test_unknown_address_is_the_page_that_says_so(client: Client, built: Path, path: str):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "é😀" in answer.text


@pytest.mark.parametrize("path", ["/static/gone.js", "/api/v1/zzz/"])
def test_page_stands_in_for_no_file_and_no_endpoint(client: Client, built: Path, path: str):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "é😀" not in answer.text


def test_file_that_vanished_since_the_start_is_not_found(tmp_path: Path):
    vanished = tmp_path / "app.js"
    vanished.write_text("1")
    middleware = StaticFilesMiddleware(lambda _request: HttpResponse())
    middleware.add_file_to_dictionary("/static/app.js", str(vanished))
    vanished.unlink()
    answer = middleware(RequestFactory().get("/static/app.js"))
    assert answer.status_code == 404
