"""What real cores were asked about tokens: the gateway and `explain` judge each as the core did."""

import dataclasses
import functools
import json
import pathlib
import urllib.parse

import pytest
from support.recorded import ends_of
from support.replaying import Exchange, Replay, order
from support.resigning import LEGACY_HEADS, PublicKeys, Shift, moved, parts, resigned

VECTORS = [
    json.loads(line) for line in (
        pathlib.Path(__file__).parents[1] / "SessionsTests/Fixtures/verify-vectors.jsonl"
    ).read_text().splitlines()
]
ROUTES = [{"path_exact": "/verify"}, {"path_exact": "/db", "check_database": True}]
SESSIONS = {"anti_csrf": "token", "signing_keys": "any", "jwt": {"required": False}}
CLEARED = ["sAccessToken", "sRefreshToken"]


@dataclasses.dataclass
class Judged(Exchange):
    """A token as a core judged it, and the token that it gave instead."""

    successor: str | None = None
    ended: bool = False

    def compare(self, replay, answer):
        if answer.status != self.status:
            yield f"status {answer.status} {answer.reason}, not {self.status}"
        cookies = [urllib.parse.unquote(v.split(";")[0]) for v in answer.values("set-cookie")]
        wanted = [f"{name}=" for name in CLEARED] if self.ended else []
        if self.successor:
            wanted = [f"sAccessToken={self.successor}"]
        if cookies != wanted:
            yield f"cookies {cookies}, not {wanted}"


def is_child(token):
    found = parts(token)
    return found is not None and isinstance(found[1].get("parentRefreshTokenHash1"), str)


def of_seed_era(vector):
    return order(vector["cdi"]) <= order("2.20")


def judged(vector):
    """The vector's question to its core as a request."""
    asked, said = vector["input"], vector["core_status"]
    token, publics = asked["accessToken"], PublicKeys().learn(vector["jwks"] or {})
    publics.learn({"jwtSigningPublicKeyList": vector["signing_public_keys"] or []})
    legacy = token.split(".")[0] in LEGACY_HEADS
    shift = Shift.since(vector["at_ms"], legacy, late=said != "OK")
    new = vector["new_access_token"] and resigned(vector["new_access_token"], shift)
    says = {"status": said, "session": moved(vector["session"], shift), "message": "x"}
    if new:
        says["accessToken"] = {"token": new, "expiry": 0, "createdTime": 0}
    # A core that kept a list of ended sessions looked at it each time.
    database = asked.get("checkDatabase") or vector["name"].startswith("blacklisting")
    encoded = urllib.parse.quote(resigned(token, shift, publics), safe="")
    fields = [f"Cookie: sAccessToken={encoded}"]
    if "antiCsrfToken" in asked:
        fields.append(f"anti-csrf: {asked['antiCsrfToken']}")
    questions = [("2.15" if of_seed_era(vector) else "5.2", asked)]
    return Judged(
        vector["name"], True, "POST" if asked["doAntiCsrfCheck"] else "GET",
        "/db" if database else "/verify", fields, 200 if said == "OK" else 401, "", [],
        shift=shift, questions=questions if database or is_child(token) else [], says=says,
        session={"status": said} if database else None, application=lambda jwt, claims: "ok",
        ends_ms=ends_of(fields), successor=new, ended=said == "UNAUTHORISED",
    )


@pytest.mark.parametrize("seed", [True, False], ids=["seed", "recent"])
def test_vectors(seed, tmp_path):
    name, version = ("vectors of the seed era", "2.15") if seed else ("recent vectors", "5.2")
    vectors = [vector for vector in VECTORS if of_seed_era(vector) == seed]
    assert len(vectors) > 70
    key_ids = {key["kid"] for vector in VECTORS for key in (vector["jwks"] or {}).get("keys", [])}
    heads = [parts(vector["input"]["accessToken"]) for vector in VECTORS]
    key_ids |= {head[0]["kid"] for head in heads if head and isinstance(head[0], dict)}
    with Replay(name, SESSIONS, ROUTES, tmp_path, sorted(key_ids), version) as replay:
        for vector in vectors:
            replay.run(functools.partial(judged, vector))
    replay.check()


def test_there_are_179_vectors():
    assert len(VECTORS) == 179
