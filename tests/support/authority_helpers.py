"""The certificates of the tests, a proxy, good answers of an authority, and those of two calls as they are sent."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from apoa_client.authority.client import HttpAuthority

Serve = Callable[..., Any]
MakeClient = Callable[..., HttpAuthority]
"""Of `tests/authority/conftest.py`: what starts a server with scripted answers, and what makes a client."""

CERTIFICATES = Path(__file__).parents[1] / "authority" / "certificates"
CA = CERTIFICATES / "ca.pem"
CA_HASH = "e4303dd8.0"
"""Its name in a folder of certificates (`openssl x509 -subject_hash`)."""
TOKEN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    b'{"access_token":"abc","token_type":"Bearer","expires_in":3600}'
)
NO_SUCH = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"Not Found","status":404}'
)

ID = "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11"
META: dict[str, Any] = {
    "contract": "1.0",
    "environment": "training",
    "server_time": "2026-11-24T20:14:05+07:00",
    "max_batch": 500,
    "max_body_bytes": 1048576,
    "accepts_gzip": True,
    "reporting_window_hours": 24,
    "property": {"id": "P-1", "name": "Wisma Melati", "office": None},
}
RECEIPT: dict[str, Any] = {"number": "STT-1", "issued_at": "2026-11-24T20:14:05Z", "sha256": "0" * 64}
RESULT: dict[str, Any] = {
    "id": ID,
    "status": "accepted",
    "receipt": RECEIPT,
    "errors": [],
    "warnings": [{"field": "stay.check_in", "code": "late", "message": "Late {braces}."}],
    "retry_after": None,
}
LINE = {"id": "a", "number": "STT-1", "issued_at": "2026-11-24T20:14:05+07:00"}
DAY: dict[str, Any] = {
    "day": "2026-11-24",
    "from": "2026-11-24T00:00:00+07:00",
    "to": "2026-11-25T00:00:00+07:00",
    "property": "P-1",
    "issued_at": "2026-11-25T06:30:00+07:00",
    "accepted": 1,
    "reports": [LINE],
}
"""Good answers, as JSON values."""


def relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(4096):
            target.sendall(some)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(*, allowed: bool = True) -> Iterator[tuple[int, list[str]]]:
    """A proxy on loopback that connects to any host here, or refuses. Yields its port and the heads it received."""
    heads: list[str] = []
    over = threading.Event()

    def handle(client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                some = client.recv(1024)
                if not some:
                    return
                head += some
            heads.append(head.decode())
            if not allowed:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            port = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=20) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=relay, args=(server, client), daemon=True)
                back.start()
                relay(client, server)
                back.join(5)

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port, heads
        over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        thread.join(5)
