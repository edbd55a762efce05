"""Prism, a mock server of another project that reads ``openapi.yaml`` alone."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from system_helpers import needs_tool


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
    contract = Path(__file__).parents[2] / "apoa_client" / "authority" / "openapi.yaml"
    with subprocess.Popen(
        [_prism(), "mock", "--host", "127.0.0.1", "--port", str(port), str(contract)],
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
