"""URLs of the ready-made project."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from collab.operations import show_health, show_metrics, show_readiness
from collab.pages import show_page

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("documents.api.urls")),
    path("healthz", show_health),
    path("readyz", show_readiness),
    path("metrics", show_metrics),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.svg")),
    # The screens of the page.
    path("", show_page),
    path("login", show_page),
    path("register", show_page),
    path("trash", show_page),
    path("invitations/<str:token>/", show_page),
    path("documents/<uuid:document_id>/", show_page),
    # Any other address is the page's to say that there is nothing.
    re_path(r"^(?!admin$|api/|static/).+$", show_page, {"status": 404}),
]
