"""The memory of a command, with its secrets and guests, is written to no file and read by no other process."""

import os
import subprocess
import sys

import pytest
from cli_helpers import QUENTIN, Apoa

PROGRAM = """
import ctypes, resource, sys
from apoa_client.cli import main
code = main.main()
print(code, resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), file=sys.stderr)
"""
ALLOWED, FORBIDDEN = "1", "0"


def limits_after(apoa: Apoa, *arguments: str) -> str:
    """Return the exit code, the limit for core files, and PR_GET_DUMPABLE after a command."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, **apoa.environ},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux' own")
@pytest.mark.parametrize(
    ("arguments", "access"),
    [
        (["--version"], ALLOWED),
        (["status"], ALLOWED),
        (QUENTIN.mrz("--no-send"), FORBIDDEN),
        (["list"], FORBIDDEN),
        (["key", "show"], FORBIDDEN),
    ],
    ids=["version", "status", "report", "list", "key"],
)
def test_no_core_file_and_no_access(away: Apoa, arguments: list[str], access: str) -> None:
    """No command may write a core file, and one that has a secret or a guest cannot be read by others."""
    away.save()
    assert limits_after(away, *arguments, *(["--again"] if arguments[0] == "report" else [])) == f"0 (0, 0) {access}"
