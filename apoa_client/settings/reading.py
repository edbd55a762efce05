"""Reads the settings: environment variables, above the user's config.toml, which is checked strictly.

A typing mistake is reported with its place, never guessed around. Reading uses the standard library only, because every
command does it. `apoa_client.settings.writer` writes the user's file and keeps the admin's comments.
"""

import errno
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.locale import LANGUAGES, parse_language
from apoa_client.messages import Message, literal, msg
from apoa_client.permissions import check_permissions
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY, Config, PropertySettings, new_property
from apoa_client.settings.definitions import SECRETS, Definition, Value, WrongValue
from apoa_client.settings.folders import NAME_FORM, valid_name
from apoa_client.texts import decode_text

if TYPE_CHECKING:
    from apoa_client.settings.column_mappings import ColumnMapping, WrongMapping


MAX_BYTES = 1024 * 1024
"""The largest settings file: hundreds of properties."""
_MAX_LINE = 2000
"""Characters. tomllib takes hours for a key with a million dots, and no setting is nearly so long."""

PROPERTY = "property"
"""The table with one table for each property."""
MAP = "map"
"""The table with one table for each mapping of columns."""

_NOT_COMPARED = r"[\s\"']"
"""Blanks and quotation marks, which keys may have around them."""

CORRECT_LINE = msg("Correct that line with a text editor, or move the file away and run: apoa setup. Reports are kept.")
UNKNOWN_KEY = msg(
    "If a newer version of apoa-client wrote it, update apoa-client on this computer. Otherwise correct or remove that "
    "line with a text editor."
)


class SettingsFile(NamedTuple):
    """A settings file whose values were checked one by one. The text is None if there is no file."""

    path: Path
    text: str | None
    values: Mapping[str, Any] = MappingProxyType({})
    """What the text says, as TOML."""
    maps: "Mapping[str, ColumnMapping]" = MappingProxyType({})
    invalid: Mapping[tuple[str, ...], SettingsProblem] = MappingProxyType({})
    """What is wrong with a single property or mapping alone, by its table."""

    def table(self, *names: str) -> Mapping[str, Any]:
        """Return the values of a table, such as ``property``, ``melati``; without names, of the whole program.

        Empty for a table that is missing or invalid.
        """
        if not names:
            return {name: each for name, each in self.values.items() if name not in {PROPERTY, MAP}}
        found: Mapping[str, Any] = {} if names in self.invalid else self.values
        for name in names:
            found = found.get(name, {})
        return found

    @property
    def properties(self) -> list[str]:
        """The names of the properties in it, without invalid ones."""
        return [name for name in self.values.get(PROPERTY, {}) if (PROPERTY, name) not in self.invalid]

    def problem(
        self,
        table: str,
        key: str = "",
        shown: str = "",
        *,
        allowed: Message | None = None,
        advice: Message | None = None,
        name: str = "",
    ) -> SettingsProblem:
        """Return the error about a key, or a value of which `shown` is shown, in a table such as [property.melati]."""
        place: str | Message = " ".join(filter(None, (table, key, shown)))
        if allowed is not None:
            place = msg("{place}. Allowed: {values}", place=place, values=allowed)
        return self.problem_at(place, table, key, advice=advice, name=name)

    def problem_at(
        self, place: str | Message, table: str, key: str, *, advice: Message | None, name: str = ""
    ) -> SettingsProblem:
        """Return the error about a key of a table, in these words, with its line."""
        return invalid(self.path, place, line_of(self.text or "", table, key), advice=advice, name=name)


def parse(text: str, path: Path) -> Config:
    """Parse the text of a user's settings file. Raises `SettingsProblem`, which names `path` and the place."""
    config = config_of(parse_file(path, text))
    for problem in (*config.invalid_maps.values(), *config.invalid.values()):
        raise problem
    return config


def parse_file(path: Path, text: str | None) -> SettingsFile:
    """Return what the text of a settings file says.

    Raises `SettingsProblem`, which names `path` and the place, unless it is about one property or mapping alone.
    """
    file = SettingsFile(path, text)
    if text is None:
        return file
    file = file._replace(values=load_toml(text, path))
    _check_table(file, "", file.table(), GENERAL, (*GENERAL, PROPERTY, MAP))
    problems: dict[tuple[str, ...], SettingsProblem] = {}
    maps: dict[str, ColumnMapping] = {}
    for kind in (PROPERTY, MAP):
        if not isinstance(file.values.get(kind, {}), dict):
            raise file.problem("", kind)
        for name, table in file.values.get(kind, {}).items():
            try:
                if not valid_name(name):
                    raise file.problem(f"[{kind}.{name}]", allowed=NAME_FORM)
                if kind == MAP:
                    maps[name] = _mapping(file, name, table)
                else:
                    _check_table(file, f"[{PROPERTY}.{name}]", table, OF_A_PROPERTY, OF_A_PROPERTY)
            except SettingsProblem as exc:
                problems[kind, name] = exc
    return file._replace(maps=maps, invalid=problems)


