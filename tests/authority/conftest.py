"""A server on the loopback interface that sends scripted bytes and closes the connection.

The certificates were made for these tests, with a CA whose key was deleted; nothing else trusts them.
"""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from authority_helpers import CA, CERTIFICATES

from apoa_client.authority.address import Timeouts
from apoa_client.authority.client import HttpAuthority

HANG = b"hang"


@dataclass(frozen=True)
class ReceivedRequest:
    """One received request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """Sends its answers in order, one for each connection; b"" closes it, `HANG` sends nothing until the end."""

    listener: socket.socket
    scheme: str
    answers: deque[bytes]
    received: list[ReceivedRequest] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/v1"

    def run(self) -> None:
        while not self.over.is_set():
            try:
                connection = self.listener.accept()[0]
            except OSError:  # among them a client that breaks off the handshake
                continue
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            received = _receive_request(connection)
            if received is None:
                return
            self.received.append(received)
            answer = self.answers.popleft() if self.answers else b""
            if answer.endswith(HANG):
                connection.sendall(answer.removesuffix(HANG))
                self.over.wait(5)
            else:
                connection.sendall(answer)

    def stop(self) -> None:
        self.over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()


def _receive_request(connection: socket.socket) -> ReceivedRequest | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split()
        if not first or not first[-1].startswith("HTTP/"):
            return None
        headers = {}
        for line in iter(stream.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return ReceivedRequest(first[0], first[1], headers, stream.read(int(headers.get("content-length", 0))))


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """Start a server: `serve(answer, answer, certificate="server.pem")`."""
    lines: list[tuple[ScriptedServer, threading.Thread]] = []

    def start(*answers: bytes, certificate: str | None = None) -> ScriptedServer:
        listener = socket.create_server(("127.0.0.1", 0))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server_key.pem")
            listener = context.wrap_socket(listener, server_side=True)
        line = ScriptedServer(listener, "http" if certificate is None else "https", deque(answers))
        thread = threading.Thread(target=line.run, daemon=True)
        thread.start()
        lines.append((line, thread))
        return line

    yield start
    for line, thread in lines:
        line.stop()
        thread.join(5)
        line.listener.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., HttpAuthority]]:
    """Make a client of an address, with short timeouts; it is closed at the end."""
    clients: list[HttpAuthority] = []

    def make(url: str, **options: Any) -> HttpAuthority:
        given: dict[str, Any] = {
            "base_url": url,
            "username": "melati",
            "password": lambda: "rahasia",
            "user_agent": "apoa-client/0",
            "timeouts": Timeouts(connect_s=2, read_s=2, total_s=4),
        }
        clients.append(HttpAuthority(**(given | options)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The CA's certificate where no other user can change it, wherever the checkout is."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(CA.read_bytes())
    return str(file)
