"""The sessions of a transcript, made again: its tokens are cut, but what they say is not."""

import base64
import json
import re
import urllib.parse

from support.resigning import decoded, key_ids_in, moved, resigned, signed, text_of
from support.tokens import HEADERS, REFRESH_HASH, standard
from support.transcripts import FIXTURES, transcript

LIFETIME_MS = 3_600_000
PARENT = "b" * 64
CUT = " ... "
JWT_INSIDE = re.compile(r'"(\w+)":"(eyJ[\w-]+\.[\w-]+)\.([\w-]*)')
MARKER = "; sIdRefreshToken=6e0c2b7a"


class Recreated:
    """The state of a transcript's browser while its steps are replayed."""

    def __init__(self, name, shift_from):
        self.steps = transcript(name)
        self.legacy = name.startswith(("n12", "run_old"))
        self.sorts = name.startswith("run")
        text = (FIXTURES / "transcripts" / f"{name}.txt").read_text()
        key_ids = key_ids_in(text)
        created = self.steps[0]
        self.head = self._head(created)
        self.key_ids = sorted({*key_ids, *([] if self.legacy else [self.head["kid"]])})
        self.shift = shift_from(self.times(created)[0])
        self.csrf = "none"
        self.handle = None
        self.payload = None
        self.lifetime = None
        self.header = self.token = self.child = self.claiming = ""

    def _head(self, created):
        if self.legacy:
            return standard(HEADERS[2])
        beginning = re.search(r"sAccessToken=\"?(eyJ[\w-]+)", str(created.fields))[1]
        try:
            return json.loads(decoded(beginning))
        except ValueError:  # Cut within the header: the rest is as everywhere.
            key_id = re.search(r'"kid":"([\w-]+)', _cut_text(beginning))[1]
            return {"kid": key_id, "typ": "JWT", "version": "5", "alg": "RS256"}

    def times(self, step):
        """When the token that a step brought was made and ends, by its front token."""
        ends = int(re.search(r'"ate":(\d+)', _cut_text(step.value("front-token")))[1])
        return ends - LIFETIME_MS, ends

    def read(self, step):
        """Takes from a step's answer what it tells of the session: its tokens are then those
        that this step was asked with, or, for what has been created, those it brought."""
        if step.name.startswith("create"):
            self.handle = json.loads(step.body)["h"]
            if "header" in step.name and not self.legacy:
                claims = {**self.payload, "sessionHandle": self.handle, "antiCsrfToken": None}
                self.header = signed(self.head, moved(claims, self.shift))
        if step.value("front-token") not in (None, "remove"):
            self.lifetime = self.times(step)
        self.csrf = step.value("anti-csrf") or self.csrf
        found = self._payload(step)
        if found is not None:
            self.payload = found
            self.token, self.child = self._signed(None), self._signed(PARENT)
            if not self.legacy:
                failing = {**self.payload, "st-x": {"v": False, "t": self.lifetime[0]}}
                self.claiming = signed(self.head, moved(failing, self.shift))

    def _payload(self, step):
        """The payload in a step's content, which may be cut within its JWT."""
        if '"p":{' not in step.body:
            return None
        try:
            return json.loads(step.body)["p"]
        except ValueError:
            inside = JWT_INSIDE.search(step.body)
            before = step.body[: inside.start()].rstrip(",").partition('"p":')[2]
            jwt = f"{inside[2]}.{inside[3] or 'x'}"
            return {**json.loads(before + "}"), inside[1]: jwt, "_jwtPName": inside[1]}

    def _signed(self, parent):
        if not self.legacy:
            claims = {**self.payload, "parentRefreshTokenHash1": parent}
            return signed(self.head, moved(claims, self.shift))
        made, ends = self.lifetime
        return signed(self.head, moved({
            "sessionHandle": self.handle, "userId": "user-1", "refreshTokenHash1": REFRESH_HASH,
            "parentRefreshTokenHash1": parent, "userData": self.payload,
            "antiCsrfToken": None if self.csrf == "none" else self.csrf,
            "expiryTime": ends, "timeCreated": made, "lmrt": made,
        }, self.shift))

    def filled(self, template):
        """A field of a request."""
        encoded = urllib.parse.quote(self.token, safe="")
        marker = MARKER if self.legacy else ""
        return template.format(
            token=self.token, encoded=encoded, child=urllib.parse.quote(self.child, safe=""),
            header=self.header, claiming=self.claiming, csrf=self.csrf, marker=marker,
            cookies=f"sAccessToken={encoded}{marker}" if self.token else "a=b",
        )

    def body(self, step):
        """The content as it must be now, and whether it was cut there."""
        try:
            return text_of(moved(json.loads(step.body), self.shift)), False
        except ValueError:
            inside = JWT_INSIDE.search(step.body)
            if inside is None:
                return step.body, False
            jwt = resigned(f"{inside[2]}.x", self.shift)
            return f'{step.body[: inside.start()]}"{inside[1]}":"{jwt}', True

    def fields(self, step):
        """The fields as they must be now."""
        return [(name, self._field(name.lower(), value)) for name, value in step.fields]

    def _field(self, name, value):
        if name == "set-cookie" and value.startswith("sAccessToken=") and CUT in value:
            _, _, attributes = value.partition("; ")
            encoded = urllib.parse.quote(self.token, safe="")
            return f"sAccessToken={encoded}; {attributes}"
        if name == "st-access-token" and value:
            return self.header
        if name == "front-token" and value != "remove":
            return self._front_token(value)
        return value

    def _front_token(self, value):
        """Made of the payload; that it is so made shows what is left of the recorded one."""
        recorded = self._front_text(self.lifetime[1], self.payload)
        seen = _cut_text(value)
        until = min(len(seen), recorded.find('"eyJ') % (len(recorded) + 1))
        assert recorded[:until] == seen[:until], f"{recorded[:until]} {seen[:until]}"
        ends = self.lifetime[1] + self.shift.milliseconds
        text = self._front_text(ends, moved(self.payload, self.shift))
        return base64.b64encode(text.encode()).decode()

    def _front_text(self, ends, payload):
        front = {"uid": "user-1", "ate": ends, "up": payload}
        if self.sorts:
            front = json.loads(json.dumps(front, sort_keys=True))
        return text_of(front)


def _cut_text(value):
    """What base64 says up to where it is cut."""
    start = value.partition(CUT)[0]
    return decoded(start[: len(start) // 4 * 4]).decode(errors="ignore")
