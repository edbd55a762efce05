"""Three independent authorities: the simulator, the sandbox over HTTP, and Prism over HTTP.

Prism is a mock server of another project that reads ``openapi.yaml`` alone: it shows whether the client follows the
contract as it is written.

"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from authority_simulator import AuthoritySimulator
from contract_helpers import Desk, Visit, http_authority, running_prism

from apoa_client.authority.client import HttpAuthority
from apoa_client.authority.contract import contract_text
from apoa_client.ports.authority import Authority
from apoa_client.sandbox.server import SandboxServer

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def _simulated() -> Iterator[Visit]:
    def visit(*, faults: str = "", right_password: bool = True) -> AuthoritySimulator:
        simulator = AuthoritySimulator(wants_photo=True, daily_receipts=True)
        simulator.script(faults)
        simulator.password_is_right = right_password
        return simulator

    yield visit


def _sandboxed(folder: Path) -> Iterator[Visit]:
    servers: list[SandboxServer] = []
    clients: list[HttpAuthority] = []

    def visit(*, faults: str = "", right_password: bool = True) -> HttpAuthority:
        server = SandboxServer(
            folder / f"{len(servers)}.db", username="melati", password="rahasia", faults=faults, now=lambda: NOW
        )
        servers.append(server.start())
        clients.append(http_authority(server.base_url, "rahasia" if right_password else "salah"))
        return clients[-1]

    yield visit
    for client in clients:
        client.close()
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def prism_url() -> Iterator[str]:
    """Prism, mocking the contract for the whole test session."""
    with running_prism() as url:
        yield url


@pytest.fixture(params=["simulator", "sandbox"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    """An authority that stores reports: the simulator, and the sandbox over HTTP."""
    yield from _simulated() if request.param == "simulator" else _sandboxed(tmp_path)


@pytest.fixture(params=["simulator", "sandbox", pytest.param("prism", marks=pytest.mark.prism)])
def any_authority(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Authority]:
    """A new authority of every kind; also Prism, which stores nothing."""
    if request.param == "prism":
        client = http_authority(request.getfixturevalue("prism_url"), "rahasia")
        yield client
        client.close()
        return
    for each in _simulated() if request.param == "simulator" else _sandboxed(tmp_path):
        yield each()


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """The parsed contract."""
    parsed: dict[str, Any] = yaml.safe_load(contract_text())
    return parsed


@pytest.fixture(scope="session")
def examples(openapi: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The contract's own example reports, by the name of the example."""
    content = openapi["components"]["requestBodies"]["Reports"]["content"]["application/json"]
    return {name: example["value"]["reports"] for name, example in content["examples"].items()}


@pytest.fixture(scope="session")
def example_photo(openapi: dict[str, Any]) -> bytes:
    """The contract's own example of a photo."""
    content = openapi["paths"]["/reports/{id}/photo"]["put"]["requestBody"]["content"]["image/jpeg"]
    text: str = content["examples"]["photo"]["value"]
    return text.encode("latin-1")


@pytest.fixture(scope="session")
def desk() -> Desk:
    """A maker of reports."""
    return Desk()
