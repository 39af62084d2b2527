"""A proxy is measured only when it does what it should: no error page is ever compared."""

import ssl

import templates
from support.certificates import trusting
from support.client import Connection
from support.message import cookie, get


def check(proxy, token):
    """Answers come from the upstream, which got the right token; without a session there are none
    where sessions are verified; all agree on one cipher suite."""
    with Connection(proxy.port, trusting()) as connection:
        agreed = connection.socket.version(), connection.socket.cipher()[0]
        assert agreed == ("TLSv1.3", templates.SUITES.split(":")[0]), agreed
        answer = connection.ask(get("/orders/1", cookie(token.cookie)))
        assert (answer.status, answer.body) == (200, templates.ANSWER.encode()), answer
        seen = connection.ask(get("/orders/seen", cookie(token.cookie)))
        assert seen.status == 200, seen
        assert seen.body.decode() == proxy.authorization(token), seen.body
    if proxy.verifies:
        for fields in [[], [cookie(forged(token.cookie))]]:
            assert status(proxy, *fields) == 401


def forged(token):
    """The same claims with another signature."""
    signed, _, signature = token.rpartition(".")
    return signed + "." + signature[::-1]


def status(proxy, *fields):
    try:
        with Connection(proxy.port, trusting()) as connection:
            return connection.ask(get("/orders/1", *fields)).status
    except ssl.SSLError as error:
        raise AssertionError(f"no answer without a session: {error}") from error
