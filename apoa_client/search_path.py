"""Where a program of the system is, found without the working directory.

Windows, and Python there, look for a program in the working directory first: in the folder of a stick or a share, any
writer of which could leave a `powershell.exe` to be run.
"""

import os
from collections.abc import Mapping
from shutil import which

_ENDINGS = (".exe", ".com", ".cmd", ".bat") if os.name == "nt" else ("",)


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the full path of a program that is in one of the folders of the environment's `PATH`, or None.

    Folders that depend on the working directory are left out.
    """
    folders = [folder.strip('"') for folder in environ.get("PATH", "").split(os.pathsep)]
    files = (os.path.join(folder, name + ending) for folder in filter(os.path.isabs, folders) for ending in _ENDINGS)  # noqa: PTH118  text
    return next((file for file in files if which(file) is not None), None)
