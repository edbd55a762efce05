"""Checks of this computer: disk, the installed programs, the screen."""

import os
import shutil
import ssl
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from platform import machine, python_implementation, python_version, release, system
from shlex import quote
from typing import NamedTuple

from apoa_client import __version__
from apoa_client.doctor.results import Finding, failed, ok, warning
from apoa_client.messages import Message, msg

LIBRARIES = (
    *("click", "requests", "urllib3", "truststore", "keyring", "secretstorage", "pynacl", "rich", "tomlkit"),
    *("platformdirs", "werkzeug"),
)
"""The libraries whose versions matter when something does not work."""

_NO_SPACE = 20 * 1024 * 1024
_LITTLE_SPACE = 200 * 1024 * 1024
_PER_GB = 1024
"""Megabytes."""
_FOREIGN = "apoa"
"""The distribution of another project, whose command has the same name."""


class Screen(NamedTuple):
    """What shows the results. `encoding` is "" if standard output is closed."""

    encoding: str
    columns: int
    is_terminal: bool
    language: str


def check_space(folder: Path) -> Finding:
    """Check the free space of the disk that a folder is on, which need not exist yet."""
    existing = next(each for each in (folder, *folder.parents) if each.is_dir())
    free = shutil.disk_usage(existing).free
    size = free // (1024 * 1024)
    if free < _NO_SPACE:
        return failed(
            msg("The disk of {path} is full: {size} MB are free.", path=str(folder), size=size),
            msg("Empty the recycle bin, or move large files to another disk."),
        )
    if free < _LITTLE_SPACE:
        return warning(
            msg("The disk of {path} is almost full: {size} MB are free.", path=str(folder), size=size),
            msg("Empty the recycle bin, or move large files to another disk."),
        )
    if size >= _PER_GB:
        return ok(msg("{size} GB are free ({path}).", size=size // _PER_GB, path=str(folder)))
    return ok(msg("{size} MB are free ({path}).", size=size, path=str(folder)))


def is_container(environ: Mapping[str, str]) -> bool:
    """Return whether this is a container of podman, Docker or Kubernetes."""
    files = (Path("/run/.containerenv"), Path("/.dockerenv"))
    return "container" in environ or "KUBERNETES_SERVICE_HOST" in environ or any(each.exists() for each in files)


def check_installation(command: Sequence[str], search_path: str) -> Finding:
    """Check that `apoa` on the command line is this installation, and no program of another project."""
    if _version(_FOREIGN) is not None:
        return warning(
            msg("The package apoa of another project is installed in the same place, and has a command of that name."),
            msg("Remove it: {command}", command=" ".join([quote(sys.executable), "-m pip uninstall apoa"])),
        )
    folders = filter(None, search_path.split(os.pathsep))
    found = list(dict.fromkeys(Path(each) for folder in folders if (each := shutil.which("apoa", path=folder))))
    own = _real(Path(command[0]))
    beside = {_real(Path(sys.executable).with_name(name)) for name in ("apoa", "apoa.exe")}
    others = [path for path in found if _real(path) != own and _real(path) not in beside]
    words = " ".join(command)
    if others and found[0] == others[0]:
        return warning(
            msg("Typing apoa starts another program: {path}. This one is {own}.", path=str(others[0]), own=words),
            msg("Remove the other one, or put the folder of this one first in PATH."),
        )
    if others:
        return ok(msg("It is {own}. There is another copy: {path}", own=words, path=str(others[0])))
    return ok(msg("It is {own}.", own=words))


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def check_screen(screen: Screen) -> Finding:
    """Check that the screen can show names."""
    values: dict[str, str | int | Message] = {
        "encoding": screen.encoding or "-",
        "columns": screen.columns,
        "language": screen.language,
    }
    is_ascii = screen.encoding.lower().replace("-", "_") in {"ascii", "us_ascii", "ansi_x3.4_1968", "646"}
    if screen.is_terminal and is_ascii:
        return warning(
            msg("The screen shows no accents ({encoding}). What is saved and sent is complete.", **values),
            msg("Use UTF-8: {command}", command="export LC_ALL=C.UTF-8"),  # a console of Windows takes every letter
        )
    return ok(msg("{encoding}, {columns} columns, language: {language}", **values))


def check_versions(engine: str) -> Finding:
    """Return the versions of the program, of Python and of this computer's system."""
    computer = f"{system()} {release()}"
    known = f"{computer}, {engine}" if engine else computer
    return ok(
        msg(
            "apoa-client {version}, Python {python}, {system}",
            version=__version__,
            python=python_version(),
            system=known,
        )
    )


def versions(engine: str) -> Mapping[str, str]:
    """Return every version that a person who helps needs to know, by name. `engine` keeps the reports."""
    libraries = {name: _version(name) for name in LIBRARIES}
    return {
        "apoa-client": __version__,
        "Python": f"{python_version()} ({python_implementation()})",
        "System": f"{system()} {release()} {machine()}",
        "Database": engine or "-",
        "TLS": ssl.OPENSSL_VERSION,
        **{name: version for name, version in libraries.items() if version is not None},
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:  # for a library: it is of another platform, or in a bundle
        return None
