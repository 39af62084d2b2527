"""A back end with an SDK on Django; `back_end.py` tells how it is run."""

import json

import back_end
import django
from back_end import generation
from corsheaders.defaults import default_headers
from django.conf import settings
from supertokens_python import get_all_cors_headers

back_end.start("django", "wsgi")
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="unused", APPEND_SLASH=False,
    INSTALLED_APPS=["corsheaders", "supertokens_python"],
    MIDDLEWARE=[
        # Gives every answer its length, without which none could follow on the connection.
        "django.middleware.common.CommonMiddleware",
        "corsheaders.middleware.CorsMiddleware",
        "supertokens_python.framework.django.django_middleware.middleware",
    ],
    CORS_ALLOWED_ORIGINS=[back_end.settings["website"]], CORS_ALLOW_CREDENTIALS=True,
    CORS_ALLOW_HEADERS=[*default_headers, *get_all_cors_headers()],
)
django.setup()

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
    create_new_session(request, *generation.new_session(asked))
    return JsonResponse({"user": asked["user"]})


@verify_session()
def profile(request):
    session = request.supertokens
    if request.method == "POST":
        generation.sync_change(session, json.loads(request.body))
        return JsonResponse({"user": session.get_user_id()})
    return JsonResponse({"user": session.get_user_id(), "handle": session.get_handle()})


@verify_session()
def get_jwt(request):
    return JsonResponse({"token": generation.jwt_of(request.supertokens)})


urlpatterns = [
    path("hello", hello), path("login", login), path("profile", profile),
    path("profile/jwt", get_jwt),
]

if __name__ == "__main__":
    back_end.serve(get_wsgi_application())
