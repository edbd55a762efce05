"""`apoa sync --follow` in a window of Windows: it sends, and Ctrl-Break and the closed window end it."""

import sys

import console_helpers
import pytest
from basics import WINE
from cli_helpers import QUENTIN, XIMENA, Installed
from console_helpers import Window
from journeys.windows.conftest import windows_only

pytestmark = windows_only


@pytest.fixture
def practising(apoa: Installed) -> Installed:
    """The installed command with a training property."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    return apoa


def test_a_closed_window(practising: Installed) -> None:
    """What is saved meanwhile is sent; afterwards no lock and nothing half done is left."""
    window = Window(practising, "sync", "--follow")
    window.wait_for("until Ctrl-C")
    assert practising(*QUENTIN.mrz("--no-send")).code == 0
    window.wait_for("Sent: 1.")
    window.close()
    assert practising(*XIMENA.mrz("--no-send")).code == 0
    assert practising("sync").out == "Sent: 1.\n"


@pytest.mark.skipif(WINE, reason="Wine ends a process at Ctrl-Break, whatever it does with the event")
def test_ctrl_break(practising: Installed) -> None:
    """It ends with 0. Ctrl-C would end the whole window, the test's own process with it."""
    command = [sys.executable, console_helpers.__file__, "break", sys.executable, "-m", "apoa_client"]
    assert Window(Installed(command, practising.environ), "sync", "--follow").wait() == 0
