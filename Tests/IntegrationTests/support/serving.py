"""An HTTP server for stand-ins of other services."""

import http.server
import ssl
import sys
import threading


class Server(http.server.ThreadingHTTPServer):
    """Gives each request to `handle`. Port 0 is any free one; `tls` is a server's context."""

    daemon_threads = True
    # Connections that wait to be accepted: more than any client here opens at a time.
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, handle, port=0, tls=None, host="127.0.0.1"):
        self.tls = tls

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A body written after its head would wait for the head's acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                handle(self)

            do_POST = do_PUT = do_GET

        super().__init__((host, port), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def finish_request(self, request, client_address):
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *arguments):
        """A client that leaves before it has its answer is no error of this side: nothing is
        printed of it."""
        if not isinstance(sys.exception(), (ConnectionError, ssl.SSLError)):
            super().handle_error(*arguments)

    def stop(self):
        """Stops listening; what is open stays so."""
        self.shutdown()
        self.server_close()


def respond(request, status, body, fields, phrase=None):
    """Answers with this content, and the status's usual phrase unless another is given."""
    request.send_response(status, phrase)
    for name, value in fields.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
