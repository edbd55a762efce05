"""How a user names one setting: `language`, `retention_days` of the chosen property, or `property.melati.vault`."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.definitions import GENERAL, OF_A_PROPERTY, SECRETS, Definition
from apoa_client.settings.parsing import DEFAULTS, PROPERTY

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
