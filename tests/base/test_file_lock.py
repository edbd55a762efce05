"""One process at a time changes a file."""

import sys
from pathlib import Path
from subprocess import run

from apoa_client.file_lock import exclusive


def test_one_holds_it(tmp_path: Path) -> None:
    """Others learn that it is held, after a bounded wait; a process that ended holds nothing."""
    path = tmp_path / "config.lock"
    program = f"from {exclusive.__module__} import *\nwith exclusive(Path({str(path)!r})) as held: sys.exit(10 + held)"
    with exclusive(path) as held:
        assert held
        with exclusive(path, 0.02) as again:
            assert not again
    assert run([sys.executable, "-c", program], check=False, timeout=60).returncode == 11
    with exclusive(path) as held:
        assert held
    assert path.read_bytes() == b""
