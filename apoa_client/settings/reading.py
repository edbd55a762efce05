"""Reads the settings: environment variables, above the user's config.toml, above an administrator's for all users.

Reading uses the standard library only, because every command does it. `apoa_client.settings.writer` writes the user's
file and keeps the admin's comments.
"""

import errno
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from apoa_client.decoding import decode_text
from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.locale import LANGUAGES, parse_language
from apoa_client.messages import Message, literal, msg
from apoa_client.permissions import check_permissions, check_shared_file
from apoa_client.settings.config import OF_A_PROPERTY, Config
from apoa_client.settings.definitions import Value, WrongValue
from apoa_client.settings.folders import SiteFile
from apoa_client.settings.parsing import (
    CORRECT_LINE,
    MAX_BYTES,
    NO_FILE,
    UNKNOWN_KEY,
    SettingsFile,
    invalid,
    merge,
    parse_file,
    too_long,
)

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


def load(path: Path, site: SiteFile | None = None, environ: Mapping[str, str] = _NO_VARIABLES) -> Config:
    """Return the settings of the environment above those of the user's file above those of the file for all users.

    No file need exist. Raises `SettingsProblem`, which names the file and the place, or the variable, also if another
    user can change a file. What is wrong with one property or mapping alone stops no other one: it is in the result.
    """
    return with_environment(merge(*read_files(path, site)), environ)


def read_files(path: Path, site: SiteFile | None) -> tuple[SettingsFile, SettingsFile]:
    """Return the user's file and the one for all users. Raises `SettingsProblem` as `load` does."""
    for_all = NO_FILE if site is None else _read_site_file(site)
    check_permissions(path)
    return parse_file(path, read_text(path)), for_all


def with_environment(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the settings with the values that the environment gives. Raises `SettingsProblem` for a wrong one."""
    given = values_from(environ) if environ else {}
    if not given:
        return config
    properties = {name: each.with_values(given) for name, each in config.properties.items()}
    return config._replace(properties=properties, environment=given)


def _read_site_file(site: SiteFile) -> SettingsFile:
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
        file = parse_file(site.path, text, site=True)
        for problem in file.invalid.values():
            raise problem
    except SettingsProblem as exc:
        if exc.advice in {CORRECT_LINE, UNKNOWN_KEY}:
            exc.advice = msg("Ask an administrator. Until then, an empty APOA_SITE_CONFIG leaves the file out.")
        raise
    return file


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


def values_from(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return the settings of every property that the environment gives, by name. An empty variable gives none.

    The address, the account and the program's own settings have no variable: one that is left over would send guests'
    data, and a password that comes from the environment, to another server.

    Raises `SettingsProblem`, which names the variable and what is allowed, also for the language.
    """
    language = environ.get("APOA_LANG", "")
    if language and not parse_language(language):
        raise _wrong("APOA_LANG", literal(", ".join(LANGUAGES)))
    values: dict[str, Value] = {}
    for name, each in OF_A_PROPERTY.items():
        given = environ.get(each.variable, "") if each.variable else ""
        if given:
            try:
                values[name] = each.parse(given)
            except WrongValue as exc:
                raise _wrong(each.variable, exc.allowed, exc.advice) from None
    return values


def _wrong(variable: str, allowed: Message, advice: Message | None = None) -> SettingsProblem:
    return SettingsProblem(
        msg("The environment variable {variable} is not right. Allowed: {values}", variable=variable, values=allowed),
        advice or msg("Correct it where it is set, or unset it: then the setting in the file applies."),
        name="variable_not_right",
    )
