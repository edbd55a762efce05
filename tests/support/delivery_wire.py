"""An authority over HTTP on loopback that follows the contract, until it gets a replacement for an answer.

It does not use the simulator. Replacements are bytes, by route. Instead of an answer, `HANG` sends nothing, `LOST` does
what was asked and closes the connection, and empty bytes close it at once.

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
from typing import Any

from basics import NOW
from delivery_helpers import Hotel
from delivery_processes import StrictSimulator
from tls_helpers import CERTIFICATES

from apoa_client.authority.address import Timeouts
from apoa_client.authority.client import HttpAuthority
from apoa_client.delivery.options import Outcome
from apoa_client.ports.authority import Authority

HANG = b"hang"
LOST = b"lost"
FAST_TIMEOUTS = Timeouts(connect_s=5, read_s=5, total_s=10)
SHORT_READ_TIMEOUT = Timeouts(connect_s=5, read_s=0.4, total_s=10)
BACKOFF = NOW + timedelta(seconds=15)
"""Half of the first thirty seconds: the jitter is a half here."""
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


def http_response(status: int, body: object = b"", kind: str = "application/json", **headers: str) -> bytes:
    """A complete HTTP response. `headers` are named with underscores."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + content


def problem(status: int, **headers: str) -> bytes:
    """An error in the contract's form (RFC 9457)."""
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": "Because."}
    return http_response(status, body, "application/problem+json", **headers)


def result(report_id: str, status: str = "accepted", **members: Any) -> dict[str, Any]:
    """One result in the contract's form, with some members changed."""
    receipt = {"number": f"STT-{report_id[-4:]}", "issued_at": ISSUED_AT, "sha256": None}
    plain: dict[str, Any] = {"id": report_id, "status": status, "errors": [], "warnings": [], "retry_after": None}
    return {**plain, "receipt": receipt if status in {"accepted", "duplicate"} else None, **members}


PORTAL = http_response(200, b"<html>Log in to Hotel Melati</html>", "text/html")
REDIRECT = http_response(302, Location="http://127.0.0.1:9/login")

Answer = bytes | Callable[[Sequence[str]], bytes]
"""The replacement for an answer: bytes, or a function that makes them from the reports' ids."""


def results(make: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Answer:
    """An answer to `POST /reports` with these results."""
    return lambda ids: http_response(200, {"results": make(ids)})


class ScriptedServer:
    """The server's state: replacements, and what it received."""

    def __init__(self) -> None:
        self.replacements: dict[str, deque[Answer]] = defaultdict(deque)
        self.acquired: Counter[str] = Counter()
        """How often each id was acquired. A repeated report gets the same answer and is not counted."""
        self.sent: list[list[str]] = []
        """The ids of each batch that was received."""
        self.calls: list[str] = []
        """The routes, in the order of the calls."""
        self.stopped = threading.Event()
        self.url = ""

    def answer(self, route: str, ids: Sequence[str]) -> bytes:
        self.calls.append(route)
        if route == "reports":
            self.sent.append(list(ids))
        if not self.replacements[route]:
            return self.correct_answer(route, ids)
        answer = self.replacements[route].popleft()
        if answer == LOST:
            self.correct_answer(route, ids)
            return b""
        return answer if isinstance(answer, bytes) else answer(ids)

    def correct_answer(self, route: str, ids: Sequence[str]) -> bytes:
        """The answer of the contract."""
        if route == "token":
            return http_response(200, TOKEN)
        if route == "meta":
            return http_response(200, META)
        for report_id in ids:
            self.acquired[report_id] += report_id not in self.acquired
        found = [result(report_id) for report_id in ids]
        return http_response(200, {"results": found} if route == "reports" else found[0])

    def connect(self, timeouts: Timeouts = FAST_TIMEOUTS) -> HttpAuthority:
        """A client of this server that does not trust the test certificates."""
        return client(self.url, timeouts)


def client(url: str, timeouts: Timeouts = FAST_TIMEOUTS) -> HttpAuthority:
    return HttpAuthority(
        base_url=url, username="melati", password=lambda: "rahasia", user_agent="apoa-client/0", timeouts=timeouts
    )


@contextmanager
def serving(certificate: str | None = None) -> Iterator[ScriptedServer]:
    """Start the server, with TLS if a certificate is given."""
    wire = ScriptedServer()
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": wire})) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server_key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        wire.url = f"http{'' if certificate is None else 's'}://localhost:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield wire
        wire.stopped.set()
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes the connection is no error here."""


class _Handler(BaseHTTPRequestHandler):
    wire: ScriptedServer

    def do_GET(self) -> None:
        self._respond("meta" if self.path.endswith("/meta") else "result", [self.path.rpartition("/")[2]])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/oauth/token"):
            self._respond("token", [])
        else:
            self._respond("reports", [report["id"] for report in json.loads(body)["reports"]])

    def _respond(self, route: str, ids: Sequence[str]) -> None:
        answer = self.wire.answer(route, ids)
        self.wfile.write(answer.removesuffix(HANG))
        if answer.endswith(HANG):
            self.wfile.flush()
            self.wire.stopped.wait(5)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the base class
        pass


class SimulatorPlace:
    """The simulator, with a new client for each run."""

    def __init__(self, hotel: Hotel) -> None:
        self.authority = hotel.authority = StrictSimulator()
        self.connections = 0

    def inject_fault(self, route: str, script: str, _answers: Sequence[Answer]) -> None:
        self.authority.script(",".join(f"{route}:{step}" for step in script.split(",")))

    def make_next_pending(self) -> None:
        self.authority.script("pending")

    def connect(self, _timeouts: Timeouts) -> Authority:
        self.connections += 1
        self.authority.drop_token()
        return self.authority

    @property
    def acquired(self) -> dict[str, tuple[int, str]]:
        """How often each report was acquired, and the number of its receipt."""
        return {each: (self.authority.times[each], got.number) for each, got in self.authority.acquired.items()}


class HttpPlace:
    """The real client over HTTP."""

    def __init__(self, wire: ScriptedServer) -> None:
        self.wire = wire
        self.connections = 0

    def inject_fault(self, route: str, _script: str, answers: Sequence[Answer]) -> None:
        self.wire.replacements[route].extend(answers)

    def make_next_pending(self) -> None:
        self.wire.replacements["reports"].append(results(lambda ids: [result(each, "pending") for each in ids]))

    def connect(self, timeouts: Timeouts) -> Authority:
        self.connections += 1
        return self.wire.connect(timeouts)

    @property
    def acquired(self) -> dict[str, tuple[int, str]]:
        return {each: (times, f"STT-{each[-4:]}") for each, times in self.wire.acquired.items()}


Place = SimulatorPlace | HttpPlace


@dataclass
class Runs:
    """Runs of a property against one of the two authorities."""

    hotel: Hotel
    place: Place

    def __call__(self, timeouts: Timeouts = FAST_TIMEOUTS, **options: Any) -> Outcome:
        return self.hotel.sync(connect=lambda: self.place.connect(timeouts), **options)

    def makes_no_call(self, **options: Any) -> bool:
        """Whether one more run makes no call."""
        before = self.place.connections
        self(**options)
        return self.place.connections == before
