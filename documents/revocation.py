"""What somebody signed in with is over: said to every process, which ends the sockets that came so.

Django's own signals are the source, so that it does not matter who does it: the API, the admin or
any other code. What fires none (a bulk update, a deleted session row) is found by the live side's
look at everybody now and then.
"""

from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from rest_framework.authtoken.models import Token

from documents import bus

# What decides whether a user may be signed in.
_DECISIVE = frozenset({"is_active", "password"})


def digest_of(secret: str) -> str:
    """A session key or API token as it may be named to others."""
    return sha256(secret.encode()).hexdigest()


def watch() -> None:
    """Listen to the signals; once, when the apps are ready."""
    user_model = get_user_model()
    user_logged_out.connect(_log_out, dispatch_uid="documents.log_out")
    post_delete.connect(_delete_token, sender=Token, dispatch_uid="documents.delete_token")
    post_save.connect(_save_user, sender=user_model, dispatch_uid="documents.save_user")
    post_delete.connect(_delete_user, sender=user_model, dispatch_uid="documents.delete_user")


def _log_out(*, request: HttpRequest, **_: Any) -> None:
    # Sent before the session is deleted: nobody need look whether it is there.
    key = request.session.session_key
    if key is not None:
        _tell(bus.credentials_changed(over=digest_of(key)))


def _delete_token(*, instance: Token, **_: Any) -> None:
    _tell(bus.credentials_changed(over=digest_of(instance.key)))


def _save_user(
    *, instance: Any, created: bool, update_fields: frozenset[str] | None, **_: Any
) -> None:
    # Every log-in saves `last_login`, and changes nothing of this.
    if not created and (update_fields is None or _DECISIVE & set(update_fields)):
        _tell(bus.credentials_changed(user_id=instance.pk))


def _delete_user(*, instance: Any, **_: Any) -> None:
    _tell(bus.credentials_changed(user_id=instance.pk))


def _tell(hint: bus.CredentialsHint) -> None:
    transaction.on_commit(lambda: bus.publish(hint))
