"""An upstream that keeps the exact bytes it receives and answers the exact bytes it is told to."""

import os
import queue
import socket
import ssl
import struct
import threading

from support.message import Reader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Call:
    """One request as it arrives: answer it in pieces, or close in the middle."""

    def __init__(self, socket, reader, message, connection):
        self.socket = socket
        self.reader = reader
        self.message = message
        self.connection = connection

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes so that the peer sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()


class Upstream:
    """Listens on a free port, or on `unix:path`. `answer` is bytes, or a function of a Call.
    A small `receive_buffer` makes one that soon takes no more. With `tls`, a server's context, it
    is on https; `handshakes` then says of each whether it resumed a session, or how it failed."""

    def __init__(self, path=None, receive_buffer=None, tls=None):
        self.path = path
        self.tls = tls
        self.handshakes = []
        self.receive_buffer = receive_buffer
        self.port = None
        self.answer = OK
        self.reads_content = True
        self.requests = queue.Queue()
        self.connections = 0
        self._open = set()
        self._listener = None

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        scheme = "https" if self.tls else "http"
        return f"unix:{self.path}" if self.path else f"{scheme}://127.0.0.1:{self.port}"

    def listen(self):
        """Starts, on the port it had before if it had one."""
        if self.path:
            if os.path.exists(self.path):
                os.unlink(self.path)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self.path)
        else:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.receive_buffer:
                self._listener.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer
                )
            self._listener.bind(("127.0.0.1", self.port or 0))
            self.port = self._listener.getsockname()[1]
        self._listener.listen(512)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """Stops listening and closes every connection."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.close_connections()

    def close_connections(self):
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def reset(self):
        """Forgets what was received and answers 200 again."""
        self.answer = OK
        self.reads_content = True
        while not self.requests.empty():
            self.requests.get_nowait()

    def received(self, timeout=5):
        """The next request received, in order of arrival."""
        return self.requests.get(timeout=timeout)

    def received_nothing(self, within=0.2):
        try:
            self.requests.get(timeout=within)
            return False
        except queue.Empty:
            return True

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _handshake(self, connection):
        """The connection with TLS; nil when the handshake failed."""
        try:
            secure = self.tls.wrap_socket(connection, server_side=True)
        except OSError as error:
            self.handshakes.append(error)
            connection.close()
            return None
        self.handshakes.append(secure.session_reused)
        return secure

    def _serve(self, connection, number):
        if self.tls:
            self._open.discard(connection)
            connection = self._handshake(connection)
            if connection is None:
                return
            self._open.add(connection)
        reader = Reader(connection)
        try:
            while True:
                message = reader.head()
                if self.reads_content:
                    reader.content(message)
                message.connection = number
                self.requests.put(message)
                if callable(self.answer):
                    self.answer(Call(connection, reader, message, number))
                elif self.answer is OK and message.line.startswith(b"HEAD "):
                    connection.sendall(OK.removesuffix(b"ok"))
                else:
                    connection.sendall(self.answer)
        except (EOFError, OSError):
            pass
        finally:
            self._open.discard(connection)
            connection.close()
