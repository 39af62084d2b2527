"""What the back ends have in common, whatever the framework and the age of their SuperTokens SDK.
They run in the environment `.build-python-sdk-GENERATION`, with their settings as JSON on the
command line: `generation` (`seed` or `recent`: the module here that knows that SDK), `port`,
`core`, `api_key`, `api_domain`, `website`, `argument`, `anti_csrf` and `exposes_token`."""

import importlib
import json
import os
import sys

LOOPBACK = {"127.0.0.1", "localhost"}
# Where an audit event of the socket module names the other side.
HOST_OF = {
    "socket.connect": lambda arguments: arguments[1][0],
    "socket.sendto": lambda arguments: arguments[1][0],
    "socket.getaddrinfo": lambda arguments: arguments[0],
    "socket.gethostbyname": lambda arguments: arguments[0],
}


def stay(event, arguments):
    """Nothing leaves this machine; an attempt fails, and is in the log for the tests to see."""
    if event in HOST_OF and HOST_OF[event](arguments) not in LOOPBACK:
        os.write(2, f"left this machine: {event} {arguments}\n".encode())
        raise OSError("only this machine is reached")


sys.addaudithook(stay)
settings = json.loads(sys.argv[1])
generation = importlib.import_module(settings["generation"])

from supertokens_python import InputAppInfo, SupertokensConfig, init  # noqa: E402


def start(framework, mode):
    init(
        app_info=InputAppInfo(
            app_name="end to end", api_domain=settings["api_domain"],
            website_domain=settings["website"], api_base_path="/auth",
        ),
        framework=framework,
        supertokens_config=SupertokensConfig(settings["core"], settings["api_key"]),
        recipe_list=[generation.recipe(settings)],
        mode=mode,
        telemetry=False,
    )


def serve(application):
    """A WSGI application, over HTTP/1.1."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *_):
            pass

    server = make_server(
        "127.0.0.1", settings["port"], application, threaded=True, request_handler=Handler
    )
    server.serve_forever()
