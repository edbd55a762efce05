"""The authority against the contract, by Schemathesis: an independent reader of the same OpenAPI file.

It generates valid and invalid calls, and checks every answer against the contract. The seed is fixed, so every run is
the same.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_helpers import USERNAME, LogIn, Make

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.slow

# How Schemathesis sends a photo: one byte for each character, with the first and the last bytes of a JPEG.
HOOKS = r"""
import schemathesis

@schemathesis.serializer("image/jpeg")
def as_jpeg(_context, value):
    body = str(value).encode("latin-1", errors="replace")
    return b"\xff\xd8\xff" + body[3:-2] + b"\xff\xd9"
"""


def found_by_schemathesis(server: SandboxServer, folder: Path, *options: str) -> str:
    """What Schemathesis reports; empty where every check passes."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.base_url}/openapi.yaml"]
    fixed = ["--url", server.base_url, "--seed", "20261124", "--max-examples", "25", "--continue-on-failure"]
    (folder / "hooks.py").write_text(HOOKS, encoding="utf-8")
    hooks = {"SCHEMATHESIS_HOOKS": str(folder / "hooks.py")}
    quiet = {"NO_COLOR": "1", "PYTHONWARNINGS": "ignore", "NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [*command, *fixed, *options],
        cwd=folder,
        env={**os.environ, **hooks, **quiet},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.parametrize(
    "options",
    [
        [
            *("--exclude-path", "/oauth/token"),
            *("--exclude-checks", "negative_data_rejection,ensure_resource_availability"),
        ],
        ["--include-method", "GET"],
    ],
    ids=["all calls", "reading calls"],
)
def test_calls_with_a_token_keep_the_contract(
    make_server: Make, log_in: LogIn, tmp_path: Path, options: list[str]
) -> None:
    """Statuses, types, headers and bodies of every answer, also for wrong methods and missing tokens.

    For calls without a body every check passes. Of all calls, two checks are left out. One expects a 4xx for every body
    that breaks a schema: by the contract a report that does is rejected in its own result, with 200, so that it does
    not delay the others. The other expects something behind every link: by the contract a rejected report has no
    receipt.
    """
    server = make_server(token_lifetime_s=100_000)
    token = f"Authorization: {log_in(server).headers['Authorization']!s}"
    assert found_by_schemathesis(server, tmp_path, "--header", token, *options) == ""


def test_token_call_keeps_the_contract(make_server: Make, tmp_path: Path) -> None:
    """With the right password and any form, every check passes. No link leads to or from this call."""
    server = make_server(password="rahasia")
    options = ("--auth", f"{USERNAME}:rahasia", "--include-path", "/oauth/token")
    assert found_by_schemathesis(server, tmp_path, *options, "--phases", "examples,coverage,fuzzing") == ""
