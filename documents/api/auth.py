"""Signing in and out, registering, tokens, and who one is."""

from typing import Any

from django.contrib.auth import authenticate, get_user_model, login, logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.base import ApiView
from documents.api.serializers import (
    CredentialsSerializer,
    LoginSerializer,
    PersonSerializer,
    RegistrationSerializer,
    TokenSerializer,
)
from documents.api.throttling import check_failures, count_failure
from documents.errors import DocumentMissing
from documents.invitations import accept_invitation
from documents.people import describe_user


class OpenView(ApiView):
    """Asks for no one's identity, hence for no CSRF token: not even from a stale session."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(OpenView):
    @extend_schema(request=RegistrationSerializer, responses={201: PersonSerializer})
    def post(self, request: Request) -> Response:
        """Make an account, and sign in with it.

        With the token of a mailed invitation one is a member at once. The e-mail address alone
        gives nothing: nobody has shown that it is theirs.
        """
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        person = dict(serializer.validated_data)
        invitation = person.pop("invitation")
        with transaction.atomic():
            user = _create_user(**person)
            _accept(invitation, user)
        _sign_in(request, user)
        return Response(describe_user(user), status=status.HTTP_201_CREATED)


class LoginView(OpenView):
    @extend_schema(request=LoginSerializer, responses=PersonSerializer)
    def post(self, request: Request) -> Response:
        """Sign in; answers with the session cookie and the csrftoken cookie.

        400 for a wrong name or password, 429 after too many. The token of a mailed invitation
        can be given along, and makes one a member.
        """
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        credentials = dict(serializer.validated_data)
        invitation = credentials.pop("invitation")
        user = _check_credentials(request, credentials)
        _accept(invitation, user)
        _sign_in(request, user)
        return Response(describe_user(user))


class TokenView(OpenView):
    @extend_schema(request=CredentialsSerializer, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        """The user's token, for scripts."""
        serializer = CredentialsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = _check_credentials(request, serializer.validated_data)
        token, _ = Token.objects.get_or_create(user=user)
        return Response({"token": token.key})


class LogoutView(ApiView):
    permission_classes = (AllowAny,)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session."""
        logout(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(ApiView):
    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request) -> Response:
        """Who is signed in; sets the csrftoken cookie."""
        get_token(request)
        return Response(describe_user(request.user))


def _check_credentials(request: Request, credentials: dict[str, str]) -> Any:
    check_failures(request, credentials["username"])
    user = authenticate(request, **credentials)
    if user is None:
        count_failure(request, credentials["username"])
        raise ValidationError("The username or the password is wrong.")
    return user


def _accept(invitation: str, user: Any) -> None:
    if not invitation:
        return
    try:
        accept_invitation(token=invitation, user=user)
    except DocumentMissing as error:
        raise ValidationError({"invitation": [str(error)]}) from None


def _create_user(*, username: str, password: str, name: str, email: str) -> Any:
    model = get_user_model()
    user = model(username=username, first_name=name, email=email)
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    user.set_password(password)
    taken = ValidationError({"username": ["This name is taken: choose another."]})
    # Alice beside alice would be taken for her.
    if model.objects.filter(username__iexact=username).exists():
        raise taken
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise taken from None
    return user


def _sign_in(request: Request, user: Any) -> None:
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    get_token(request)
