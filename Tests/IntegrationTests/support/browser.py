"""Keeps cookies as a browser does, on https://app.example.com."""

import email.message
import http.cookiejar
import re
import urllib.request

ORIGIN = "https://app.example.com"


# A date with the month first, as Python's `long` forms have it. Browsers read it (RFC 6265, 5.1.1).
MONTH_FIRST = re.compile(r"expires=(\w{3})\w*, (\w{3})\w* (\d\d), (\d{4}) ([\d:]+)", re.ASCII)


def understood(value):
    """A field's value with the dates that the jar cannot read as those it can."""
    return MONTH_FIRST.sub(r"expires=\1, \3-\2-\4 \5 GMT", value)


class Answer:
    """An answer as the jar wants one."""

    def __init__(self, message):
        self.head = email.message.Message()
        for name, value in message.fields:
            self.head[name.decode("latin-1")] = understood(value.decode("latin-1"))

    def info(self):
        return self.head


class Browser:
    def __init__(self):
        self.jar = http.cookiejar.CookieJar()

    def receive(self, message, path="/auth/signin"):
        """Takes the cookies of an answer to a request of this path."""
        self.jar.extract_cookies(Answer(message), urllib.request.Request(ORIGIN + path))

    def fields(self, path="/required"):
        """The `Cookie` line of a request, if there is one."""
        request = urllib.request.Request(ORIGIN + path)
        self.jar.add_cookie_header(request)
        value = request.get_header("Cookie")
        return [] if value is None else [f"Cookie: {value}"]
