"""The TLS server on loopback: werkzeug with a thread per connection, kept alive."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

HOST = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    # One write for headers and body, and no waiting to fill a packet: without both, an answer on
    # a connection that is kept alive costs 40 ms (Nagle against delayed ACK).
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    protocol_version = "HTTP/1.1"

    def send_response(self, code: int, message: str | None = None) -> None:
        """Leave out the standard library's own Date: the rehearsal's clock is the only one."""
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Log errors alone: requests are on the record that the control API gives."""
        if type == "error":
            super().log(type, message, *args)


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or speaks no TLS, is nothing to report."""


class Server:
    """A WSGI application under https://localhost:PORT."""

    def __init__(
        self, app: Callable[..., Any], *, certificate: Path, key: Path, port: int = 0
    ) -> None:
        """Bind the port, or a free one for 0; OSError if it is taken."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = _Server(HOST, port, app, _Handler)
        # The handshake belongs to the connection's own thread, or one slow client stops all.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._server.socket.getsockname()[1])
        self.url = f"https://localhost:{self.port}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()

    def serve(self) -> None:
        """Serve until `stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End serving and give the port back."""
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()
