"""A running training authority whose clock moves only by hand, and reports to send to it."""

import copy
import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_helpers import PASSWORD, USERNAME, Json, LogIn, Make, Report, Send

from apoa_client.authority.contract import contract
from apoa_client.sandbox.server import SandboxServer

_REQUEST = contract()["components"]["requestBodies"]["Reports"]["content"]["application/json"]
_CHECK_IN: Json = _REQUEST["examples"]["check_in"]["value"]["reports"][0]
_CHANGES = {
    "guest.surname": "SMITHSON",
    "guest.phone": "+44 151 496 0000",
    "guest.email": "jane@example.com",
    "stay.room": "Melati 7",
    "stay.note": "datang malam",
}


@pytest.fixture
def clock() -> list[datetime]:
    """The time, as the only element of a list."""
    return [datetime.fromisoformat("2026-11-24T20:15:00+07:00")]


@pytest.fixture
def make_server(tmp_path: Path, clock: list[datetime]) -> Iterator[Make]:
    """Starts authorities with one storage and any options of `SandboxServer`; stops them all at the end."""
    started: list[SandboxServer] = []

    def make(**options: Any) -> SandboxServer:
        settings = {"username": USERNAME, "password": PASSWORD, "now": lambda: clock[0], **options}
        server = SandboxServer(tmp_path / "training" / "sandbox.db", **settings)
        started.append(server)
        return server.start()

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def bare() -> Iterator[requests.Session]:
    """HTTP without credentials, proxies or redirects."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def log_in(bare: requests.Session) -> LogIn:
    """Gives the session a token of a server."""

    def take(server: SandboxServer) -> requests.Session:
        form = {"grant_type": "client_credentials"}
        answer = bare.post(f"{server.base_url}/oauth/token", data=form, auth=(USERNAME, PASSWORD), timeout=20)
        bare.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return bare

    return take


@pytest.fixture
def send(log_in: LogIn) -> Send:
    """Logs in, sends reports, and returns the results of a 200."""

    def post(server: SandboxServer, *reports: Json, call: str = "reports") -> list[Json]:
        http = log_in(server)
        answer = http.post(f"{server.base_url}/{call}", json={"reports": reports}, timeout=20)
        assert answer.status_code == 200, answer.text
        results: list[Json] = answer.json()["results"]
        return results

    return post


@pytest.fixture
def check_in() -> Report:
    """Makes check-ins with different ids; dotted names change fields: ``{"guest.sex": "M"}``."""
    numbers = itertools.count(1)

    def make(changes: Json | None = None, **members: Any) -> Json:
        number = next(numbers)
        ids = {"id": f"0199c2a4-7d1e-7b3c-9d55-{number:012x}", "stay_id": f"0199c2a4-7d1e-7001-8a11-{number:012x}"}
        report = {**copy.deepcopy(_CHECK_IN), **ids}
        for path, value in {**_CHANGES, **(changes or {})}.items():
            *parents, name = path.split(".")
            place = report
            for parent in parents:
                place = place[parent]
            place[name] = value
        return {**report, **members}

    return make


@pytest.fixture
def follow_up(check_in: Report) -> Report:
    """Makes later reports of a stay: ``follow_up(report, "cancel")``."""

    def make(report: Json, kind: str, **members: Any) -> Json:
        new = check_in(stay_id=report["stay_id"], kind=kind)
        if kind != "amend":
            del new["guest"], new["stay"]
        own = {"check_out": {"check_out": "2026-11-24T20:10:00+07:00"}}.get(kind, {"reason": "salah ketik"})
        return {**new, **own, **members}

    return make
