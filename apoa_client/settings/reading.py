"""Reads the settings: environment variables, above the user's config.toml.

Reading uses the standard library only, because every command does it. `apoa_client.settings.writer` writes the user's
file and keeps the admin's comments.
"""

import errno
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.locale import LANGUAGES, parse_language
from apoa_client.messages import Message, literal, msg
from apoa_client.permissions import check_permissions
from apoa_client.settings.config import OF_A_PROPERTY, Config
from apoa_client.settings.definitions import Value, WrongValue
from apoa_client.settings.parsing import MAX_BYTES, SettingsFile, config_of, invalid, parse_file, too_long
from apoa_client.texts import decode_text

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


def load(path: Path, environ: Mapping[str, str] = _NO_VARIABLES) -> Config:
    """Return the settings of the environment above those of the user's file.

    The file need not exist. Raises `SettingsProblem`, which names the file and the place, or the variable, also if
    another user can change the file. What is wrong with one property or mapping alone stops no other one: it is in the
    result.
    """
    return with_environment(config_of(read_file(path)), environ)


def read_file(path: Path) -> SettingsFile:
    """Return the user's file. Raises `SettingsProblem` as `load` does."""
    check_permissions(path)
    return parse_file(path, read_text(path))


def with_environment(config: Config, environ: Mapping[str, str]) -> Config:
    """Return the settings with the values that the environment gives. Raises `SettingsProblem` for a wrong one."""
    given = values_from(environ) if environ else {}
    if not given:
        return config
    properties = {name: each.with_values(given) for name, each in config.properties.items()}
    return config._replace(properties=properties, environment=given)


def read_text(path: Path) -> str | None:
    """Return the text of a settings file, or None if there is none. Raises `SettingsProblem` as `load` does."""
    try:
        content = wait_while_in_use(path, lambda: _read(path))
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


def _read(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for a writer
        raise OSError(errno.EINVAL, "not a file")
    with path.open("rb") as file:
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
