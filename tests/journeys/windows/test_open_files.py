"""The installed command while another program has its files open, as a virus scanner does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli_helpers import QUENTIN, XIMENA, Installed
from damage_helpers import Hold
from journeys.windows.conftest import windows_only

from apoa_client.settings.reading import load

pytestmark = windows_only


@contextmanager
def reader_of(path: Path) -> Iterator[None]:
    """Opens and reads a file again and again, in a thread."""
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(0.001):
            with suppress(OSError):
                path.read_bytes()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_file_that_is_read_all_the_time(configured: Installed) -> None:
    """The settings are replaced, and reports are saved and sent."""
    with reader_of(configured.home / "config.toml"):
        for name in ("kebun", "teras"):
            said = configured("setup", "--non-interactive", "--property", name, "--training", "--vault", "file")
            assert said.code == 0, said.err
    assert {"melati", "kebun", "teras"} == set(load(configured.home / "config.toml").properties)
    with reader_of(configured.home / "melati" / "outbox.db"):
        assert configured(*QUENTIN.mrz("--no-send")).code == 0
        assert configured("sync", "--json").json["accepted"] == 1


def test_a_file_that_stays_open(configured: Installed, hold: Hold) -> None:
    """The command ends with an error that names what may have it open, and works once the file is free."""
    backup = configured.home.parent / "apoa.db"
    assert configured(*QUENTIN.mrz("--no-send")).code == 0
    assert configured("backup", str(backup)).code == 0
    holder = hold(backup, 1)
    said = configured("backup", str(backup), "--force")
    assert said.code == 78
    assert "another program has it open" in said.err
    assert "virus scanner" in said.err
    holder.close()
    assert configured("backup", str(backup), "--force").code == 0
    assert configured(*XIMENA.mrz("--no-send")).code == 0
