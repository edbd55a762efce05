"""A notice on the desktop of Windows or macOS itself."""

import os
import sys

import pytest
from system_helpers import real_system

from apoa_client.cli.terminal.desktop_notice import Notice, show_notice

pytestmark = [*real_system, pytest.mark.skipif(sys.platform == "linux", reason="Linux has no desktop in the workflow")]


def test_the_system_takes_the_notice() -> None:
    """The system's own tool reports no error. No user sees whether it is on the screen."""
    uid = None if sys.platform == "win32" else os.geteuid()
    assert show_notice(Notice("apoa", "Ditolak: 1", urgent=True), dict(os.environ), uid)
