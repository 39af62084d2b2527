"""A tab of the browser, on a page of the website."""

import dataclasses

from browser.site import API, WEBSITE

CALL = """async ([url, method, content, fetcher, bearer]) => {
    const options = {method, credentials: "include", headers: {}};
    if (content !== null) {
        options.body = JSON.stringify(content);
        options.headers["content-type"] = "application/json";
    }
    if (bearer) options.headers["authorization"] = "Bearer " + bearer;
    let answer;
    try {
        answer = await window[fetcher](url, options);
    } catch (error) {
        return {error: String(error)};
    }
    const reason = answer.headers.get("sallyport-reason");
    return {status: answer.status, content: await answer.json(), reason};
}"""


@dataclasses.dataclass
class Answer:
    """What the page could read: nothing (`error`), or status, content, the gateway's reason."""

    status: int | None = None
    content: object = None
    reason: str | None = None
    error: str | None = None


class Tab:
    def __init__(self, page, mode, website=WEBSITE):
        self.page = page
        self.mode = mode
        page.goto(website + ("/header" if mode == "header" else "/"))

    def call(self, path, method="GET", content=None):
        """By the page, through the SDK."""
        return self._asked(API + path, method, content, "fetch", None)

    def plain_call(self, path):
        """Past the SDK, with the session that it keeps."""
        bearer = self.script_cookies().get("st-access-token") if self.mode == "header" else None
        return self._asked(API + path, "GET", None, "plainFetch", bearer)

    def _asked(self, *arguments):
        return Answer(**self.page.evaluate(CALL, list(arguments)))

    def sdk(self, function):
        """The result of a function of the SDK's without arguments."""
        return self.page.evaluate(f"() => supertokens.{function}()")

    def sign_in(self, user="user-1"):
        answer = self.call("/login", "POST", {"user": user, "claims": {"plan": "gold"}})
        assert (answer.status, answer.content) == (200, {"user": user}), answer

    def answer_to(self, method, path, action):
        """The fields, lower-case names, of the API's answer to what the action makes the page ask;
        in the order received."""
        def is_it(response):
            return response.request.method == method and response.url == API + path

        with self.page.expect_response(is_it) as caught:
            action()
        return [(field["name"].lower(), field["value"]) for field in caught.value.headers_array()]

    def script_cookies(self):
        """Those that the page can read, by name."""
        pairs = self.page.evaluate("() => document.cookie").split("; ")
        return dict(pair.partition("=")[::2] for pair in pairs if pair)
