"""The Task Scheduler, as Wine has it: it takes and removes tasks, and neither shows nor runs them."""

import pytest
from basics import WINE
from cli_helpers import Installed

pytestmark = pytest.mark.skipif(not WINE, reason="registers a task: under Wine only, whose Task Scheduler is its own")


def test_a_task_is_registered_and_removed(apoa: Installed) -> None:
    """The command that is installed can be started from another folder, and `schtasks` takes its task."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    environ = {"PATH": r"C:\windows\system32"}
    assert f"APOA_HOME={apoa.home}" in apoa("schedule", "install", "--print", **environ).out
    said = apoa("schedule", "install", "--json", **environ)
    assert (said.code, said.json["change"]) == (0, "installed"), said.err
    assert apoa("schedule", "remove", "--json", **environ).json == {"removed": True}
    assert apoa("schedule", "remove", "--json", **environ).json == {"removed": False}
