"""Environments of their own for the libraries that a benchmark compares with ours."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def installed(folder: Path, requirements: Sequence[str]) -> str:
    """Return the interpreter of a peer's environment; what is missing is installed with these arguments of pip."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    subprocess.run([*pip, *requirements], check=True, capture_output=True)
    return str(python)


def reason(failure: subprocess.CalledProcessError) -> str:
    """Return the last line that a program printed before it failed."""
    lines = failure.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else str(failure)
