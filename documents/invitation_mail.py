"""The mail that invites somebody."""

import logging
import smtplib

from django.core.mail import EmailMessage

from documents.models import Invitation
from documents.people import describe_user
from documents.roles import Role

logger = logging.getLogger(__name__)

_MAY = {Role.VIEWER: "read", Role.COMMENTER: "read and comment on", Role.EDITOR: "edit"}


def send_invitation(*, invitation: Invitation, url: str) -> bool:
    """Hand the mail over; False, with the reason in the log, if nobody took it."""
    message = EmailMessage(
        subject=f"{_name_of(invitation)} invites you to “{_title_of(invitation)}”",
        body=_write(invitation, url),
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException):
        logger.exception("The invitation %s could not be mailed", invitation.id)
        return False
    return True


def _write(invitation: Invitation, url: str) -> str:
    name, may = _name_of(invitation), _MAY[Role(invitation.role)]
    until = f"{invitation.expires_at:%d %B %Y}".lstrip("0")
    return f"""Hello,

{name} invites you to {may} “{_title_of(invitation)}”.

Open it here:
{url}

You can sign in there, or make an account in a minute. The link works once and
until {until}. It lets in whoever opens it, so please do not pass it on.

If you do not know {name}, you need not do anything: without the link nothing happens.
"""


def _title_of(invitation: Invitation) -> str:
    return _one_line(invitation.document.title) or "Untitled"


def _name_of(invitation: Invitation) -> str:
    inviter = invitation.inviter
    return "Somebody" if inviter is None else _one_line(describe_user(inviter)["name"])


def _one_line(text: str) -> str:
    """A name that people chose, as a header can hold it."""
    return " ".join(text.split())
