"""A front end that does by hand what SuperTokens' library in the browser does."""

import base64
import datetime
import json
import re
import ssl
import urllib.parse

import httpx

from sdk.access_token import AccessToken

# How Django writes a cookie's end for the SDK of the seed era. Browsers read it (RFC 6265 5.1.1),
# Python's jar does not.
LONG_DATE = re.compile(r"(?P<name>[^=]+)=.*; expires=\w+, (?P<end>\w+ \d\d, \d{4} [\d:]{8});")


class FrontEnd:
    """One visitor. `mode` is `cookie` or `header`, as in the field `st-auth-mode`."""

    def __init__(self, site, mode):
        context = ssl.create_default_context(cafile=site.authority)
        self.http = httpx.Client(
            verify=context, base_url=site.url, timeout=10, trust_env=False,
            cookies={"theme": "dark"},
        )
        self.mode = mode
        self.access_token = None
        self.refresh_token = None
        self.front_token = None
        self.anti_csrf = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def ask(self, method, path, value=None, bearer=None, **fields):
        """A request with the fields of the browser's library, and what follows from the answer."""
        sent = {"rid": "anti-csrf", "st-auth-mode": self.mode, "fdi-version": "1.16,1.17,4.2"}
        if self.anti_csrf is not None:
            sent["anti-csrf"] = self.anti_csrf
        if self.mode == "header" and (bearer or self.access_token):
            sent["authorization"] = f"Bearer {bearer or self.access_token}"
        sent.update({name.replace("_", "-"): text for name, text in fields.items()})
        answer = self.http.request(method, path, json=value, headers=sent)
        self._keep(answer.headers)
        self._drop_cookies(answer.headers)
        return answer

    def get(self, path, **fields):
        return self.ask("GET", path, **fields)

    def sign_in(self, user="user-1", **claims):
        answer = self.ask("POST", "/login", {"user": user, "claims": claims})
        assert (answer.status_code, answer.json()) == (200, {"user": user})
        return answer

    def refresh(self):
        return self.ask("POST", "/auth/session/refresh", bearer=self.refresh_token, rid="session")

    def sign_out(self):
        return self.ask("POST", "/auth/signout")

    def payload(self):
        """What `getAccessTokenPayloadSecurely()` reads: the front token's payload."""
        return json.loads(base64.b64decode(self.front_token))["up"]

    def sent_token(self):
        """The access token in the form in which it is sent."""
        if self.mode == "header":
            return self.access_token
        [value] = [each.value for each in self.http.cookies.jar if each.name == "sAccessToken"]
        return value

    def send_token(self, text):
        """Sends this access token from now on."""
        if self.mode == "header":
            self.access_token = text
        else:
            self.put_cookie("sAccessToken", text)

    def put_cookie(self, name, value):
        """In the place of those of that name, where the gateway's host is called `localhost`."""
        self.http.cookies.delete(name)
        self.http.cookies.set(name, value, domain="localhost.local")

    def is_child(self):
        """Whether the access token is the first after a refresh."""
        token = urllib.parse.unquote(self.sent_token().strip('"'))
        return AccessToken.read(token).parent_hash is not None

    def session_cookies(self):
        return {cookie.name for cookie in self.http.cookies.jar} - {"theme"}

    def _keep(self, fields):
        """An empty token means that it is gone; one that is missing means no change."""
        self.access_token = fields.get("st-access-token", self.access_token) or None
        self.refresh_token = fields.get("st-refresh-token", self.refresh_token) or None
        self.anti_csrf = fields.get("anti-csrf", self.anti_csrf)
        front_token = fields.get("front-token", self.front_token)
        self.front_token = None if front_token == "remove" else front_token

    def _drop_cookies(self, fields):
        """Those whose end is one that the jar could not read, and has come."""
        for text in fields.get_list("set-cookie"):
            if found := LONG_DATE.match(text):
                end = datetime.datetime.strptime(found["end"], "%B %d, %Y %H:%M:%S")
                if end < datetime.datetime.now():
                    self.http.cookies.delete(found["name"])
