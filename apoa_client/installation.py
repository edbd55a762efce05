"""How this installation of the program is called by another process: a child, cron, the Task Scheduler."""

import sys
from pathlib import Path

_SCRIPT = "apoa"


def own_command() -> list[str]:
    """Return the words that start this installation, with absolute paths.

    A bundle is its own program. The installed command is the script that was started, at the path by which it was
    found, so a link that an installer put into a folder of the user's stays. Otherwise the interpreter runs
    the package.
    """
    if getattr(sys, "frozen", False):  # set by the tool that makes a bundle
        return [sys.executable]
    started = Path(sys.argv[0])
    if started.stem == _SCRIPT:
        for script in (started, started.with_suffix(".exe")):  # on Windows, pip's launcher leaves out the ending
            if script.is_file():
                return [str(script.absolute())]
    return [sys.executable, "-m", "apoa_client"]
