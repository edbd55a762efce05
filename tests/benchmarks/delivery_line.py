"""The two ends of a slow line. `delivery.py` beside this file runs one of them in each network namespace.

``delivery_line.py prepare HOME BODIES URL CERTIFICATE`` fills a property's outbox, ``deliver HOME`` is one run of
delivery, ``sync HOME`` the command that does it, ``one-by-one HOME URL CERTIFICATE COUNT`` a client that sends single
reports on one connection, and ``serve ADDRESS PORT CERTIFICATE KEY STORAGE`` the authority. BODIES is a JSON
list of reports that ``bodies BODIES COUNT`` has written. Each prints one JSON object.

The authority is the sandbox's own service, which compresses its answers, behind a server that keeps connections open as
one on the Internet does; werkzeug's closes the connection after each answer.
"""

import gzip
import io
import json
import os
import random
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from passport import valid
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from apoa_client.app.container import Container, SystemClock
from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.sending import delivery_dependencies
from apoa_client.cli.terminal.progress import NoProgress
from apoa_client.cli.terminal.signals import Signals
from apoa_client.delivery.options import RunOptions
from apoa_client.desk.ids import new_id
from apoa_client.passport.mrz import read_mrz
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit, from_json, to_json
from apoa_client.settings.config import PropertySettings

USERNAME, PASSWORD = "benchmark", "rahasia"


def app_in(home: str) -> Container:
    return Container({"APOA_HOME": home}, SystemClock())


def prepare(home: str, bodies: str, url: str, certificate: str) -> dict[str, Any]:
    """Set up the property and queue the reports. The line is not up yet, so the set-up cannot test the connection."""
    app = app_in(home)
    settings = PropertySettings("benchmark", url, "", USERNAME, vault="file", ca_bundle=certificate)
    PropertySetup(app).set_up(settings, PASSWORD)
    app.close()
    app = app_in(home)
    for body in json.loads(Path(bodies).read_text(encoding="utf-8")):
        report = from_json(body.encode())
        app.outbox.add(report, due_at=report.created_at + timedelta(hours=24))
    app.close()
    return {}


def deliver(home: str) -> dict[str, Any]:
    """What `apoa sync --json` does, without the time to load the program."""
    import apoa_client.authority.client
    import apoa_client.outbox.sqlite.store
    import apoa_client.vault.sealing
    import apoa_client.vault.sources  # noqa: F401  loaded before the clock runs
    from apoa_client.delivery.sync import deliver as run_delivery

    app = app_in(home)
    begun = time.perf_counter()
    with Signals() as signals:
        outcome = run_delivery(delivery_dependencies(app, NoProgress(), signals), RunOptions(app.settings.fingerprint))
    seconds = time.perf_counter() - begun
    app.close()
    error = None if outcome.error is None else outcome.error.name
    return {"seconds": seconds, "accepted": outcome.counts["accepted"], "error": error}


