"""How settings look on a screen and as JSON."""

from collections.abc import Sequence
from typing import Any

from apoa_client.cli.terminal.command_names import localized_command, quote_words
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_definitions, print_line, sanitize, style_bold, write
from apoa_client.cli.terminal.tables import show_table
from apoa_client.messages import msg
from apoa_client.settings.definitions import CHOICE, NUMBER, PATH, TEXT, Definition, Value, typing_fields
from apoa_client.settings.origins import DEFAULT, ENVIRONMENT, Origin, SettingKey

Setting = tuple[SettingKey, Origin]

_KINDS = {TEXT: msg("text"), PATH: msg("path"), CHOICE: msg("choice"), NUMBER: msg("number")}


def show_settings(title: str, settings: Sequence[Setting]) -> None:
    """Show a group of settings: key, value, and where the value comes from."""
    print_line(style_bold(title))
    rows = [
        (setting_key.definition.name, value_text(setting_key.definition, origin), source_text(origin))
        for setting_key, origin in settings
    ]
    show_table([_("Key"), _("Value"), _("From")], rows)


def value_text(definition: Definition, origin: Origin) -> str:
    """Return a value for a screen; "-" if there is none."""
    if origin.value in (None, ""):
        return "-"
    return _("(not shown)") if definition.is_hidden else sanitize(str(origin.value))


def source_text(origin: Origin) -> str:
    """Return where a value comes from, in few words."""
    if origin.source == DEFAULT:
        return _("default")
    if origin.source == ENVIRONMENT:
        return sanitize(origin.place)
    file = _("file")
    return file if origin.line is None else _("{file}, line {line}").format(file=file, line=origin.line)


def setting_value(setting_key: SettingKey, origin: Origin) -> dict[str, Any]:
    """Return a setting as JSON values."""
    definition = setting_key.definition
    hidden = definition.is_hidden and origin.value is not None
    return {
        "key": setting_key.text,
        "value": None if hidden or origin.value == "" else origin.value,
        "default": definition.default,
        "source": origin.source,
        "place": origin.place or None,
        "line": origin.line,
        **_definition_fields(definition),
    }


def definition_value(definition: Definition) -> dict[str, Any]:
    """Return what a setting is, as JSON values."""
    fields = _definition_fields(definition)
    more = {"example": definition.example, "variable": definition.variable or None}
    return {"key": definition.name, "default": definition.default, **fields, **more}


def _definition_fields(definition: Definition) -> dict[str, Any]:
    allowed: Any = [choice for choice in definition.choices if choice] or None
    if definition.kind == NUMBER:
        allowed = {"least": 1, "most": definition.most}
    return {
        "settable": definition.set_instead is None,
        "type": definition.kind,
        "allowed": allowed,
        "meaning": text(definition.meaning),
    }


def show_definition(definition: Definition) -> None:
    """Show what a setting is."""
    unset = definition.unset
    rows = [
        (_("Meaning"), text(definition.meaning)),
        (_("Type"), text(_KINDS[definition.kind])),
        (_("Allowed"), text(definition.allowed)),
        (_("Default"), text(unset) if unset is not None else str(definition.default)),
    ]
    if definition.name == "by_hand_order":
        rows.append((_("Fields"), ", ".join(typing_fields())))
    if definition.variable:
        rows.append((_("Variable"), definition.variable))
    print_line(style_bold(definition.name))
    print_definitions(rows)
    if definition.set_instead is not None:
        print_line(text(definition.set_instead))
    else:
        print_line(_("Example:"))
        write("  " + localized_command(f"config set {definition.name} {quote_words([definition.example])}"))


def show_definitions(definitions: Sequence[Definition]) -> None:
    """Show all settings with what they mean."""
    print_definitions([(definition.name, text(definition.meaning)) for definition in definitions])
    print_line(_("One of them: apoa config explain {key}").format(key=definitions[0].name))


def bare_value(value: Value | None) -> str:
    """Return a value alone, for a script; empty if there is none."""
    return "" if value is None else sanitize(str(value))
