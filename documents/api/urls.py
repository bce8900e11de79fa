"""URLs of the REST API, below /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from documents.api import (
    auth,
    content,
    documents,
    edits,
    invitations,
    links,
    members,
    messages,
    notifications,
    threads,
    tickets,
    versions,
)
from documents.api.fallback import NothingHere

_one_document: list[URLPattern] = [
    path("", documents.DocumentView.as_view(), name="document"),
    path("untrash/", documents.UntrashView.as_view()),
    path("purge/", documents.PurgeView.as_view()),
    path("duplicate/", documents.DuplicateView.as_view()),
    path("content/", content.ContentView.as_view()),
    path("export/", content.ExportView.as_view()),
    path("updates/", edits.UpdatesView.as_view()),
    path("edits/", edits.EditsView.as_view()),
    path("versions/", versions.VersionsView.as_view()),
    path("versions/<int:version_id>/restore/", versions.RestoreView.as_view()),
    path("presence/", content.PresenceView.as_view()),
    path("members/", members.MembersView.as_view()),
    path("members/<str:username>/", members.MemberView.as_view()),
    path("link/", links.LinkView.as_view()),
    path("invitations/", invitations.InvitationsView.as_view()),
    path("invitations/<uuid:invitation_id>/", invitations.InvitationView.as_view()),
    path("threads/", threads.ThreadsView.as_view()),
    path("threads/<int:thread_id>/", threads.ThreadView.as_view()),
    path("threads/<int:thread_id>/resolve/", threads.ResolveView.as_view()),
    path("threads/<int:thread_id>/reopen/", threads.ReopenView.as_view()),
    path("threads/<int:thread_id>/comments/", threads.CommentsView.as_view()),
    path("threads/<int:thread_id>/comments/<int:comment_id>/", threads.CommentView.as_view()),
    path("messages/", messages.MessagesView.as_view()),
    path("ticket/", tickets.TicketView.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/register/", auth.RegisterView.as_view()),
    path("auth/login/", auth.LoginView.as_view()),
    path("auth/logout/", auth.LogoutView.as_view()),
    path("auth/token/", auth.TokenView.as_view()),
    path("me/", auth.MeView.as_view()),
    path("documents/", documents.DocumentsView.as_view()),
    path("documents/trash/", documents.TrashView.as_view()),
    path("documents/<uuid:document_id>/", include(_one_document)),
    path("invitations/<str:token>/", invitations.ReceivedInvitationView.as_view()),
    path("invitations/<str:token>/accept/", invitations.AcceptInvitationView.as_view()),
    path("notifications/", notifications.NotificationsView.as_view()),
    path("notifications/<int:notification_id>/", notifications.NotificationView.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # "Split": its script has an address of its own, as a strict Content-Security-Policy wants.
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", template_name="documents/api_docs.html"
        ),
        name="docs",
    ),
    re_path(r"^.*$", NothingHere.as_view()),
]
