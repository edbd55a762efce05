"""The environment that a scheduled run needs, and which the system's scheduler does not give it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from apoa_client.settings.config import GENERAL, OF_A_PROPERTY

_HOME = "APOA_HOME"
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""Where platformdirs looks on Linux, unless everything is below `_HOME`."""
_PROPERTY = "APOA_PROPERTY"
"""A schedule names its property, or sends for all."""
_SECRETS = ("APOA_PASSWORD", "APOA_PRIVATE_KEY", "APOA_OUTBOX_PASSWORD")
_PATHS = tuple(f"{name}_FILE" for name in _SECRETS)
_KEPT = (
    *(each.variable for each in (*GENERAL.values(), *OF_A_PROPERTY.values()) if each.variable not in {"", _PROPERTY}),
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy"),
)


class Variables(NamedTuple):
    """The variables of a schedule, and the names of those that hold a secret and are left out of its files."""

    kept: Mapping[str, str]
    left_out: tuple[str, ...]


def variables_of(environ: Mapping[str, str]) -> Variables:
    """Choose from this environment what a scheduled run needs to find the same files and the same authority."""
    wanted = {name: environ[name] for name in (*folder_variables(environ), *_KEPT) if environ.get(name)}
    wanted |= {name: str(Path(environ[name]).absolute()) for name in _PATHS if environ.get(name)}
    secret = {name for name, value in wanted.items() if name.lower().endswith("_proxy") and "@" in value}
    kept = {name: value for name, value in wanted.items() if name not in secret}
    return Variables(kept, (*(name for name in _SECRETS if environ.get(name)), *sorted(secret)))


def folder_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that decide where the program's files are. None: they are in the platform's folders."""
    if environ.get(_HOME):
        return {_HOME: environ[_HOME]}
    return {name: environ[name] for name in _FOLDERS if environ.get(name)}
