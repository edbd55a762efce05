"""`apoa sandbox` and `apoa demo` leave nothing behind, however they end."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Installed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")


@pytest.mark.parametrize("command", [["sandbox", "--port", "0"], ["demo"]], ids=["sandbox", "demo"])
def test_sigterm_leaves_no_file(apoa: Installed, tmp_path: Path, command: list[str]) -> None:
    """What was received, and the demo's home, are gone after SIGTERM."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = apoa.start(*command, TMPDIR=str(folder))
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert list(folder.iterdir()) == []


def test_a_killed_sandbox_leaves_no_file(sandbox: Callable[..., Any], apoa: Installed, tmp_path: Path) -> None:
    """Without `--memory` nothing is written at all."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    apoa.environ["TMPDIR"] = str(folder)
    running = sandbox()
    assert apoa.set_up(running.url, "latihan").code == 0
    running.process.kill()
    running.process.communicate(timeout=20)
    assert list(folder.iterdir()) == []
