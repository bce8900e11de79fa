"""Roles and actions, and the table of who may what. Pure: no models."""

from enum import StrEnum

from django.db.models import IntegerChoices


class Role(IntegerChoices):
    """What somebody is in a document; a greater one may all that a lesser one may."""

    VIEWER = 1
    COMMENTER = 2
    EDITOR = 3
    OWNER = 4

    @property
    def slug(self) -> str:
        """The role's name on the wires and in REST."""
        return self.name.lower()

    @classmethod
    def from_slug(cls, slug: str) -> "Role":
        """The role of that name; ValueError if there is none."""
        try:
            return cls[slug.upper()]
        except KeyError:
            raise ValueError(f"there is no role {slug!r}") from None


class Action(StrEnum):
    """What can be done to a document; the values are the keys of `abilities`."""

    READ = "read"
    EXPORT = "export"
    DUPLICATE = "duplicate"
    COMMENT = "comment"
    RESOLVE_ANY = "resolve_any"
    EDIT = "edit"
    CREATE_VERSION = "create_version"
    RESTORE_VERSION = "restore_version"
    RENAME = "rename"
    MANAGE_MEMBERS = "manage_members"
    MODERATE = "moderate"
    TRASH = "trash"
    PURGE = "purge"


_LEAST_ROLE = {
    Action.READ: Role.VIEWER,
    Action.EXPORT: Role.VIEWER,
    Action.DUPLICATE: Role.VIEWER,
    Action.COMMENT: Role.COMMENTER,
    Action.RESOLVE_ANY: Role.EDITOR,
    Action.EDIT: Role.EDITOR,
    Action.CREATE_VERSION: Role.EDITOR,
    Action.RESTORE_VERSION: Role.EDITOR,
    Action.RENAME: Role.EDITOR,
    Action.MANAGE_MEMBERS: Role.OWNER,
    Action.MODERATE: Role.OWNER,
    Action.TRASH: Role.OWNER,
    Action.PURGE: Role.OWNER,
}


def allows(role: Role | None, action: Action) -> bool:
    """Whether somebody of that role (None: nobody here) may do it."""
    return role is not None and role >= _LEAST_ROLE[action]


def abilities(role: Role | None) -> dict[str, bool]:
    """Every action and whether that role may do it."""
    return {action.value: allows(role, action) for action in Action}
