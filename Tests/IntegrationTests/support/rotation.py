"""Child tokens, and a core that promotes them."""

from support.tokens import access, inner, legacy

PARENT = "ab" * 32
HANDLE = "5c1d9a52-77a0-4b2e-9f40-1f0c7a3f2b11"


class Rotation:
    """Makes child tokens of both eras, and their successors as a core does."""

    def __init__(self, keys, core):
        self.keys = keys
        self.core = core
        self.promoted = {}
        core.verify = self.verify

    def child(self, era="recent"):
        """A token that a refresh made."""
        child, promoted = self.token(era, PARENT), self.token(era, None)
        self.promoted[child] = promoted
        return child

    def token(self, era, parent):
        if era == "recent":
            key = self.keys.dynamic
            return access(key, sessionHandle=HANDLE, parentRefreshTokenHash1=parent, n=parent or "")
        data = {"jwt": inner(self.keys.static), "n": parent or ""}
        return legacy(
            self.keys.dynamic, data, sessionHandle=HANDLE, parentRefreshTokenHash1=parent
        )

    def verify(self, asked):
        promoted = self.promoted.get(asked["accessToken"])
        answer = {"status": "OK", "session": {"handle": HANDLE, "userId": "u"}}
        if promoted is not None:
            answer["accessToken"] = {"token": promoted, "expiry": 0, "createdTime": 0}
        return answer

    def count(self):
        return self.core.count("/recipe/session/verify")
