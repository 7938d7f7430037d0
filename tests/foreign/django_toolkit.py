"""The authorization server of PyPI `django-oauth-toolkit`, with a remote-controlled user.

Prints its port once it listens. `POST /control/…` plays the user:
  approve, decline   user_code=…   answers the page for codes
  forget             user_code=…   the server loses the code
  revoke                           an administrator revokes every sign-in
"""

import sys
import tempfile
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

FOLDER = tempfile.TemporaryDirectory()
SCOPES = ["openid", "profile", "offline_access", "https://api.securitycenter.microsoft.com/.default"]

settings.configure(
    DEBUG=False,
    SECRET_KEY="a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    LOGIN_URL="/login/",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(FOLDER.name) / "db"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
        ], "loaders": [
            ("django.template.loaders.locmem.Loader", {
                "registration/login.html": '<form method="post">{% csrf_token %}{{ form }}<button type="submit">Go</button></form>',
            }),
            "django.template.loaders.app_directories.Loader",
        ]},
    }],
    OAUTH2_PROVIDER={
        "SCOPES": {scope: scope for scope in SCOPES},
        "PKCE_REQUIRED": True,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "DEVICE_FLOW_INTERVAL": 1,
        "OAUTH_DEVICE_VERIFICATION_URI": "http://127.0.0.1/o/device/",
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
    },
)
# The loaders are listed above, so the folders of the apps must not be added again.
settings.TEMPLATES[0]["APP_DIRS"] = False
sys.modules.setdefault(__name__, sys.modules["__main__"])
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import (  # noqa: E402
    AccessToken,
    Application,
    RefreshToken,
    get_device_grant_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402

Device = get_device_grant_model()


class Validator(OAuth2Validator):
    """Accepts any port of this computer, as Entra does for `http://localhost`."""

    def validate_redirect_uri(self, client_id, redirect_uri, request, *args, **kwargs):
        return redirect_uri.startswith("http://localhost:")


@csrf_exempt
def control(request, what):
    if what == "revoke":
        RefreshToken.objects.all().delete()
        AccessToken.objects.all().delete()
        return HttpResponse()
    device = Device.objects.get(user_code=request.POST["user_code"])
    if what == "forget":
        device.delete()
        return HttpResponse()
    device.user = User.objects.get(username="ada")
    device.status = device.AUTHORIZED if what == "approve" else device.DENIED
    device.save()
    return HttpResponse()


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login/", LoginView.as_view()),
    path("control/<str:what>", control),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main():
    call_command("migrate", verbosity=0)
    User.objects.create_user("ada", password="a password of nobody")
    for client_id, grant in [
        ("cordon", Application.GRANT_DEVICE_CODE),
        ("cordon-browser", Application.GRANT_AUTHORIZATION_CODE),
    ]:
        Application.objects.create(
            name=client_id, client_id=client_id, client_type=Application.CLIENT_PUBLIC,
            authorization_grant_type=grant, redirect_uris="http://localhost",
        )
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
