"""`apoa config`: the settings, on a screen and as JSON, and how they are changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from apoa_client.app.settings_change import SettingChange, carry_out, plan_change
from apoa_client.cli.every_property import all_option
from apoa_client.cli.registry import CommandGroup, FileName, argument, flag, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_command, quote_words
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_definitions,
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
    style_bold,
    write,
)
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import show_error
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY
from apoa_client.settings.definitions import CHOICE, NUMBER, PATH, TEXT, Definition, typing_fields
from apoa_client.settings.origins import (
    DEFAULT,
    ENVIRONMENT,
    USER,
    Origin,
    Origins,
    SettingKey,
    find_definition,
    parse_setting_key,
)
from apoa_client.settings.reading import PROPERTY

Setting = tuple[SettingKey, Origin]

config = CommandGroup(
    "config",
    N_("The settings: show them, where each comes from, what each means, and change them."),
    "apoa config list",
)


@config.subcommand(
    "list", N_("Show all settings of the property, and where each value comes from."), "apoa config list"
)
@all_option
@json_option
def list_settings(session: Session, *, every_property: bool) -> int:
    """Show the settings of the program and of the chosen property, or of all if none is chosen."""
    app = session.app
    origins = Origins.read(app.folders, app.environ)
    config = origins.config
    is_chosen = bool(session.property_name or origins.of(SettingKey((), GENERAL["default_property"])).value)
    every_property = every_property or not config.names or (len(config.names) > 1 and not is_chosen)
    names = list(config.properties) if every_property else [app.settings.name]
    groups: dict[str, list[Setting]] = {_("The program"): _settings(origins, (), GENERAL)}
    for name in names:
        title = _("The property {name}").format(name=name)
        groups[title] = _settings(origins, (PROPERTY, name), OF_A_PROPERTY)
    if session.json:
        values = [setting_value(*setting) for settings in groups.values() for setting in settings]
        print_json({"settings": values})
    else:
        for number, (title, settings) in enumerate(groups.items()):
            if number:
                print_line()
            show_settings(title, settings)
        if not config.names:
            print_line(_("Nothing is set up here yet. Set it up with: apoa setup"))
    for problem in config.invalid.values() if every_property else ():
        show_error(problem)
    return Exit.SETTINGS if every_property and config.invalid else Exit.DONE


def _settings(origins: Origins, table: tuple[str, ...], definitions: Mapping[str, Definition]) -> list[Setting]:
    setting_keys = [SettingKey(table, definition) for definition in definitions.values()]
    return [(setting_key, origins.of(setting_key)) for setting_key in setting_keys]


@config.subcommand("get", N_("Print the value of one setting, for a script."), "apoa config get retention_days")
@argument("key", metavar="KEY")
@json_option
def get(session: Session, key: str) -> None:
    """Print the value that applies; an empty line if there is none."""
    app = session.app
    setting_key = parse_setting_key(key, lambda: app.settings.name)
    if setting_key.property_name and app.config.find(setting_key.property_name) is None:
        raise app.unknown_property(setting_key.property_name)
    origin = Origins.read(app.folders, app.environ).of(setting_key)
    if session.json:
        print_json(setting_value(setting_key, origin))
        return
    if setting_key.definition.is_hidden:
        raise UsageProblem(
            msg("{key} is not shown: with it, saved reports could be searched for a passport.", key=key),
            msg("Nothing needs to be done with it. The file has it: apoa config path"),
        )
    write("" if origin.value is None else sanitize(str(origin.value)))


_yes_option = flag("--yes", "-y", text=N_("Do not ask."))


@config.subcommand(
    "set", N_("Change one setting in the user's file. Comments in it stay."), "apoa config set retention_days 60"
)
@argument("key", metavar="KEY")
@argument("value", metavar="VALUE", type=FileName)
@_yes_option
@json_option
def set_(session: Session, key: str, value: str, *, yes: bool) -> None:
    """Check the value, say what follows, and write it."""
    change = _confirmed(session, key, value, yes=yes)
    if change is not None:
        carry_out(session.app, change)
        _show(session, change)


@config.subcommand("unset", N_("Remove one setting from the user's file."), "apoa config unset retention_days")
@argument("key", metavar="KEY")
@_yes_option
@json_option
def unset(session: Session, key: str, *, yes: bool) -> None:
    """Remove the setting; the default applies."""
    change = _confirmed(session, key, None, yes=yes)
    if change is None:
        return
    if change.is_in_file:
        carry_out(session.app, change)
    elif not session.json:
        value = value_text(change.setting_key.definition, change.before)
        line = _("The user's file does not set {key}. It is: {value} ({source})")
        shown = {"key": sanitize(change.setting_key.text), "value": value, "source": source_text(change.before)}
        print_line(line.format(**shown))
        return
    _show(session, change)


def _confirmed(session: Session, key: str, value: str | None, *, yes: bool) -> SettingChange | None:
    """Return the planned change; None if the user does not want it after all.

    Raises `UsageProblem` if it must be confirmed and no user can be asked.
    """
    app = session.app
    change = plan_change(app, parse_setting_key(key, lambda: app.settings.name), value)
    if change.erases is not None and not yes:
        if not session.interactive:
            raise UsageProblem(change.erases, msg("Nothing was changed. If that is right, give --yes."))
        print_warning(text(change.erases))
        if not confirm(_("Change it?"), default=False):
            print_error_line(_("Nothing was changed."))
            return None
    return change


def _show(session: Session, change: SettingChange) -> None:
    app, setting_key = session.app, change.setting_key
    now = Origins.read(app.folders, app.environ).of(setting_key)
    consequences = [text(each) for each in change.consequences]
    if session.json:
        before = setting_value(setting_key, change.before)["value"]
        print_json({**setting_value(setting_key, now), "before": before, "consequences": consequences})
        return
    before, after = value_text(setting_key.definition, change.before), value_text(setting_key.definition, now)
    line = _("{key}: {before} before, {after} now ({source}).")
    if before == after:
        line = _("{key}: {after}, as before ({source}).")
    shown = {"key": sanitize(setting_key.text), "before": before, "after": after, "source": source_text(now)}
    print_done(line.format(**shown))
    for each in consequences:
        print_warning(each)


@config.subcommand("path", N_("Show which settings file is read."), "apoa config path")
@json_option
def path(session: Session) -> None:
    """Show the file, also if it does not exist or cannot be read as settings."""
    file = session.app.folders.config
    if session.json:
        print_json({"files": [{"file": USER, "path": str(file), "exists": file.is_file()}]})
        return
    show_table([_("Path"), _("Exists")], [(sanitize(str(file)), _("yes") if file.is_file() else _("no"))])


@config.subcommand("explain", N_("Say what a setting means and what it may be."), "apoa config explain retention_days")
@argument("key", metavar="[KEY]", required=False)
@json_option
def explain(session: Session, key: str | None) -> None:
    """Explain one setting, or list all; works without a property and with a settings file that is not right."""
    if key is None:
        definitions = [*GENERAL.values(), *OF_A_PROPERTY.values()]
        if session.json:
            print_json({"settings": [definition_value(each) for each in definitions]})
        else:
            print_definitions([(each.name, text(each.meaning)) for each in definitions])
            print_line(_("One of them: apoa config explain {key}").format(key=definitions[0].name))
        return
    definition = find_definition(key)
    if session.json:
        print_json(definition_value(definition))
    else:
        show_definition(definition)


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
