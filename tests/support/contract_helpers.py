"""The authorities that the tests of the contract run against, and programs of other projects that read it.

``python tests/support/contract_helpers.py update`` writes ``openapi.json``, which the program reads, from
``openapi.yaml``, which people read and edit. A test checks that they are equal.

`.ci/run` installs the linters, generators of clients and Prism, a mock server, and names their places, so a test needs
no network. ``APOA_NODE_TOOLS`` is the folder of npm's programs, ``APOA_CLIENT_GENERATORS`` the interpreter of an
environment with the generators for Python, and mypy.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml
from basics import needs_tool

from apoa_client.authority.address import Timeouts
from apoa_client.authority.client import HttpAuthority
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.authority import Authority
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document, Guest, Report, Stay, to_json

WIB = datetime.fromisoformat("2026-11-24T18:00:00+07:00")


Visit = Callable[..., Authority]
"""Makes a client of a new authority, with a script of faults, and with the right password or a wrong one."""


def http_authority(base_url: str, password: str) -> HttpAuthority:
    """Return a client of the contract's account."""
    return HttpAuthority(
        base_url=base_url,
        username="melati",
        password=lambda: password,
        user_agent="apoa-client/0",
        timeouts=Timeouts(connect_s=5, read_s=5, total_s=10),
    )


class Desk:
    """Makes reports with different ids."""

    def check_in(self, serial: int, *, stay: int | None = None, number: str | None = None) -> Report:
        guest = Guest(
            surname="SMITH",
            given_names="JANE ANN",
            sex="F",
            birth_date=PartialDate(1985, 9),
            birth_place="-",
            nationality="GBR",
            document=Document("P", number or f"9250{serial:05}", "GBR", date(2030, 3, 30)),
        )
        return Report(
            _uuid(serial), _stay(stay or serial), Kind.CHECK_IN, WIB, guest, Stay(WIB, WIB.date() + timedelta(days=2))
        )

    def check_out(self, serial: int, *, stay: int) -> Report:
        return Report(_uuid(serial), _stay(stay), Kind.CHECK_OUT, WIB, check_out=WIB + timedelta(minutes=30))

    def bodies(self, *reports: Report) -> list[tuple[str, bytes]]:
        return [(report.id, to_json(report)) for report in reports]


def _uuid(serial: int) -> str:
    return f"0199c2a4-7d1e-7b3c-9d55-{serial:012x}"


def _stay(serial: int) -> str:
    return f"0199c2a4-7d1e-7001-8a11-{serial:012x}"


# Redocly asks for updates and reports its use, unless it is switched off.
_SILENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def node_tool(program: str, package: str) -> str:
    """The path of a program of an npm package. Skips the test without it."""
    found = shutil.which(program, path=os.environ.get("APOA_NODE_TOOLS"))
    needs_tool(package, found=found is not None, installer="npm")
    return str(found)


def python_with_generators() -> str:
    """The interpreter that has the generators for Python, and mypy. Skips the test without it."""
    found = os.environ.get("APOA_CLIENT_GENERATORS")
    needs_tool("openapi-python-client datamodel-code-generator mypy", found=found is not None, installer="pip")
    return str(found)


def run_tool(command: list[str], folder: Path) -> tuple[int, str]:
    """The exit status of a program, and all that it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **_SILENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def _prism() -> str:
    """The executable; skips the test without one, unless the environment requires it."""
    found = os.environ.get("APOA_PRISM") or shutil.which("prism")
    needs_tool("@stoplight/prism-cli", found=found is not None, installer="npm")
    return str(found)


@contextmanager
def running_prism() -> Iterator[str]:
    """Start Prism with the contract and yield its base URL. Its paths have no ``/v1``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [_prism(), "mock", "--host", "127.0.0.1", "--port", str(port), str(YAML)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            assert process.stdout is not None
            output = b""
            while b"is listening" not in output:
                output = process.stdout.readline()
                assert output, "Prism ended before it listened"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate()


FOLDER = Path(__file__).resolve().parents[2] / "apoa_client" / "authority"
YAML = FOLDER / "openapi.yaml"
JSON = FOLDER / "openapi.json"


def converted() -> str:
    """The JSON text of the YAML file. Raises `TypeError` for a date without quotes, which JSON cannot express."""
    return json.dumps(yaml.safe_load(YAML.read_text(encoding="utf-8")), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the JSON file."""
    if sys.argv[1:] != ["update"]:
        sys.exit(__doc__)
    JSON.write_text(converted(), encoding="utf-8")


if __name__ == "__main__":
    main()
