"""The steps of a recording as exchanges of the replay."""

import base64
import json
import re
import urllib.parse

from support.replaying import Exchange
from support.resigning import (
    LOOKS_SIGNED, PublicKeys, Shift, key_ids_in, moved, parts, resigned, text_of,
)
from support.transcripts import core_lines, recording

VERIFIED = {"/me", "/me-db", "/me-optional"}
COOKIE = re.compile(r"(?<=sAccessToken=)[^;]+")


def ends_of(fields):
    """When the first of a request's access tokens ends."""
    claims = [parts(token)[1] for token in LOOKS_SIGNED.findall(urllib.parse.unquote(str(fields)))
              if parts(token)]
    return min((one.get("expiryTime") or one["exp"] * 1000 for one in claims), default=None)


class Recorded:
    """A recording whose tokens are signed anew at each step, as old as they were then."""

    def __init__(self, name):
        self.legacy = "0.11.12" in name
        self.steps = recording(name)
        self.publics = PublicKeys()
        for line in core_lines(name):
            if line["response"]["status"] == 200:
                self.publics.learn(json.loads(line["response"]["body"]))
        self.key_ids = key_ids_in(json.dumps([vars(step) for step in self.steps]))
        self.key_ids = sorted({*self.publics.by_id, *self.key_ids})

    def exchange(self, step):
        """The step, in this moment."""
        shift = Shift.since(step.at_ms, self.legacy, late=step.status == 401)
        verified = step.path in VERIFIED

        def field(pair):
            return f"{pair[0]}: {self._asked(pair[1], shift)}"

        fields = [field(pair) for pair in step.request if pair[0] != "Host"]
        body = text_of(moved(json.loads(step.body), shift)) if verified else step.body
        return Exchange(
            step.name, verified, step.method, step.path,
            fields, step.status, body,
            [(name, self._answered(name.lower(), value, shift)) for name, value in step.fields]
            if verified else step.fields,
            exact=False, shift=shift, questions=step.questions,
            says=self._says(step, shift), application=self.application,
            type=step.value("content-type"), ends_ms=ends_of(fields),
        )

    def _says(self, step, shift):
        """The core's recorded answer, now."""
        if not step.answers:
            return None
        answer = {k: v for k, v in step.answers[0].items() if not k.startswith("jwtSigning")}
        return moved(answer, shift)

    def _asked(self, value, shift):
        if value.startswith("Bearer "):
            return "Bearer " + resigned(value.removeprefix("Bearer "), shift, self.publics)
        return self._cookies(value, shift)

    def _cookies(self, value, shift):
        def token(found):
            new = resigned(urllib.parse.unquote(found[0]), shift, self.publics)
            return urllib.parse.quote(new)

        return COOKIE.sub(token, value)

    def _answered(self, name, value, shift):
        if name == "set-cookie":
            return self._cookies(value, shift)
        if name == "front-token" and value != "remove":
            front = moved(json.loads(base64.b64decode(value)), shift)
            return base64.b64encode(text_of(front).encode()).decode()
        return resigned(value, shift, self.publics) if name == "st-access-token" else value

    def application(self, jwt, claims):
        """What the app's handler said, of the JWT alone."""
        if claims is None:
            return text_of({"anonymous": True})
        if not self.legacy:
            return text_of({
                "handle": claims["sessionHandle"], "payload": claims, "userId": claims["sub"],
            })
        own = {k: v for k, v in claims.items() if k not in ("iss", "sub", "exp", "iat")}
        payload = {**own, "_jwtPName": "jwt", "jwt": jwt}
        return text_of({"payload": payload, "userId": claims["sub"]})
