"""The shapes of what the API takes and gives; no logic."""

from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from documents.export import RootType
from documents.lifecycle import UNTITLED
from documents.models import Kind
from documents.people import Person, describe_user
from documents.permissions import Action, Role, abilities
from documents.tickets import DEFAULT_SECONDS, MAX_SECONDS

_USERNAME_VALIDATORS = get_user_model()._meta.get_field("username").validators  # noqa: SLF001
AnySerializer = serializers.Serializer[Any]

ROLES = [(role.slug, role.label) for role in Role]


class PersonSerializer(AnySerializer):
    username = serializers.CharField()
    name = serializers.CharField()


@extend_schema_field(PersonSerializer)
class PersonField(serializers.Field[Any, Any, Person, Any]):
    """A user as others see them; null for nobody."""

    def to_representation(self, value: Any) -> Person:
        return describe_user(value)


@extend_schema_field(serializers.ChoiceField(ROLES))
class RoleField(serializers.ChoiceField):
    """A role by its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ROLES, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return Role.from_slug(super().to_internal_value(data))

    def to_representation(self, value: Any) -> str:
        return Role(value).slug


@extend_schema_field(
    {
        "type": "object",
        "properties": {action.value: {"type": "boolean"} for action in Action},
        "required": [action.value for action in Action],
    }
)
class AbilitiesField(serializers.Field[Any, Any, dict[str, bool], Any]):
    """What a role may do, action by action."""

    def to_representation(self, value: Any) -> dict[str, bool]:
        return abilities(value)


class CredentialsSerializer(AnySerializer):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False, style={"input_type": "password"})


class InvitedField(serializers.CharField):
    """The token of a mailed invitation, accepted on the way in."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            default="",
            allow_blank=True,
            help_text="The token of a mailed invitation, to be accepted at once.",
        )


class LoginSerializer(CredentialsSerializer):
    invitation = InvitedField()


class RegistrationSerializer(AnySerializer):
    username = serializers.CharField(max_length=150, validators=_USERNAME_VALIDATORS)
    password = serializers.CharField(
        max_length=128, trim_whitespace=False, style={"input_type": "password"}
    )
    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, default="", allow_blank=True)
    invitation = InvitedField()


class TokenSerializer(AnySerializer):
    token = serializers.CharField(help_text='Send it as "Authorization: Token ...".')


class DocumentSerializer(AnySerializer):
    """A document as the asking user has it (`documents.permissions.Access`)."""

    id = serializers.UUIDField(source="document.id")
    title = serializers.CharField(source="document.title")
    kind = serializers.ChoiceField(Kind.choices, source="document.kind")
    root: Any = serializers.CharField(source="document.root")
    role = RoleField()
    abilities = AbilitiesField(source="role")
    owner = PersonField(allow_null=True)
    head_seq = serializers.IntegerField(source="document.head_seq")
    created_at = serializers.DateTimeField(source="document.created_at")
    updated_at = serializers.DateTimeField(source="document.updated_at")
    trashed_at = serializers.DateTimeField(source="document.trashed_at", allow_null=True)


class NewDocumentSerializer(AnySerializer):
    title = serializers.CharField(max_length=255, default=UNTITLED)
    kind = serializers.ChoiceField(Kind.choices, default=Kind.RICHTEXT)
    root: Any = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="The shared type's name, as its editor calls it: `document-store` for BlockNote, "
        "`quill`, `codemirror`, ... By default `default` (rich text) or `content` (text).",
    )


class DocumentChangesSerializer(AnySerializer):
    """What is left out stays; of title and root there must be one."""

    title = serializers.CharField(max_length=255, required=False)
    kind = serializers.ChoiceField(
        Kind.choices, required=False, help_text="Together with `root` only: what that one is."
    )
    root: Any = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="The shared type's name; nothing is moved there. Blank is the kind's default.",
    )


class DuplicationSerializer(AnySerializer):
    title = serializers.CharField(max_length=255, required=False, default=None, allow_null=True)


class MemberSerializer(AnySerializer):
    id = serializers.CharField(source="user.get_username", help_text="The username.")
    user = PersonField()
    role = RoleField()
    since = serializers.DateTimeField(source="created_at")


class NewMemberSerializer(AnySerializer):
    user = serializers.CharField(max_length=150, help_text="The username.")
    role = RoleField()


class RoleSerializer(AnySerializer):
    role = RoleField()


class NewTicketSerializer(AnySerializer):
    expires_in = serializers.IntegerField(
        min_value=1, max_value=MAX_SECONDS, default=DEFAULT_SECONDS, help_text="In seconds."
    )


class TicketSerializer(AnySerializer):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()


class RootSerializer(AnySerializer):
    """A shared type at the root of the Yjs document."""

    type = serializers.ChoiceField([each.value for each in RootType])


class ContentSerializer(AnySerializer):
    kind = serializers.ChoiceField(Kind.choices, help_text="The document's.")
    root: Any = serializers.CharField(help_text="The root that this is the content of.")
    type = serializers.ChoiceField([each.value for each in RootType])
    seq = serializers.IntegerField()
    text = serializers.CharField(
        required=False, help_text="Plain text; positions are its code points."
    )
    content = serializers.DictField(required=False, help_text="Tiptap JSON, of rich text only.")
    delta = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Quill's delta, of a text with formats or embeds only.",
    )
    value: Any = serializers.JSONField(
        required=False, help_text="An object or a list, of a map or an array only."
    )
    attributes = serializers.DictField(
        required=False, help_text="Keys set on a root that is not a map, where there are any."
    )
    roots = serializers.DictField(child=RootSerializer(), help_text="All roots there are, by name.")


class SeqSerializer(AnySerializer):
    seq = serializers.IntegerField(help_text="The head of the log after this.")


class EditsSerializer(AnySerializer):
    ops = serializers.ListField(child=serializers.DictField(), allow_empty=False)


class VersionSerializer(AnySerializer):
    id = serializers.IntegerField()
    seq = serializers.IntegerField()
    label: Any = serializers.CharField()
    author = PersonField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewVersionSerializer(AnySerializer):
    label: Any = serializers.CharField(max_length=255)


class ConnectionSerializer(AnySerializer):
    connection = serializers.UUIDField(source="id")
    user = PersonField(allow_null=True)
    role = RoleField()
    since = serializers.DateTimeField()
