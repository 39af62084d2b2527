"""Django, set up in one file for the back ends of either generation."""

import django
from corsheaders.defaults import default_headers
from django.conf import settings
from supertokens_python import get_all_cors_headers

# The first one gives every answer its length, without which none could follow on the connection.
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "supertokens_python.framework.django.django_middleware.middleware",
]


def set_up(urls, website):
    """`urls` is the name of the module with the paths."""
    settings.configure(
        ALLOWED_HOSTS=["*"], ROOT_URLCONF=urls, MIDDLEWARE=MIDDLEWARE, SECRET_KEY="unused",
        APPEND_SLASH=False, INSTALLED_APPS=["corsheaders", "supertokens_python"],
        CORS_ALLOWED_ORIGINS=[website], CORS_ALLOW_CREDENTIALS=True,
        CORS_ALLOW_HEADERS=[*default_headers, *get_all_cors_headers()],
    )
    django.setup()
