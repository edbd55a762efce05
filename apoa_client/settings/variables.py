"""Environment variables that replace settings of the files: for containers and for jobs of the system.

The address, the account and the program's own settings have none: a variable that is left over would send guests'
data, and a password that comes from the environment, to another server.
"""

from collections.abc import Mapping

from apoa_client.errors import SettingsProblem
from apoa_client.locale import LANGUAGES, parse_language
from apoa_client.messages import Message, literal, msg
from apoa_client.settings.definitions import OF_A_PROPERTY, Value, WrongValue


def values_from(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return the settings of every property that the environment gives, by name. An empty variable gives none.

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
