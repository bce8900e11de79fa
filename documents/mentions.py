"""Mentions: `@username` in what people say."""

import re
from typing import Any

from django.contrib.auth import get_user_model

from documents.models import Document
from documents.permissions import may_see

# What Django lets a username be made of. Not within a word: that is a mail address.
_MENTION = re.compile(r"(?<![\w.+@-])@([\w.+@-]{1,150})")
_PUNCTUATION = ".+@-"
MAX_MENTIONS = 20


def find_usernames(text: str) -> set[str]:
    """The names that may be meant: of `@bob.` it is `bob.` or, with a full stop after it, `bob`."""
    named: set[str] = set()
    for found in _MENTION.findall(text)[:MAX_MENTIONS]:
        named |= {found, found.rstrip(_PUNCTUATION)}
    return named - {""}


def find_mentioned(*, text: str, document: Document) -> set[Any]:
    """The ids of the active users who are mentioned and may see the document (two queries).

    Everybody else who is named is passed over in silence: whether there is such a user is not
    told.
    """
    names = find_usernames(text)
    if not names:
        return set()
    model = get_user_model()
    by_name = {f"{model.USERNAME_FIELD}__in": names, "is_active": True}
    return may_see(document, model.objects.filter(**by_name).values_list("pk", flat=True))
