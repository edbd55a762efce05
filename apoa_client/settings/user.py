"""The operating system's user who runs the program: for the audit trail, and to find the session bus and files.

The name is read from the operating system, not from the environment, which any user can set to a colleague's name.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path


def user_name() -> str:
    """Return the user's name; ``uid N`` for a user without a name, as in a container; ``-`` for a Windows service."""
    try:
        import pwd
    except ImportError:  # Windows
        try:
            return os.getlogin()
        except OSError:
            return "-"
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except (KeyError, OSError):
        return f"uid {number}"
    return name.encode(errors="replace").decode()  # a name that is not UTF-8 cannot be stored


def user_id() -> int | None:
    """Return the user's number, which is the name of the user's session folder on Linux; None on Windows."""
    return None if sys.platform == "win32" else os.geteuid()


def account_home() -> Path | None:
    """Return the user's home folder; None for an account without one, as in a container."""
    with suppress(RuntimeError):
        return Path.home()
    return None