def load_toml(text: str, path: Path) -> dict[str, Any]:
    """Return the values in the text of a TOML file. Raises `SettingsProblem` with the line."""
    if len(text) > MAX_BYTES:
        raise too_long(path, MAX_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _MAX_LINE:
            raise too_long(path, _MAX_LINE, number)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # a number of many digits is the former, too
        raise _not_toml(path, text, str(exc)) from None


def config_of(file: SettingsFile) -> Config:
    """Return the settings of a file. A property that lacks a required setting is invalid."""
    general = file.table()
    properties: dict[str, PropertySettings] = {}
    problems = {PROPERTY: dict[str, SettingsProblem](), MAP: dict[str, SettingsProblem]()}
    for (kind, name), problem in file.invalid.items():
        problems[kind][name] = problem
    for name in file.properties:
        settings = new_property(name).with_values(file.table(PROPERTY, name))
        required = ("public_key",) if settings.by_hand else ("api_url", "public_key")
        missing = [key for key in required if not getattr(settings, key)]
        if missing:
            allowed = OF_A_PROPERTY[missing[0]].allowed
            problems[PROPERTY][name] = file.problem(f"[{PROPERTY}.{name}]", missing[0], allowed=allowed)
        else:
            properties[name] = settings
    return Config(
        language=general.get("language", ""),
        default_property=general.get("default_property", ""),
        properties=properties,
        invalid=problems[PROPERTY],
        maps=file.maps,
        invalid_maps=problems[MAP],
    )


def _mapping(file: SettingsFile, name: str, table: object) -> "ColumnMapping":
    from apoa_client.settings.column_mappings import WrongMapping, parse_mapping  # start-up

    try:
        return parse_mapping(table)
    except WrongMapping as exc:
        raise wrong_mapping(exc, file, f"{MAP}.{name}") from None


def wrong_mapping(error: "WrongMapping", file: SettingsFile, place: str = "") -> SettingsProblem:
    """Return the error for the user about a mapping in a file, in the table at `place`, with the line."""
    table = ".".join(filter(None, (place, error.table)))
    heading = f"[{table}]" if table else ""
    advice = msg("Did you mean {name}? Correct that line with a text editor.", name=error.near) if error.near else None
    return file.problem(heading, error.key, allowed=error.problem, advice=advice, name="mapping_not_right")


def invalid(
    path: Path, place: str | Message, line: int = 0, *, advice: Message | None = None, name: str = ""
) -> SettingsProblem:
    """Return the error about a place in the file. The line is 0 if it is not known."""
    message = msg("The settings file {path} is not right: {place}.", path=str(path), place=place)
    if line:
        message = msg(
            "Line {line} of the settings file {path} is not right: {place}.", line=line, path=str(path), place=place
        )
    return SettingsProblem(message, CORRECT_LINE if advice is None else advice, name=name)


def too_long(path: Path, most: int, line: int = 0) -> SettingsProblem:
    """Return the error about a file, or a line of it, that has more than `most` characters."""
    return invalid(path, msg("it has more than {most} characters", most=most), line)


def line_of(text: str, table: str, key: str) -> int:
    """Return the line of a key in a table such as ``[property.melati]``, else that of the table; 0 if there is none."""
    found, current = 0, ""
    table, key = (re.sub(_NOT_COMPARED, "", each) for each in (table, key))
    for number, line in enumerate(text.splitlines(), 1):
        tidy = re.sub(_NOT_COMPARED, "", line)
        if tidy.startswith("["):
            current = tidy.partition("]")[0] + "]"
            found = number if current == table else found
        elif current == table and key and tidy.startswith(f"{key}="):
            return number
    return found


def _unknown_key(file: SettingsFile, table: str, key: str, names: Iterable[str]) -> SettingsProblem:
    """Return the error about a key that is none of `names`, with the nearest one."""
    if key in SECRETS:
        advice = msg("No secret belongs in a settings file. Remove the line, and store the password with: apoa login")
        return file.problem(table, key, advice=advice)
    from apoa_client.texts import close_matches

    near = close_matches(key, list(names), limit=1)
    if near:
        advice = msg(
            "Did you mean {name}? Correct that line with a text editor. If a newer version of apoa-client wrote it, "
            "update apoa-client on this computer.",
            name=near[0],
        )
        return file.problem(table, key, advice=advice)
    place, known = " ".join(filter(None, (table, key))), ", ".join(sorted(names))
    no_setting = msg("{place} is no setting. Allowed: {values}", place=place, values=known)
    return file.problem_at(no_setting, table, key, advice=UNKNOWN_KEY)


def _not_toml(path: Path, text: str, problem: str) -> SettingsProblem:
    """Return the error about text that tomllib refuses: with the line, and what tomllib says, which is English."""
    reason, _bracket, place = problem.partition(" (at ")
    line = re.match(r"line (\d+)", place)
    number = int(line[1]) if line is not None else text.rstrip().count("\n") + 1 if place else 0
    return invalid(path, msg("it is not TOML: {reason}", reason=reason.rstrip(".")), number)


def _check_table(
    file: SettingsFile, place: str, table: object, known: Mapping[str, Definition], names: Iterable[str]
) -> None:
    """Raise `SettingsProblem` unless each key is one of `names` and each value is allowed."""
    if not isinstance(table, dict):
        raise file.problem(place)
    for key, value in table.items():
        if key not in known:
            raise _unknown_key(file, place, key, names)
        try:
            known[key].check(value)
        except WrongValue as exc:
            raise file.problem(place, key, exc.shown, allowed=exc.allowed, advice=exc.advice, name=exc.name) from None


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
