"""Serves a WSGI application over HTTP/1.1."""

from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


def serve(application, port):
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=Handler)
    server.serve_forever()
