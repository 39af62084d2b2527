"""Keeps cookies as a browser does, on https://app.example.com."""

import email.message
import http.cookiejar
import urllib.request

ORIGIN = "https://app.example.com"


class Answer:
    """An answer as the jar wants one."""

    def __init__(self, message):
        self.head = email.message.Message()
        for name, value in message.fields:
            self.head[name.decode("latin-1")] = value.decode("latin-1")

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
