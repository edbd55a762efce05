"""Addresses of a Linux user's D-Bus session bus, on which the keyring runs.

The environment has the address, except in cron; and an old terminal may still have the address of a session that
ended. systemd puts the bus at a known path.
"""

import stat
from collections.abc import Mapping
from pathlib import Path


def session_buses(environ: Mapping[str, str], uid: int | None, runtime: Path = Path("/run/user")) -> list[str]:
    """Return the addresses to try: the environment's, then systemd's for the user with this number, if any."""
    addresses = []
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        addresses.append(address)
    socket = runtime / str(uid) / "bus"
    try:
        exists = uid is not None and stat.S_ISSOCK(socket.stat().st_mode)
    except OSError:
        exists = False
    if exists and f"unix:path={socket}" not in addresses:
        addresses.append(f"unix:path={socket}")
    return addresses
