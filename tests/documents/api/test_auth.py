import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from documents.api.throttling import MAX_FAILURES

REGISTER, LOGIN, LOGOUT = "/api/v1/auth/register/", "/api/v1/auth/login/", "/api/v1/auth/logout/"
GOOD = "correct 🐎 battery é"
TOKEN, ME, DOCUMENTS = "/api/v1/auth/token/", "/api/v1/me/", "/api/v1/documents/"


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


@pytest.fixture
def visitor():
    return APIClient(enforce_csrf_checks=True)


@pytest.fixture
def alice_with_password(alice):
    alice.set_password("sésame 😀")
    alice.save()
    return alice


def sign_in(client, password="sésame 😀"):
    return client.post(LOGIN, {"username": "alice", "password": password}, format="json")


def test_registering_signs_in_and_tells_who_one_is(visitor, db):
    answer = visitor.post(
        REGISTER, {"username": "zoë", "password": GOOD, "name": "Zoë 😀"}, format="json"
    )
    assert answer.status_code == 201
    assert answer.json() == {"username": "zoë", "name": "Zoë 😀"}
    assert visitor.get(ME).json() == {"username": "zoë", "name": "Zoë 😀"}


def test_name_is_the_username_where_none_was_given(visitor, db):
    answer = visitor.post(REGISTER, {"username": "zoe", "password": GOOD}, format="json")
    assert answer.json()["name"] == "zoe"


@pytest.mark.parametrize("username", ["alice", "ALICE"])
def test_taken_name_is_refused_whatever_its_case(visitor, alice, username):
    answer = visitor.post(REGISTER, {"username": username, "password": GOOD}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["username"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "x"}, "username"),
        ({"username": "zoe"}, "password"),
        ({"username": "a b", "password": "x"}, "username"),
        ({"username": "a" * 151, "password": "x"}, "username"),
        ({"username": "zo\u0000e", "password": "x"}, "username"),
    ],
)
def test_bad_registration_says_which_field_to_change(visitor, db, body, field):
    answer = visitor.post(REGISTER, body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_weak_password_is_refused_by_the_validators(visitor, db, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}
    ]
    answer = visitor.post(REGISTER, {"username": "zoe", "password": "short"}, format="json")
    assert answer.status_code == 400
    assert "password" in answer.json()["errors"]
    assert not get_user_model().objects.filter(username="zoe").exists()


def test_signing_in_sets_both_cookies_and_they_allow_writing(visitor, alice_with_password):
    answer = sign_in(visitor)
    assert answer.status_code == 200
    assert answer.json() == {"username": "alice", "name": "Alice"}
    assert {"sessionid", "csrftoken"} <= set(answer.cookies)
    token = answer.cookies["csrftoken"].value
    written = visitor.post(DOCUMENTS, {}, format="json", headers={"X-CSRFToken": token})
    assert written.status_code == 201


def test_session_without_csrf_token_may_not_write(visitor, alice_with_password):
    sign_in(visitor)
    answer = visitor.post(DOCUMENTS, {}, format="json")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert "CSRF" in answer.json()["detail"]


def test_signing_in_again_needs_no_csrf_token(visitor, alice_with_password):
    sign_in(visitor)
    assert sign_in(visitor).status_code == 200
    answer = visitor.post(REGISTER, {"username": "zoe", "password": GOOD}, format="json")
    assert answer.status_code == 201


def test_wrong_password_is_refused_without_saying_which_part_is_wrong(visitor, alice_with_password):
    wrong_password = sign_in(visitor, "wrong")
    no_such_user = visitor.post(LOGIN, {"username": "nobody", "password": "x"}, format="json")
    assert wrong_password.status_code == no_such_user.status_code == 400
    assert wrong_password.json() == no_such_user.json()


def test_deactivated_user_cannot_sign_in(visitor, alice_with_password):
    alice_with_password.is_active = False
    alice_with_password.save()
    assert sign_in(visitor).status_code == 400
    assert visitor.get(ME).status_code == 401


def test_deactivated_user_loses_session_and_token(visitor, alice_with_password):
    sign_in(visitor)
    token = Token.objects.create(user=alice_with_password)
    alice_with_password.is_active = False
    alice_with_password.save()
    assert visitor.get(ME).status_code == 401
    script = APIClient(headers={"Authorization": f"Token {token.key}"})
    assert script.get(ME).status_code == 401


def test_guessing_is_slowed_down_for_that_name_only(visitor, alice_with_password, bob):
    for _ in range(MAX_FAILURES):
        sign_in(visitor, "wrong")
    refused = sign_in(visitor)
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert int(refused["Retry-After"]) > 0
    other = visitor.post(LOGIN, {"username": "bob", "password": "wrong"}, format="json")
    assert other.status_code == 400


def test_signing_out_ends_the_session(visitor, alice_with_password):
    csrf = sign_in(visitor).cookies["csrftoken"].value
    assert visitor.post(LOGOUT).status_code == 403
    assert visitor.post(LOGOUT, headers={"X-CSRFToken": csrf}).status_code == 204
    assert visitor.get(ME).status_code == 401
    assert visitor.post(LOGOUT).status_code == 204


def test_token_is_good_for_writing_without_cookies(alice_with_password):
    script = APIClient(enforce_csrf_checks=True)
    credentials = {"username": "alice", "password": "sésame 😀"}
    token = script.post(TOKEN, credentials, format="json").json()["token"]
    assert token == script.post(TOKEN, credentials, format="json").json()["token"]
    script.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert script.get(ME).json()["username"] == "alice"
    assert script.post(DOCUMENTS, {}, format="json").status_code == 201


def test_wrong_token_is_401(db):
    answer = APIClient(headers={"Authorization": "Token nonsense"}).get(ME)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


def test_not_signed_in_is_401_as_a_problem(visitor, db):
    answer = visitor.get(ME)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_asking_who_one_is_sets_the_csrf_cookie(api, alice):
    assert "csrftoken" in api(alice).get(ME).cookies
