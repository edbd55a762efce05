"""Reads the settings: the user's config.toml, above the one that an administrator wrote for all users.

Reading uses the standard library only, because every command does it. `apoa_client.settings.writer` writes the user's
file and keeps the admin's comments.
"""

import errno
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from apoa_client.decoding import decode_text
from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.messages import msg
from apoa_client.permissions import check_permissions, check_shared_file
from apoa_client.settings.config import Config
from apoa_client.settings.folders import SiteFile
from apoa_client.settings.parsing import (
    CORRECT_LINE,
    MAX_BYTES,
    NOTHING,
    UNKNOWN_KEY,
    Problems,
    Tables,
    invalid,
    merge,
    parse_tables,
    too_long,
    with_problems,
)
from apoa_client.settings.variables import values_from

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class SettingsFile(NamedTuple):
    """A settings file that was read. The text is None if there is no file."""

    path: Path
    text: str | None
    tables: Tables


def load(path: Path, site: SiteFile | None = None, environ: Mapping[str, str] = _NO_VARIABLES) -> Config:
    """Return the settings of the environment above those of the user's file above those of the file for all users.

    No file need exist. Raises `SettingsProblem`, which names the file and the place, or the variable, also if another
    user can change a file. What is wrong with one property or mapping alone stops no other one: it is in the result.
    """
    for_all = NOTHING if site is None else read_site_file(site).tables
    problems: Problems = {}
    user = read_user_file(path, problems)
    config = merge(user.tables, path, user.text or "", for_all, problems=problems)
    return with_environment(with_problems(config, problems), environ)


def with_environment(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the settings with the values that the environment gives. Raises `SettingsProblem` for a wrong one."""
    given = values_from(environ) if environ else {}
    if not given:
        return config
    properties = {name: each.with_values(given) for name, each in config.properties.items()}
    return config._replace(properties=properties, environment=given)


def read_user_file(path: Path, problems: Problems | None = None) -> SettingsFile:
    """Read the user's settings file. Raises `SettingsProblem` as `parse_tables` does."""
    check_permissions(path)
    text = read_text(path)
    return SettingsFile(path, text, NOTHING if text is None else parse_tables(text, path, problems=problems))


def read_site_file(site: SiteFile) -> SettingsFile:
    """Read the settings file for all users. Raises `SettingsProblem` as `load` does, and if a named file is missing."""
    check_shared_file(site.path)
    # Again while it is open: where others can add files, as in Windows' ProgramData, theirs may have appeared since.
    text = read_text(site.path, check_shared_file)
    if text is None and site.named:
        raise SettingsProblem(
            msg("The settings file {path}, which APOA_SITE_CONFIG names, is missing.", path=str(site.path)),
            msg("Correct the variable, or leave it empty to use no settings for all users."),
            name="site_file_missing",
        )
    try:
        tables = NOTHING if text is None else parse_tables(text, site.path, site=True)
    except SettingsProblem as exc:
        if exc.advice in {CORRECT_LINE, UNKNOWN_KEY}:
            exc.advice = msg("Ask an administrator. Until then, an empty APOA_SITE_CONFIG leaves the file out.")
        raise
    return SettingsFile(site.path, text, tables)


def read_text(path: Path, check: Callable[[Path], None] | None = None) -> str | None:
    """Return the text of a settings file, or None if there is none. `check` is called while it is open.

    Raises `SettingsProblem` as `load` does, and what `check` raises.
    """
    try:
        content = wait_while_in_use(path, lambda: _read(path, check))
    except FileNotFoundError:
        return None
    except FileInUse:
        raise file_in_use(str(path)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be read: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin to make the file readable for this user."),
        ) from None
    if len(content) > MAX_BYTES:
        raise too_long(path, MAX_BYTES)
    try:
        return decode_text(content)
    except UnicodeDecodeError as exc:
        raise invalid(path, str(exc)) from None


def _read(path: Path, check: Callable[[Path], None] | None) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for a writer
        raise OSError(errno.EINVAL, "not a file")
    with path.open("rb") as file:
        if check is not None:
            check(path)
        return file.read(MAX_BYTES + 1)
