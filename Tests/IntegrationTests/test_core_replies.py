"""Questions to a core that is replaced while it is asked, or answers what is none."""

import threading

import pytest
from support.client import Connection, eventually
from support.core import Core
from support.gateway import changed
from support.message import bearer, cookie, get
from support.tokens import access, claims_of

PARENT = "ab" * 32


def child(keys, handle):
    return access(keys.dynamic, sessionHandle=handle, parentRefreshTokenHash1=PARENT)


def fine(asked, **more):
    handle = claims_of(asked["accessToken"])["sessionHandle"]
    return {"status": "OK", "session": {"handle": handle, "userId": "u"}, **more}


def asking(configuration, core):
    return changed(
        configuration, sessions__core__urls=[core.url], sessions__core__timeout="15s"
    )


def test_cores_that_are_replaced_keep_no_room(start, base_configuration, keys, upstream):
    """A worker makes 256 calls at once; two cores that hang hold 128 each."""
    over = threading.Event()

    def hang(asked):
        over.wait(20)
        return fine(asked)

    with Core(keys) as first, Core(keys) as second, Core(keys) as third:
        first.verify, second.verify, third.verify = hang, hang, fine
        gateway = start(asking(base_configuration, first)).wait_for_keys()
        crowd = [Connection(gateway.port, timeout=20) for _ in range(130)]
        for number, connection in enumerate(crowd):
            connection.send(get("/required", bearer(child(keys, f"h{number}"))))
        assert eventually(lambda: first.count("/recipe/session/verify") == 128)
        gateway.reload(asking(base_configuration, second))
        assert eventually(lambda: second.count("/recipe/session/verify") == 128)
        gateway.reload(asking(base_configuration, third))
        assert {connection.read().status for connection in crowd} == {200}
        assert third.count("/recipe/session/verify") == 130
        over.set()
        for connection in crowd:
            connection.close()


@pytest.mark.parametrize("by", [bearer, cookie])
@pytest.mark.parametrize("token", [
    "x", "", 5, "a.b.c", "of another session", "with a line end", "unsigned",
])
def test_a_new_token_that_is_none_is_not_remembered(
    start, base_configuration, core, keys, upstream, token, by
):
    """Once the core is well again, so is the token that it was asked about."""
    replies = {
        "of another session": access(keys.dynamic, sessionHandle="other"),
        "with a line end": access(keys.dynamic, sessionHandle="h") + "\r\nX-Evil: 1",
        "unsigned": access(keys.dynamic, sessionHandle="h").rsplit(".", 1)[0],
    }
    reply = {"token": replies.get(token, token), "expiry": 0, "createdTime": 0}
    core.verify = lambda asked: fine(asked, accessToken=reply)
    gateway = start(asking(base_configuration, core)).wait_for_keys()
    given = by(child(keys, "h"))
    answer = gateway.ask(get("/required", given))
    assert (answer.status, answer.reason) == (503, "core_unreachable")
    assert not {"set-cookie", "st-access-token", "front-token", "x-evil"} & set(answer.names)
    core.verify = fine
    assert gateway.ask(get("/required", given)).status == 200
