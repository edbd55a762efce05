"""`apoa config`: the group of commands for the settings, with `list`, `get`, `path` and `explain`."""

from collections.abc import Mapping

from apoa_client.app.settings_change import SettingChange, carry_out, plan_change
from apoa_client.cli.every_property import all_option
from apoa_client.cli.registry import CommandGroup, FileName, argument, flag, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
    write,
)
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.settings import (
    Setting,
    bare_value,
    definition_value,
    setting_value,
    show_definition,
    show_definitions,
    show_settings,
    source_text,
    value_text,
)
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY
from apoa_client.settings.definitions import Definition
from apoa_client.settings.origins import USER, Origins, SettingKey, find_definition, parse_setting_key
from apoa_client.settings.reading import PROPERTY

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
    write(bare_value(origin.value))


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
            show_definitions(definitions)
        return
    definition = find_definition(key)
    if session.json:
        print_json(definition_value(definition))
    else:
        show_definition(definition)
