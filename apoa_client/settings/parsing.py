"""The text of a settings file, checked strictly: a typing mistake is reported with its place, never guessed around."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from apoa_client.errors import SettingsProblem
from apoa_client.messages import Message, msg
from apoa_client.settings.config import Config, PropertySettings
from apoa_client.settings.definitions import GENERAL, OF_A_PROPERTY, SECRETS, Definition, Value, WrongValue
from apoa_client.settings.folders import NAME_FORM, valid_name

if TYPE_CHECKING:
    from apoa_client.settings.column_mappings import ColumnMapping, WrongMapping

MAX_BYTES = 1024 * 1024
"""The largest settings file: hundreds of properties."""
_MAX_LINE = 2000
"""Characters. tomllib takes hours for a key with a million dots, and no setting is nearly so long."""

DEFAULTS = "defaults"
"""The table with values for all properties."""
PROPERTY = "property"
"""The table with one table for each property."""
MAP = "map"
"""The table with one table for each mapping of columns."""

_NOT_COMPARED = r"[\s\"']"
"""Blanks and quotation marks, which keys may have around them."""

_NONE: Mapping[str, Value] = MappingProxyType({})

Problems: TypeAlias = Mapping[str, SettingsProblem]
"""What is wrong with single properties or single mappings, by name."""
_NO_PROBLEMS: Problems = MappingProxyType({})
_Read = TypeVar("_Read")


class Tables(NamedTuple):
    """The values that one settings file sets, checked one by one. What is wrong with one alone is left out."""

    general: Mapping[str, Value] = _NONE
    defaults: Mapping[str, Value] = _NONE
    properties: Mapping[str, Mapping[str, Value]] = MappingProxyType({})
    maps: "Mapping[str, ColumnMapping]" = MappingProxyType({})
    invalid: Problems = _NO_PROBLEMS
    invalid_maps: Problems = _NO_PROBLEMS


NOTHING = Tables()


def parse(text: str, path: Path) -> Config:
    """Parse the text of a user's settings file. Raises `SettingsProblem`, which names `path` and the place."""
    config = merge(parse_tables(text, path), path, text)
    for problem in (*config.invalid_maps.values(), *config.invalid.values()):
        raise problem
    return config


def parse_tables(text: str, path: Path, *, site: bool = False) -> Tables:
    """Return the values that the text of a settings file sets; `site` says that the file is for all users.

    Raises `SettingsProblem`, which names `path` and the place, unless it is about one property or mapping alone.
    """
    values = load_toml(text, path)
    try:
        tables = _parse_tables(values)
    except _InvalidSetting as exc:
        raise exc.located(path, text) from None
    known = {name: each for name, each in OF_A_PROPERTY.items() if not (site and each.is_own)}

    def check(name: str, table: Mapping[str, Value]) -> Mapping[str, Value]:
        place = f"[{PROPERTY}.{name}]"
        if not valid_name(name):
            raise _InvalidSetting(place, allowed=NAME_FORM)
        _check_table(table, known, place, known)
        return table

    maps, invalid_maps = _maps(values[MAP], path, text) if MAP in values else ({}, _NO_PROBLEMS)
    properties, invalid = _each(tables.properties, check, path, text)
    return tables._replace(properties=properties, maps=maps, invalid=invalid, invalid_maps=invalid_maps)


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


def merge(user: Tables, path: Path, text: str, site: Tables = NOTHING) -> Config:
    """Return the settings of a user's file above those for all users. Only the user's properties are set up here.

    A property that lacks a required setting is invalid, with the place in the `text` of the file.
    """
    general = {**site.general, **user.general}
    config = Config(
        language=str(general.get("language", "")),
        default_property=str(general.get("default_property", "")),
        inherited={name: _inherited(name, user, site) for name in {**site.properties, **user.properties}},
        defaults={**site.defaults, **user.defaults},
        maps={**site.maps, **user.maps},
        invalid_maps=user.invalid_maps,
    )

    def build(name: str, table: Mapping[str, Value]) -> PropertySettings:
        return _property(name, table, config)

    properties, invalid = _each(user.properties, build, path, text)
    return config._replace(properties=properties, invalid={**user.invalid, **invalid})


def _each(
    tables: Mapping[str, Mapping[str, Value]],
    read: Callable[[str, Mapping[str, Value]], _Read],
    path: Path,
    text: str,
) -> tuple[dict[str, _Read], Problems]:
    """Return what `read` makes of the table of each property, and what is wrong with the others."""
    found: dict[str, _Read] = {}
    problems: dict[str, SettingsProblem] = {}
    for name, table in tables.items():
        try:
            found[name] = read(name, table)
        except _InvalidSetting as exc:
            problems[name] = exc.located(path, text)
    return found, problems


def _maps(values: object, path: Path, text: str) -> "tuple[dict[str, ColumnMapping], Problems]":
    """Return the mappings by name, and what is wrong with the others."""
    from apoa_client.settings.column_mappings import WrongMapping, parse_mapping  # start-up

    if not isinstance(values, dict):
        raise _InvalidSetting("", MAP).located(path, text)
    found: dict[str, ColumnMapping] = {}
    problems: dict[str, SettingsProblem] = {}
    for name, table in values.items():
        place = f"{MAP}.{name}"
        try:
            mapping = parse_mapping(table)
        except WrongMapping as exc:
            problems[name] = wrong_mapping(exc, path, text, place)
        else:
            if valid_name(name):
                found[name] = mapping
            else:
                problems[name] = _InvalidSetting(f"[{place}]", allowed=NAME_FORM).located(path, text)
    return found, problems


