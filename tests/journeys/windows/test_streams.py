"""The installed command without a user: its streams are NUL, or a pipe whose reader leaves."""

import subprocess

from cli_helpers import GUESTS, QUENTIN, Installed
from journeys.windows.conftest import windows_only

pytestmark = windows_only


def test_a_report_without_streams_is_saved(configured: Installed) -> None:
    """NUL is no terminal, so nothing is asked."""
    nul = subprocess.DEVNULL
    command = [*configured.command, *QUENTIN.mrz("--no-send")]
    done = subprocess.run(command, env=configured.environ, stdin=nul, stdout=nul, stderr=nul, check=False, timeout=60)
    assert done.returncode == 0
    [report] = configured.reports()
    assert report["guest"]["surname"] == QUENTIN.surname


def test_a_new_recovery_code_is_not_shown_to_nobody(configured: Installed) -> None:
    """Without a terminal and a file for the code, the key is not rotated."""
    before = (configured.home / "config.toml").read_bytes()
    nul = subprocess.DEVNULL
    command = [*configured.command, "key", "rotate"]
    done = subprocess.run(command, env=configured.environ, stdin=nul, stdout=nul, stderr=nul, check=False, timeout=60)
    assert done.returncode not in {0, 130}
    assert (configured.home / "config.toml").read_bytes() == before


def test_a_reader_that_leaves(configured: Installed) -> None:
    """No error is printed, as for `apoa list | more` that is left."""
    for guest in GUESTS:
        assert configured(*guest.mrz("--no-send")).code == 0
    with configured.start("list", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
