"""Where a Linux user's D-Bus session bus is, behind which the keyring is.

The environment says it, but for cron, which is told nothing; and an old terminal may still name the bus of a session
that is over. systemd puts the bus where it can be found without being told.
"""

import stat
from collections.abc import Mapping
from pathlib import Path


def session_buses(environ: Mapping[str, str], uid: int | None, runtime: Path = Path("/run/user")) -> list[str]:
    """The addresses to try: the environment's, then systemd's, for the user with this number (None: there is none)."""
    named = environ.get("DBUS_SESSION_BUS_ADDRESS")
    socket = runtime / str(uid) / "bus"
    try:
        there = uid is not None and stat.S_ISSOCK(socket.stat().st_mode)
    except OSError:
        there = False
    return list(dict.fromkeys([*([named] if named else []), *([f"unix:path={socket}"] if there else [])]))
