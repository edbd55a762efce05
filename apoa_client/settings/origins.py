"""Which setting a user names, and where its value comes from: the environment, a line of a file, or the program.

The name is `language`, `retention_days` of the chosen property, or `property.melati.vault`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from apoa_client.errors import UsageProblem
from apoa_client.locale import parse_language
from apoa_client.messages import msg
from apoa_client.settings.config import Config
from apoa_client.settings.definitions import GENERAL, OF_A_PROPERTY, SECRETS, Definition, Value
from apoa_client.settings.folders import Folders
from apoa_client.settings.parsing import DEFAULTS, NOTHING, PROPERTY, Tables, line_of, merge
from apoa_client.settings.reading import SettingsFile, read_site_file, read_user_file, values_from, with_environment
from apoa_client.settings.writer import Change, changed

_SEPARATOR = "."
_PROPERTY_AND_KEY = 2


class SettingKey(NamedTuple):
    """A setting in a table of the settings: `()`, `("defaults",)` or `("property", NAME)`."""

    table: tuple[str, ...]
    definition: Definition

    @property
    def text(self) -> str:
        """The whole name, such as property.melati.vault."""
        return _SEPARATOR.join((*self.table, self.definition.name))

    @property
    def property_name(self) -> str:
        """The name of the property; empty for a setting of the program or a default."""
        return self.table[-1] if self.table[:1] == (PROPERTY,) else ""


def parse_setting_key(text: str, chosen_property: Callable[[], str]) -> SettingKey:
    """Return the key of the setting that a user names. `chosen_property` returns the property if the name has none.

    Raises `UsageProblem`, with the nearest name, and what `chosen_property` raises.
    """
    *table, last = text.strip().split(_SEPARATOR)
    name = last.casefold().replace("-", "_")
    if not table:
        if name in GENERAL:
            return SettingKey((), GENERAL[name])
        definition = _find(name, OF_A_PROPERTY, [*GENERAL, *OF_A_PROPERTY])
        return SettingKey((PROPERTY, chosen_property()), definition)
    if table == [DEFAULTS]:
        shared = {each.name: each for each in OF_A_PROPERTY.values() if not each.is_own}
        return SettingKey((DEFAULTS,), _find(name, shared, shared))
    if table[0] == PROPERTY and len(table) == _PROPERTY_AND_KEY:
        return SettingKey((PROPERTY, table[1]), _find(name, OF_A_PROPERTY, OF_A_PROPERTY))
    raise UsageProblem(
        msg("There is no setting {key}.", key=text),
        msg("Write KEY, property.NAME.KEY or defaults.KEY. All settings: apoa config explain"),
    )


def find_definition(text: str) -> Definition:
    """Return the setting that a user names, whichever property it is of. Raises as `parse_setting_key`."""
    return parse_setting_key(text, str).definition


def _find(name: str, known: Mapping[str, Definition], names: Iterable[str]) -> Definition:
    if name in known:
        return known[name]
    if name in SECRETS:
        raise UsageProblem(
            msg("{key} is a secret, and no secret is kept in a settings file.", key=name),
            msg(
                "Store the password with apoa login; see the keys with apoa key show. A secret that you typed here may "
                "be in your shell's history: delete it there, or change it."
            ),
        )
    from apoa_client.matching import close_matches

    near = close_matches(name, list(names), limit=1)
    if near:
        advice = msg("Did you mean {name}? All settings: apoa config explain", name=near[0])
    else:
        advice = msg("All settings: apoa config explain")
    raise UsageProblem(msg("There is no setting {key}.", key=name), advice)


ENVIRONMENT, USER, SITE, DEFAULT = "environment", "user", "site", "default"


class Origin(NamedTuple):
    """A value and its source. The place is a file or a variable; the line is None if it is not known."""

    value: Value | None
    source: str
    place: str = ""
    line: int | None = None


class Origins:
    """The settings of the files and the environment, each with its origin. Raises `SettingsProblem`."""

    def __init__(self, user: SettingsFile, site: SettingsFile | None, environ: Mapping[str, str]) -> None:
        self.user = user
        self._site = site
        self._environ = environ
        self._given: dict[str, Value] = {**values_from(environ), **_general_values(environ)}

    @classmethod
    def read(cls, folders: Folders, environ: Mapping[str, str]) -> "Origins":
        """Read the files."""
        site = None if folders.site is None else read_site_file(folders.site)
        return cls(read_user_file(folders.config), site, environ)

    def after(self, change: Change) -> "Origins":
        """Return the settings as they are after a change of the user's file, without what was wrong before."""
        return Origins(self.user._replace(tables=changed(self.user.tables, [change])), self._site, self._environ)

    @property
    def config(self) -> Config:
        """The settings, as `apoa_client.settings.reading.load` returns them."""
        for_all = self._site.tables if self._site is not None else NOTHING
        config = merge(self.user.tables, self.user.path, self.user.text or "", for_all)
        return with_environment(config, self._environ)

    def of(self, setting_key: SettingKey) -> Origin:
        """Return the value that applies to a setting, and where it comes from."""
        name = setting_key.definition.name
        if setting_key.table != (DEFAULTS,) and name in self._given:
            return Origin(self._given[name], ENVIRONMENT, setting_key.definition.variable)
        for file, source in ((self.user, USER), (self._site, SITE)):
            if file is not None:
                for table in _tables(setting_key):
                    values = _values_of(file.tables, table)
                    if name in values:
                        line = line_of(file.text or "", _heading(table), name)
                        return Origin(values[name], source, str(file.path), line or None)
        return Origin(setting_key.definition.default, DEFAULT)

    def is_in_file(self, setting_key: SettingKey) -> bool:
        """Return whether the user's file itself sets this setting, in this table."""
        return setting_key.definition.name in _values_of(self.user.tables, setting_key.table)


def _general_values(environ: Mapping[str, str]) -> dict[str, Value]:
    given = {"language": parse_language(environ.get("APOA_LANG", "")), "default_property": environ.get("APOA_PROPERTY")}
    return {name: value for name, value in given.items() if value}


def _tables(setting_key: SettingKey) -> list[tuple[str, ...]]:
    """Return the tables of a file in which a setting may be, the nearest first."""
    return [setting_key.table, *([(DEFAULTS,)] if setting_key.property_name else [])]


def _values_of(tables: Tables, table: tuple[str, ...]) -> Mapping[str, Value]:
    if not table:
        return tables.general
    return tables.defaults if table == (DEFAULTS,) else tables.properties.get(table[-1], {})


def _heading(table: tuple[str, ...]) -> str:
    return f"[{'.'.join(table)}]" if table else ""
