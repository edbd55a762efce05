"""An authority on the loopback interface that keeps the contract, until it is told to answer something else.

It speaks HTTP and knows nothing of the simulator; what goes wrong is written down byte for byte, by route. In place of
an answer, `HANG` keeps silent, `LOST` does what was asked and hangs up, and no bytes at all hang up at once.
"""

import json
import ssl
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from conftest import NOW
from delivery_helpers import Hotel
from delivery_processes import Tactless

from apoa_client.authority.client import HttpAuthority
from apoa_client.authority.limits import Timeouts
from apoa_client.delivery.options import Outcome
from apoa_client.ports import Authority

CERTIFICATES = Path(__file__).parent / "authority" / "certificates"
HANG = b"hang"
LOST = b"lost"
HURRY = Timeouts(connect_s=5, read_s=5, total_s=10)
IMPATIENCE = Timeouts(connect_s=5, read_s=0.4, total_s=10)
BACKOFF = NOW + timedelta(seconds=15)
"""Half of the first thirty seconds: chance is a half here."""
ISSUED_AT = "2026-11-24T20:00:00+07:00"

TOKEN = {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}
META = {
    "contract": "1.0",
    "environment": "training",
    "server_time": ISSUED_AT,
    "max_batch": 500,
    "max_body_bytes": 1 << 20,
    "accepts_gzip": False,
    "reporting_window_hours": 24,
    "property": {"id": "P-1", "name": "Wisma Melati", "office": None},
}


def said(status: int, body: object = b"", kind: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP answer. `headers` are named with underscores."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


def problem(status: int, **headers: str) -> bytes:
    """An error as the contract has it (RFC 9457)."""
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": "Because."}
    return said(status, body, "application/problem+json", **headers)


def result(report_id: str, status: str = "accepted", **members: Any) -> dict[str, Any]:
    """One result as the contract has it, but for what is said otherwise."""
    receipt = {"number": f"STT-{report_id[-4:]}", "issued_at": ISSUED_AT, "sha256": None}
    plain: dict[str, Any] = {"id": report_id, "status": status, "errors": [], "warnings": [], "retry_after": None}
    return {**plain, "receipt": receipt if status in {"accepted", "duplicate"} else None, **members}


PORTAL = said(200, b"<html>Log in to Hotel Melati</html>", "text/html")
REDIRECT = said(302, Location="http://127.0.0.1:9/login")

Answer = bytes | Callable[[Sequence[str]], bytes]
"""What is answered in the place of the right answer: bytes, or what makes them of the reports' ids."""


def results(make: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Answer:
    """An answer to `POST /reports` with these results."""
    return lambda ids: said(200, {"results": make(ids)})


class Wire:
    """The server."""

    def __init__(self) -> None:
        self.instead: dict[str, deque[Answer]] = defaultdict(deque)
        self.acquired: Counter[str] = Counter()
        """How often each id was acquired; a repetition is answered with what is known."""
        self.sent: list[list[str]] = []
        """The ids of each batch that arrived."""
        self.heard: list[str] = []
        """The routes, in the order of the calls."""
        self.over = threading.Event()
        self.url = ""

    def answer(self, route: str, ids: Sequence[str]) -> bytes:
        self.heard.append(route)
        if route == "reports":
            self.sent.append(list(ids))
        if not self.instead[route]:
            return self.right(route, ids)
        answer = self.instead[route].popleft()
        if answer == LOST:
            self.right(route, ids)
            return b""
        return answer if isinstance(answer, bytes) else answer(ids)

    def right(self, route: str, ids: Sequence[str]) -> bytes:
        """What the contract asks for."""
        if route == "token":
            return said(200, TOKEN)
        if route == "meta":
            return said(200, META)
        for report_id in ids:
            self.acquired[report_id] += report_id not in self.acquired
        found = [result(report_id) for report_id in ids]
        return said(200, {"results": found} if route == "reports" else found[0])

    def connect(self, timeouts: Timeouts = HURRY) -> HttpAuthority:
        """A client of this server's, without any trust in test certificates."""
        return client(self.url, timeouts)


def client(url: str, timeouts: Timeouts = HURRY) -> HttpAuthority:
    return HttpAuthority(
        base_url=url, username="melati", password=lambda: "rahasia", user_agent="apoa-client/0", timeouts=timeouts
    )


@contextmanager
def serving(certificate: str | None = None) -> Iterator[Wire]:
    """Start the server, with TLS where a certificate is named."""
    wire = Wire()
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": wire})) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server_key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        wire.url = f"http{'' if certificate is None else 's'}://localhost:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield wire
        wire.over.set()
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error here."""


class _Handler(BaseHTTPRequestHandler):
    wire: Wire

    def do_GET(self) -> None:
        self._speak("meta" if self.path.endswith("/meta") else "result", [self.path.rpartition("/")[2]])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/oauth/token"):
            self._speak("token", [])
        else:
            self._speak("reports", [report["id"] for report in json.loads(body)["reports"]])

    def _speak(self, route: str, ids: Sequence[str]) -> None:
        answer = self.wire.answer(route, ids)
        self.wfile.write(answer.removesuffix(HANG))
        if answer.endswith(HANG):
            self.wfile.flush()
            self.wire.over.wait(5)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the class above has it
        pass


class Simulated:
    """The simulator, with a client of each run's own."""

    def __init__(self, hotel: Hotel) -> None:
        self.authority = hotel.authority = Tactless()
        self.connections = 0

    def trouble(self, route: str, script: str, _answers: Sequence[Answer]) -> None:
        self.authority.script(",".join(f"{route}:{step}" for step in script.split(",")))

    def pends(self) -> None:
        self.authority.script("pending")

    def connect(self, _patience: Timeouts) -> Authority:
        self.connections += 1
        self.authority.greet()
        return self.authority

    @property
    def acquired(self) -> dict[str, tuple[int, str]]:
        """How often each report was acquired, and the number of its receipt."""
        return {each: (self.authority.times[each], got.number) for each, got in self.authority.acquired.items()}


class Wired:
    """The real client over HTTP."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.connections = 0

    def trouble(self, route: str, _script: str, answers: Sequence[Answer]) -> None:
        self.wire.instead[route].extend(answers)

    def pends(self) -> None:
        self.wire.instead["reports"].append(results(lambda ids: [result(each, "pending") for each in ids]))

    def connect(self, timeouts: Timeouts) -> Authority:
        self.connections += 1
        return self.wire.connect(timeouts)

    @property
    def acquired(self) -> dict[str, tuple[int, str]]:
        return {each: (times, f"STT-{each[-4:]}") for each, times in self.wire.acquired.items()}


Place = Simulated | Wired


@dataclass
class Runs:
    """Runs of the house's against a place."""

    hotel: Hotel
    place: Place

    def __call__(self, timeouts: Timeouts = HURRY, **terms: Any) -> Outcome:
        return self.hotel.sync(connect=lambda: self.place.connect(timeouts), **terms)

    def is_quiet(self, **terms: Any) -> bool:
        """Whether one more run calls nobody."""
        before = self.place.connections
        self(**terms)
        return self.place.connections == before
