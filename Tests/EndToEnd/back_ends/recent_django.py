"""A back end with an SDK of today on Django; `recent.py` tells how it is run."""

import json

import recent
from django_site import set_up
from serving import serve

recent.start("django", "wsgi")
set_up(__name__, recent.settings["website"])

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from supertokens_python.recipe.session.framework.django.syncio import (  # noqa: E402
    verify_session,
)
from supertokens_python.recipe.session.syncio import create_new_session  # noqa: E402


def hello(_):
    return HttpResponse("hello")


def login(request):
    asked = json.loads(request.body)
    create_new_session(request, *recent.new_session(asked))
    return JsonResponse({"user": asked["user"]})


@verify_session()
def profile(request):
    session = request.supertokens
    if request.method == "POST":
        session.sync_merge_into_access_token_payload(json.loads(request.body))
        return JsonResponse({"user": session.get_user_id()})
    return JsonResponse({"user": session.get_user_id(), "handle": session.get_handle()})


@verify_session()
def get_jwt(request):
    return JsonResponse({"token": request.supertokens.get_access_token()})


urlpatterns = [
    path("hello", hello), path("login", login), path("profile", profile),
    path("profile/jwt", get_jwt),
]

if __name__ == "__main__":
    serve(get_wsgi_application(), recent.settings["port"])