def sync(home: str) -> dict[str, Any]:
    """The installed command, including its start."""
    command = [str(Path(sys.executable).with_name("apoa")), "sync", "--json"]
    begun = time.perf_counter()
    done = subprocess.run(command, env={"APOA_HOME": home, "APOA_LANG": "en"}, check=False, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - begun
    result = json.loads(done.stdout)
    return {"seconds": seconds, "accepted": result["accepted"], "error": result["error"]}


def one_by_one(home: str, url: str, certificate: str, count: str) -> dict[str, Any]:
    """Send the same bodies one by one on one connection. `first` is the time until the token has come."""
    import requests

    app = app_in(home)
    bodies = [app.outbox.content(entry).body for entry in app.outbox.entries(Selection(limit=int(count)))]
    app.close()
    accepted = 0
    with requests.Session() as session:
        session.trust_env = False
        session.verify = certificate
        begun = time.perf_counter()
        form = {"grant_type": "client_credentials"}
        token = session.post(f"{url}/oauth/token", data=form, auth=(USERNAME, PASSWORD), timeout=60).json()
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        session.headers["Content-Type"] = "application/json"
        first = time.perf_counter() - begun
        for body in bodies:
            answer = session.post(f"{url}/reports", data=b'{"reports":[' + body + b"]}", timeout=60).json()
            accepted += answer["results"][0]["status"] == "accepted"
    return {"first": first, "seconds": time.perf_counter() - begun, "accepted": accepted}


class Tally:
    """What the authority received: connections, calls by path, the size of each batch; and its own time in seconds."""

    def __init__(self) -> None:
        self.connections = 0
        self.calls: Counter[str] = Counter()
        self.batches: list[int] = []
        self.busy = 0.0


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 around the sandbox's WSGI application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer's head and body are sent together
    timeout: ClassVar[float | None] = 120
    service: Any
    tally: Tally

    def setup(self) -> None:
        super().setup()
        self.tally.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        begun = time.perf_counter()
        status, headers, answer = self._answer(body)
        if self.path.endswith("/reports"):
            plain = gzip.decompress(answer) if headers.get("Content-Encoding") == "gzip" else answer
            self.tally.batches.append(len(json.loads(plain).get("results", ())))
        self.tally.busy += time.perf_counter() - begun
        self.tally.calls[self.path.removeprefix("/v1")] += 1
        headers["Content-Length"] = str(len(answer))
        self.send_response_only(int(status.split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def do_POST(self) -> None:
        self.do_GET()

    def _answer(self, body: bytes) -> tuple[str, dict[str, str], bytes]:
        given = Headers([*self.headers.items()])
        given["Host"] = "localhost"  # the sandbox refuses other host names
        request = EnvironBuilder(
            self.path,
            "https://localhost",
            method=self.command,
            headers=given,
            input_stream=io.BytesIO(body),
            content_length=len(body),
        )
        answer, status, headers = run_wsgi_app(self.service, request.get_environ(), buffered=True)
        return status, dict(headers), b"".join(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the base class
        """Log nothing."""


def serve(address: str, port: str, certificate: str, key: str, storage: str) -> dict[str, Any]:
    """Serve until the standard input ends, then return the tally."""
    from apoa_client.sandbox.server import SandboxServer

    sandbox = SandboxServer(Path(storage), username=USERNAME, password=PASSWORD, now=lambda: datetime.now(UTC))
    Handler.service = sandbox._service()  # the sandbox's own service, behind another server
    Handler.tally = Tally()
    server = ThreadingHTTPServer((address, int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    return vars(Handler.tally)


WIB = timezone(timedelta(hours=7))
LAST_HOURS = timedelta(hours=10)

PLACES = ("LEEDS", "PERTH", "OHIO", "BEIJING", "TOKYO", "LYON", "UTRECHT", "MUMBAI", "SEOUL", "OMSK")


def arrival(rng: random.Random, now: datetime) -> Report:
    """One guest's report."""
    mrz, entered = read_mrz(valid(rng), today=now.date()), now.date() - timedelta(days=rng.randrange(9))
    assert mrz.birth_date is not None
    papers = Document("P", mrz.document_number, mrz.issuing_state, mrz.expiry_date, mrz.lines)
    permit = StayPermit(rng.choice(("A1", "B1", "C1")), None, entered + timedelta(days=30), entered)
    names = mrz.surname, mrz.given_names, mrz.sex
    guest = Guest(*names, mrz.birth_date, rng.choice(PLACES), mrz.nationality, papers, permit)
    stay = Stay(now, now.date() + timedelta(days=rng.randint(1, 9)), str(rng.randint(1, 40)))
    return Report(new_id(now, rng.randbytes), new_id(now, rng.randbytes), Kind.CHECK_IN, now, guest, stay)


def bodies(path: str, count: str) -> dict[str, Any]:
    """Write the bodies of invented reports. Their ids and times are new in each run, the guests are the same."""
    rng = random.Random(188)  # noqa: S311  the same guests in every run
    now = datetime.now(WIB).replace(microsecond=0)
    reports = [arrival(rng, now - rng.random() * LAST_HOURS) for _ in range(int(count))]
    Path(path).write_text(json.dumps([to_json(report).decode() for report in reports]), encoding="utf-8")
    return {}


MODES: dict[str, Callable[..., dict[str, Any]]] = {
    "bodies": bodies,
    "prepare": prepare,
    "deliver": deliver,
    "sync": sync,
    "one-by-one": one_by_one,
    "serve": serve,
}


def main() -> None:
    """Run one of the modes."""
    result = MODES[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a connection that hangs on a lossy line must not delay the benchmark


if __name__ == "__main__":
    main()
