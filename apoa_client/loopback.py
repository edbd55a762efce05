"""HTTP on the loopback interface: the server, and what keeps other web sites and computers away from a page it serves.

A page shows what is private, and a browser asks for no password. So the address has a random part, which only the user
sees; a request must be for a loopback name, and come from the page itself as far as the browser says from where.
"""

import hmac
import secrets
import socket
import sys
import threading
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_Request = Any
_Address = Any
"""`socketserver` types both as `Any`."""

HOST = "127.0.0.1"
_NAMES = frozenset({HOST, "localhost"})
_POLL_SECONDS = 0.02
"""How soon the server notices `LoopbackServer.stop`."""
_IDLE_TIMEOUT_S = 30
"""How long a connection may be idle."""
_LARGEST_RECEIVED = 4 << 20
_TOKEN_BYTES = 16

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # Not "no-referrer": with it, a browser that sends a form does not say from which origin.
    "Referrer-Policy": "same-origin",
}
"""Headers of a page: it loads only its own files, runs no script of its HTML, and is shown in no other page."""

EVERY_HEADER = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer that does not say otherwise: nothing of it stays on the disk."""


def new_token() -> str:
    """Return a random text that cannot be guessed, for an address, a cookie or a form."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_token(given: str, token: str) -> bool:
    """Whether this is the token, in the same time whatever is given; never for an empty token."""
    return bool(token) and hmac.compare_digest(given.encode(errors="replace"), token.encode())


def names_loopback(request: Request) -> bool:
    """Whether a request is for a loopback name: a web site may make its own name point to this computer."""
    host = request.environ.get("HTTP_HOST", "").rpartition(":")
    return (host[0] or host[2]).lower() in _NAMES


def comes_from_page(request: Request) -> bool:
    """Whether the page itself makes a request, or the user by its address, as far as the browser says."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    return origin in {None, f"http://{request.host}"} and site in {None, "same-origin", "none"}


def receive_body(environ: "WSGIEnvironment") -> None:
    """Take the whole body of a request off the line, also one that will be refused for its size or its address.

    The server closes the connection after each answer. A client that is still sending then gets a reset, and may not
    read why it was refused. A body of more than 4 MiB is not taken.
    """
    length = Request(environ).content_length
    if length is None or length > _LARGEST_RECEIVED:
        return
    try:
        body = environ["wsgi.input"].read(length)
    except OSError:
        body = b""  # it broke off, which is found when it is parsed
    environ["wsgi.input"] = BytesIO(body)


class LoopbackServer(ThreadedWSGIServer):
    """A server from its start to its stop. It keeps a list of its connections, so that stopping closes them too.

    `name` is the name of its threads.
    """

    def __init__(self, application: "WSGIApplication", listener: socket.socket, name: str) -> None:
        super().__init__(HOST, listener.getsockname()[1], application, _Handler, fd=listener.fileno())
        self._name = name
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Free the port and close all connections. When this returns, all threads of the server have ended."""
        self.shutdown()
        self._thread.join()
        for connection, thread in list(self._connections.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            if sys.platform == "win32":  # where only a closed socket wakes the thread
                with suppress(OSError):  # the thread has just closed it itself
                    socket.close(connection.detach())
            thread.join()

    def process_request(self, request: _Request, client_address: _Address) -> None:
        """Handle one connection in its own thread."""
        thread = threading.Thread(
            target=self._handle, args=(request, client_address), name=f"{self._name}-call", daemon=True
        )
        self._connections[request] = thread
        thread.start()

    def handle_error(self, request: _Request, client_address: _Address) -> None:
        """Print nothing about a broken connection."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  the signature of the base class
        """Log nothing: the application logs each call without personal data."""

    def _handle(self, request: socket.socket, client_address: _Address) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            self._connections.pop(request, None)


class _Handler(WSGIRequestHandler):
    timeout: ClassVar[float | None] = _IDLE_TIMEOUT_S
    server_version = "apoa"
    sys_version = ""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  the signature of the base class
        """Log nothing: the request line contains ids. The application logs the route."""
