"""Two processes that change the settings at once lose nothing."""

import sys
import threading
from pathlib import Path
from subprocess import run

import pytest

from apoa_client.errors import NotNow
from apoa_client.settings import file_lock
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.file_lock import exclusive
from apoa_client.settings.reading import load
from apoa_client.settings.writer import save

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="


def test_changes_at_once_are_all_kept(home: Path) -> None:
    """Each of many writers changes another property's settings in the same file."""
    path = home / "config.toml"
    names = [f"p{number}" for number in range(8)]
    writers = [threading.Thread(target=save, args=(path, PropertySettings(name, "training", KEY))) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(load(path).properties) == names


def test_another_process_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after a bounded time, and says so; a process that ended holds nothing."""
    monkeypatch.setattr(file_lock, "_WAIT_S", 0.0)
    path = tmp_path / "config.lock"
    program = f"from {exclusive.__module__} import *\nwith exclusive(Path({str(path)!r})): pass"
    with exclusive(path), pytest.raises(NotNow, match="Another program is changing the settings"), exclusive(path):
        pass
    assert run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
    with exclusive(path):
        pass
    assert path.read_bytes() == b""
