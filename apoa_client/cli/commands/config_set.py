"""`apoa config set` and `apoa config unset`: change one setting, after saying what follows from it."""

import click

from apoa_client.app.settings_change import SettingChange, carry_out, plan_change
from apoa_client.cli.registry import argument, command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_success,
    style_warning,
)
from apoa_client.cli.views.settings import setting_value, source_text, value_text
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.origins import Origins, parse_setting_key

_yes_option = option("--yes", "-y", is_flag=True, text=N_("Do not ask."))


@command("set", N_("Change one setting in the user's file. Comments in it stay."), "apoa config set retention_days 60")
@argument("key", metavar="KEY")
@argument("value", metavar="VALUE")
@_yes_option
@json_option
@click.pass_obj
def set_(session: Session, key: str, value: str, *, yes: bool) -> None:
    """Check the value, say what follows, and write it."""
    change = _confirmed(session, key, value, yes=yes)
    if change is not None:
        carry_out(session.app, change)
        _show(session, change)


@command("unset", N_("Remove one setting from the user's file."), "apoa config unset retention_days")
@argument("key", metavar="KEY")
@_yes_option
@json_option
@click.pass_obj
def unset(session: Session, key: str, *, yes: bool) -> None:
    """Remove the setting; the value of the file for all users applies, or the default."""
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
        print_error_line(style_warning(text(change.erases)))
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
    print_line(style_success(line.format(**shown)))
    for each in consequences:
        print_error_line(style_warning(each))
