"""Which setting a user names, and where its value comes from: the environment, a line of a file, or the program.

The name is `language`, `retention_days` of the chosen property, or `property.melati.vault`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from apoa_client.errors import UsageProblem
from apoa_client.locale import parse_language
from apoa_client.messages import msg
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY, Config
from apoa_client.settings.definitions import SECRETS, Definition, Value
from apoa_client.settings.folders import Folders
from apoa_client.settings.reading import (
    PROPERTY,
    SettingsFile,
    config_of,
    line_of,
    read_file,
    values_from,
    with_environment,
)
from apoa_client.settings.writer import Change, changed

_SEPARATOR = "."
_PROPERTY_AND_KEY = 2


class SettingKey(NamedTuple):
    """A setting in a table of the settings: `()` or `("property", NAME)`."""

    table: tuple[str, ...]
    definition: Definition

    @property
    def text(self) -> str:
        """The whole name, such as property.melati.vault."""
        return _SEPARATOR.join((*self.table, self.definition.name))

    @property
    def property_name(self) -> str:
        """The name of the property; empty for a setting of the program."""
        return self.table[-1] if self.table else ""


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
    if table[0] == PROPERTY and len(table) == _PROPERTY_AND_KEY:
        return SettingKey((PROPERTY, table[1]), _find(name, OF_A_PROPERTY, OF_A_PROPERTY))
    raise UsageProblem(
        msg("There is no setting {key}.", key=text),
        msg("Write KEY or property.NAME.KEY. All settings: apoa config explain"),
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
    from apoa_client.texts import close_matches

    near = close_matches(name, list(names), limit=1)
    if near:
        advice = msg("Did you mean {name}? All settings: apoa config explain", name=near[0])
    else:
        advice = msg("All settings: apoa config explain")
    raise UsageProblem(msg("There is no setting {key}.", key=name), advice)


ENVIRONMENT, USER, DEFAULT = "environment", "user", "default"


class Origin(NamedTuple):
    """A value and its source. The place is a file or a variable; the line is None if it is not known."""

    value: Value | None
    source: str
    place: str = ""
    line: int | None = None


class Origins:
    """The settings of the file and the environment, each with its origin. Raises `SettingsProblem`."""

    def __init__(self, user: SettingsFile, environ: Mapping[str, str]) -> None:
        self.user = user
        self._environ = environ
        self._given: dict[str, Value] = {**values_from(environ), **_general_values(environ)}

    @classmethod
    def read(cls, folders: Folders, environ: Mapping[str, str]) -> "Origins":
        """Read the file."""
        return cls(read_file(folders.config), environ)

    def after(self, change: Change) -> "Origins":
        """Return the settings as they are after a change of the user's file."""
        return Origins(self.user._replace(values=changed(self.user.values, [change])), self._environ)

    @property
    def config(self) -> Config:
        """The settings, as `apoa_client.settings.reading.load` returns them."""
        return with_environment(config_of(self.user), self._environ)

    def of(self, setting_key: SettingKey) -> Origin:
        """Return the value that applies to a setting, and where it comes from."""
        name, table = setting_key.definition.name, setting_key.table
        if name in self._given:
            return Origin(self._given[name], ENVIRONMENT, setting_key.definition.variable)
        if not self.is_in_file(setting_key):
            return Origin(setting_key.definition.default, DEFAULT)
        line = line_of(self.user.text or "", f"[{'.'.join(table)}]" if table else "", name)
        return Origin(self.user.table(*table)[name], USER, str(self.user.path), line or None)

    def is_in_file(self, setting_key: SettingKey) -> bool:
        """Return whether the user's file itself sets this setting, in this table."""
        return setting_key.definition.name in self.user.table(*setting_key.table)


def _general_values(environ: Mapping[str, str]) -> dict[str, Value]:
    given = {"language": parse_language(environ.get("APOA_LANG", "")), "default_property": environ.get("APOA_PROPERTY")}
    return {name: value for name, value in given.items() if value}
