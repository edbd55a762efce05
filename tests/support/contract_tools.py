"""Programs of other projects that read the contract: linters, and generators of typed clients.

`.ci/run` installs them and names their places, so a test needs no network. ``APOA_NODE_TOOLS`` is the folder of npm's
programs, ``APOA_CLIENT_GENERATORS`` the interpreter of an environment with the generators for Python, and mypy.
"""

import os
import shutil
import subprocess
from pathlib import Path

from system_helpers import needs_tool

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
