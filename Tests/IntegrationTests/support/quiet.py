"""That nothing reached the upstream, shown by what reaches it next."""

from support.message import bearer, cookie, get


def nothing_came(gateway, upstream, path="/public/last", *fields):
    """The upstream's next request is the one that is sent now: none before it got there."""
    assert gateway.ask(get(path, *fields)).status == 200
    assert upstream.received().target == path
    assert upstream.requests.empty()


def refused(gateway, upstream, token, reasons=("bad_signature", "no_session", "unknown_key")):
    """401 by bearer and by cookie; where no session is needed, never taken for one."""
    for field in (bearer(token), cookie(token)):
        answer = gateway.ask(get("/required", field))
        assert answer.status == 401, (answer.line, answer.reason)
        assert answer.reason in reasons
        assert "eyJ" not in str(answer.fields) + str(answer.body)
        anonymous = gateway.ask(get("/optional", field))
        if answer.reason == "no_session":
            assert anonymous.status == 200
            received = upstream.received()
            assert {"authorization", "cookie"} & set(received.names) == set()
        else:
            assert (anonymous.status, anonymous.reason) == (401, answer.reason)
    nothing_came(gateway, upstream)
