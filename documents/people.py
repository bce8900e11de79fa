"""How people appear to other people."""

from typing import Any, TypedDict


class Person(TypedDict):
    """A user as everybody may see them."""

    username: str
    name: str


def describe_user(user: Any) -> Person:
    """The user's name as others see it; the username where there is no other."""
    return {"username": user.get_username(), "name": user.get_full_name() or user.get_username()}
