"""Where the session bus is searched."""

import socket
import sys
from pathlib import Path

import pytest

from apoa_client.vault.session_bus import session_buses

NAMED = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such sockets on Windows")
def test_the_environments_bus_comes_before_systemds(tmp_path: Path) -> None:
    """Cron has only systemd's; an old terminal's is tried first, and then systemd's."""
    assert session_buses(NAMED, 7, tmp_path) == ["unix:path=/x"]
    assert session_buses({}, 7, tmp_path) == []
    (tmp_path / "7").mkdir()
    of_systemd = f"unix:path={tmp_path / '7' / 'bus'}"
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "7" / "bus"))
        assert session_buses({}, 7, tmp_path) == [of_systemd]
        assert session_buses({"DBUS_SESSION_BUS_ADDRESS": ""}, 7, tmp_path) == [of_systemd]
        assert session_buses(NAMED, 7, tmp_path) == ["unix:path=/x", of_systemd]
        assert session_buses({"DBUS_SESSION_BUS_ADDRESS": of_systemd}, 7, tmp_path) == [of_systemd]
        assert session_buses(NAMED, None, tmp_path) == ["unix:path=/x"]


def test_only_a_socket_is_a_bus(tmp_path: Path) -> None:
    """Another kind of file at that path is ignored."""
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "bus").write_text("no socket")
    assert session_buses({}, 8, tmp_path) == []