def wrong_mapping(error: "WrongMapping", path: Path, text: str, place: str = "") -> SettingsProblem:
    """Return the error for the user about a mapping in a file, in the table at `place`, with the line."""
    table = ".".join(filter(None, (place, error.table)))
    heading = f"[{table}]" if table else ""
    advice = msg("Did you mean {name}? Correct that line with a text editor.", name=error.near) if error.near else None
    invalid_setting = _InvalidSetting(
        heading, error.key, allowed=error.problem, advice=advice, name="mapping_not_right"
    )
    return invalid_setting.located(path, text)


def _inherited(name: str, user: Tables, site: Tables) -> Mapping[str, Value]:
    """Return the values that apply to a property if its own table in the user's file does not set them."""
    return {**site.defaults, **site.properties.get(name, {}), **user.defaults}


def _property(name: str, table: Mapping[str, Value], config: Config) -> PropertySettings:
    settings = config.inherited_settings(name).with_values(table)
    for key in ("public_key",) if settings.by_hand else ("api_url", "public_key"):
        if not getattr(settings, key):
            raise _InvalidSetting(f"[{PROPERTY}.{name}]", key, allowed=OF_A_PROPERTY[key].allowed)
    return settings


CORRECT_LINE = msg("Correct that line with a text editor, or move the file away and run: apoa setup. Reports are kept.")
UNKNOWN_KEY = msg(
    "If a newer version of apoa-client wrote it, update apoa-client on this computer. Otherwise correct or remove that "
    "line with a text editor."
)


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


class _InvalidSetting(Exception):
    """A setting with an invalid key or value in a table of the file."""

    def __init__(
        self,
        table: str,
        key: str = "",
        value: str = "",
        *,
        allowed: Message | None = None,
        advice: Message | None = None,
        name: str = "",
    ) -> None:
        super().__init__(table, key)
        self.table = table
        self.key = key
        self.advice = advice
        self.name = name
        place = " ".join(filter(None, (table, key, value)))
        self.description: str | Message = place
        if allowed is not None:
            self.description = msg("{place}. Allowed: {values}", place=place, values=allowed)

    def located(self, path: Path, text: str) -> SettingsProblem:
        """Return the error for the user, with the line in the text of the file."""
        line = line_of(text, self.table, self.key)
        return invalid(path, self.description, line, advice=self.advice, name=self.name)


def _unknown_key(table: str, key: str, names: Iterable[str]) -> "_InvalidSetting":
    """Return the error about a key that is none of `names`, with the nearest one."""
    if key in SECRETS:
        advice = msg("No secret belongs in a settings file. Remove the line, and store the password with: apoa login")
        return _InvalidSetting(table, key, advice=advice)
    if key in OF_A_PROPERTY and OF_A_PROPERTY[key].is_own:
        advice = msg("It belongs to one property on one computer: only its own table in the user's file may have it.")
        return _InvalidSetting(table, key, advice=advice)
    from apoa_client.matching import close_matches

    near = close_matches(key, list(names), limit=1)
    if near:
        advice = msg(
            "Did you mean {name}? Correct that line with a text editor. If a newer version of apoa-client wrote it, "
            "update apoa-client on this computer.",
            name=near[0],
        )
        return _InvalidSetting(table, key, advice=advice)
    error = _InvalidSetting(table, key, advice=UNKNOWN_KEY)
    place, known = " ".join(filter(None, (table, key))), ", ".join(sorted(names))
    error.description = msg("{place} is no setting. Allowed: {values}", place=place, values=known)
    return error


def _not_toml(path: Path, text: str, problem: str) -> SettingsProblem:
    """Return the error about text that tomllib refuses: with the line, and what tomllib says, which is English."""
    reason, _bracket, place = problem.partition(" (at ")
    line = re.match(r"line (\d+)", place)
    number = int(line[1]) if line is not None else text.rstrip().count("\n") + 1 if place else 0
    return invalid(path, msg("it is not TOML: {reason}", reason=reason.rstrip(".")), number)


def _parse_tables(value: Mapping[str, Any]) -> Tables:
    """Return the values, of which those of the properties are not checked yet."""
    general = {key: each for key, each in value.items() if key not in {DEFAULTS, PROPERTY, MAP}}
    _check_table(general, GENERAL, "", (*GENERAL, PROPERTY, DEFAULTS, MAP))
    tables = value.get(PROPERTY, {})
    if not isinstance(tables, dict):
        raise _InvalidSetting("", PROPERTY)
    shared = {name: each for name, each in OF_A_PROPERTY.items() if not each.is_own}
    defaults = value.get(DEFAULTS, {})
    _check_table(defaults, shared, f"[{DEFAULTS}]", shared)
    return Tables(general, defaults, tables)


def _check_table(table: object, known: Mapping[str, Definition], place: str, names: Iterable[str]) -> None:
    """Raise `_InvalidSetting` unless each key is one of `names` and each value is allowed."""
    if not isinstance(table, dict):
        raise _InvalidSetting(place)
    for key, value in table.items():
        if key not in known:
            raise _unknown_key(place, key, names)
        try:
            known[key].check(value)
        except WrongValue as exc:
            raise _InvalidSetting(
                place, key, exc.shown, allowed=exc.allowed, advice=exc.advice, name=exc.name
            ) from None
