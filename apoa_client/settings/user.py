"""Whose account of this computer the program runs under: for the audit trail, and to find the session's bus.

Asked of the operating system and not of the environment, which anybody can set to a colleague's name.
"""

import os
import sys


def user_name() -> str:
    """The user's name, or what can be said where the system has none: a container's bare number, a service's blank."""
    try:
        import pwd
    except ImportError:  # Windows
        return _logged_in()
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except (KeyError, OSError):
        return f"uid {number}"
    return name.encode(errors="replace").decode()  # one that is no UTF-8 can be stored nowhere


def user_id() -> int | None:
    """The user's number, by which Linux names the folder of the user's session; None on Windows."""
    return None if sys.platform == "win32" else os.geteuid()


def _logged_in() -> str:
    try:
        return os.getlogin()
    except OSError:
        return "-"
