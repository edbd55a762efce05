"""Where the value of each setting comes from: the environment, a line of a file, or the program."""

from collections.abc import Mapping
from typing import NamedTuple

from apoa_client.locale import parse_language
from apoa_client.settings.config import Config
from apoa_client.settings.definitions import Value
from apoa_client.settings.folders import Folders
from apoa_client.settings.parsing import DEFAULTS, NOTHING, Problems, Tables, line_of, merge, with_problems
from apoa_client.settings.reading import SettingsFile, read_site_file, read_user_file, with_environment
from apoa_client.settings.setting_keys import SettingKey
from apoa_client.settings.variables import values_from
from apoa_client.settings.writer import Change, changed

ENVIRONMENT, USER, SITE, DEFAULT = "environment", "user", "site", "default"


class Origin(NamedTuple):
    """A value and its source. The place is a file or a variable; the line is None if it is not known."""

    value: Value | None
    source: str
    place: str = ""
    line: int | None = None


class Origins:
    """The settings of the files and the environment, each with its origin. Raises `SettingsProblem`.

    `problems` says what is wrong with one property alone, by its name.
    """

    def __init__(
        self, user: SettingsFile, site: SettingsFile | None, environ: Mapping[str, str], problems: Problems
    ) -> None:
        self.user = user
        self._problems = problems
        self._site = site
        self._environ = environ
        self._given: dict[str, Value] = {**values_from(environ), **_general_values(environ)}

    @classmethod
    def read(cls, folders: Folders, environ: Mapping[str, str]) -> "Origins":
        """Read the files."""
        site = None if folders.site is None else read_site_file(folders.site)
        problems: Problems = {}
        return cls(read_user_file(folders.config, problems), site, environ, problems)

    def after(self, change: Change) -> "Origins":
        """Return the settings as they are after a change of the user's file, without what was wrong before."""
        return Origins(self.user._replace(tables=changed(self.user.tables, [change])), self._site, self._environ, {})

    @property
    def config(self) -> Config:
        """The settings, as `apoa_client.settings.reading.load` returns them."""
        for_all = self._site.tables if self._site is not None else NOTHING
        problems = dict(self._problems)
        config = merge(self.user.tables, self.user.path, self.user.text or "", for_all, problems=problems)
        return with_environment(with_problems(config, problems), self._environ)

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
