"""Who belongs to a document."""

import uuid
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from documents.api.access import find_document, refuse
from documents.api.base import ApiView
from documents.api.lists import list_members
from documents.api.pagination import page_of, respond_whole
from documents.api.serializers import MemberSerializer, NewMemberSerializer, RoleSerializer
from documents.members import add_member, change_role, find_user, remove_member
from documents.models import Document, Membership
from documents.permissions import Action, allows


class MembersView(ApiView):
    @extend_schema(operation_id="documents_members_list", responses=page_of(MemberSerializer))
    def get(self, request: Request, document_id: uuid.UUID) -> Response:
        """The members, owners first."""
        return respond_whole(list_members(user=request.user, document_id=document_id))

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Share it with somebody; 409 if they are a member already."""
        document = find_document(request, document_id, Action.MANAGE_MEMBERS).document
        serializer = NewMemberSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        username = serializer.validated_data["user"]
        user = find_user(username=username)
        if user is None:
            raise ValidationError({"user": [f"There is no user named {username}."]})
        membership = add_member(
            document=document,
            user=user,
            role=serializer.validated_data["role"],
            actor=request.user,
        )
        return Response(MemberSerializer(membership).data, status=status.HTTP_201_CREATED)


class MemberView(ApiView):
    @extend_schema(request=RoleSerializer, responses=MemberSerializer)
    def patch(self, request: Request, document_id: uuid.UUID, username: str) -> Response:
        """Change a member's role; 409 if no owner would be left."""
        document = find_document(request, document_id, Action.MANAGE_MEMBERS).document
        membership = _find_membership(document, username)
        serializer = RoleSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        change_role(membership=membership, role=serializer.validated_data["role"])
        return Response(MemberSerializer(membership).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, document_id: uuid.UUID, username: str) -> Response:
        """Take a member out; anybody may leave. 409 if no owner would be left."""
        access = find_document(request, document_id, Action.READ)
        leaves = username == request.user.get_username()
        if not leaves and not allows(access.role, Action.MANAGE_MEMBERS):
            refuse(request, "Only an owner may take others out.")
        remove_member(membership=_find_membership(access.document, username))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _find_membership(document: Document, username: str) -> Membership:
    by_name: dict[str, Any] = {f"user__{get_user_model().USERNAME_FIELD}": username}
    members = Membership.objects.filter(document=document, **by_name).select_related("user")
    membership = members.first()
    if membership is None:
        raise NotFound(f"{username} is not a member.")
    return membership
