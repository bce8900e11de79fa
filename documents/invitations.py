"""Invitations by mail, and how they become memberships.

What lets somebody in is the signed token in the mailed link, redeemed by whoever holds it. An
address is no proof: anybody can type any at registration, so having it gives nothing.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from documents import changes
from documents.errors import Conflict, DocumentMissing, TooOften
from documents.invitation_mail import send_invitation
from documents.members import add_member, change_role
from documents.models import Document, Invitation, Membership, NotificationKind
from documents.notifications import notify
from documents.roles import Role

LIFETIME = timedelta(days=30)
# Before the same invitation is sent again.
PAUSE_SECONDS = 60
# By one user, and to one address by anybody.
MAX_BY_INVITER_IN_AN_HOUR = 50
MAX_TO_ADDRESS_IN_A_DAY = 10
# Of one document, at the same time.
MAX_OPEN = 200

_signer = Signer(salt="documents.invitation")


def open_invitations(document_id: uuid.UUID) -> QuerySet[Invitation]:
    """Those that wait for an answer, newest first; among them expired ones, to be sent again."""
    return Invitation.objects.filter(
        document_id=document_id, accepted_at=None, withdrawn_at=None
    ).select_related("inviter")


def invite(
    *, document: Document, inviter: Any, email: str, role: Role, url_of: Callable[[str], str]
) -> tuple[Invitation, bool]:
    """Invite an address, or send its open invitation again with this role; True if it is new.

    `url_of` makes the link of a token. When the mail could not be handed over, `sent_at` is
    None. Whether the address has an account is not told, and makes no difference. Raises
    Conflict if a member has it, TooOften.
    """
    invitation, is_new = _prepare(document, inviter, email.strip().lower(), role)
    # After the commit: a mail cannot be taken back.
    if send_invitation(invitation=invitation, url=url_of(issue_token(invitation))):
        invitation.sent_at = timezone.now()
        invitation.save(update_fields=["sent_at"])
    return invitation, is_new


@transaction.atomic
def _prepare(document: Document, inviter: Any, email: str, role: Role) -> tuple[Invitation, bool]:
    # The locks close the races of two owners who invite at once, and of one beyond their measure.
    get_user_model().objects.select_for_update(no_key=True).get(pk=inviter.pk)
    Document.objects.select_for_update(no_key=True).get(id=document.id)
    member = Membership.objects.filter(
        document=document, user__email__iexact=email, user__is_active=True
    ).select_related("user")
    if (there := member.first()) is not None:
        raise Conflict(f"{there.user.get_username()} is a member with this address already.")
    now = timezone.now()
    there_already = open_invitations(document.id)
    invitation = there_already.filter(email=email).first()
    _keep_measure(inviter, email, invitation)
    is_new = invitation is None
    if invitation is None:
        if there_already.count() >= MAX_OPEN:
            raise Conflict(f"{MAX_OPEN} invitations are open: withdraw some first.")
        invitation = Invitation(document=document, email=email, created_at=now)
    invitation.document, invitation.inviter, invitation.role = document, inviter, role
    invitation.asked_at, invitation.sent_at, invitation.expires_at = now, None, now + LIFETIME
    invitation.save()
    _tell_changed(document.id)
    return invitation, is_new


def _keep_measure(inviter: Any, email: str, again: Invitation | None) -> None:
    now = timezone.now()
    if again is not None and again.sent_at is not None:
        waited = (now - again.sent_at).total_seconds()
        if waited < PAUSE_SECONDS:
            raise TooOften(
                "It was sent a moment ago: give it a minute before you send it again.",
                retry_seconds=int(PAUSE_SECONDS - waited) + 1,
            )
    asked = Invitation.objects.filter(asked_at__gt=now - timedelta(hours=1), inviter=inviter)
    if asked.count() >= MAX_BY_INVITER_IN_AN_HOUR:
        raise TooOften("You have sent many invitations: go on in an hour.", retry_seconds=3600)
    to_address = Invitation.objects.filter(asked_at__gt=now - timedelta(days=1), email=email)
    if to_address.count() >= MAX_TO_ADDRESS_IN_A_DAY:
        raise TooOften("This address was invited often today: go on tomorrow.", retry_seconds=86400)


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation) -> None:
    """Its link lets nobody in any more."""
    open_one = open_invitations(invitation.document_id).filter(id=invitation.id)
    if open_one.update(withdrawn_at=timezone.now()):
        _tell_changed(invitation.document_id)


def issue_token(invitation: Invitation) -> str:
    """What the mailed link carries; good for as long as the invitation is."""
    return _signer.sign(invitation.id.hex)


def read_token(token: str) -> Invitation:
    """The invitation that this token opens; DocumentMissing if it opens none (any more)."""
    try:
        invitation_id = uuid.UUID(_signer.unsign(token))
    except (BadSignature, ValueError):
        raise DocumentMissing("This is no invitation: open the link as it was mailed.") from None
    found = Invitation.objects.select_related("document", "inviter").filter(
        id=invitation_id,
        withdrawn_at=None,
        accepted_at=None,
        expires_at__gt=timezone.now(),
        document__trashed_at=None,
    )
    invitation = found.first()
    if invitation is None:
        raise DocumentMissing("This invitation was used, withdrawn, or has expired: ask again.")
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, user: Any) -> Document:
    """Make the token's holder a member; its document.

    Who is one already, and may as much, uses nothing up: an owner may try the link. Raises
    DocumentMissing if the token opens nothing, or somebody else was faster.
    """
    # The lock closes the race of two who hold one link.
    Document.objects.select_for_update(no_key=True).filter(id=read_token(token).document_id).first()
    invitation = read_token(token)
    document, role = invitation.document, Role(invitation.role)
    membership = Membership.objects.filter(document=document, user=user).first()
    if membership is not None and membership.role >= role:
        return document
    notified = notify(
        user_ids=[invitation.inviter_id],
        document=document,
        kind=NotificationKind.INVITATION_ACCEPTED,
        actor=user,
    )
    if membership is None:
        add_member(document=document, user=user, role=role, notified=notified)
    else:
        change_role(membership=membership, role=role, notified=notified)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    _tell_changed(document.id)
    return document


def _tell_changed(document_id: uuid.UUID) -> None:
    changes.change_document_list(document_id=document_id, topic=changes.Topic.INVITATIONS)
