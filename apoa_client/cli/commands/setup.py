"""`apoa setup`: create or change a property, with its key pair, its secrets and a test of the connection."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.authority.address import check_base_url, is_apoa_website
from apoa_client.cli.documents.recovery_file import RecoveryCodeReceiver, file_has_code_of, recovery_file_option
from apoa_client.cli.prompts.recovery_code import confirm_code, confirm_sheet, warn_no_code
from apoa_client.cli.registry import FileName, command, flag, option
from apoa_client.cli.session import Session, ask_password, provided_password, read_password
from apoa_client.cli.terminal.command_names import localized_command, localized_option
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_line,
    print_warning,
    sanitize,
    style_bold,
    style_error,
)
from apoa_client.cli.views.status import unconfirmed_code_lines
from apoa_client.errors import Exit, NotNow, UsageProblem, WrongPassword
from apoa_client.locale import LANGUAGES, parse_language
from apoa_client.messages import msg
from apoa_client.settings.config import API, MANUAL, OF_A_PROPERTY, TRAINING, VAULTS, Config, PropertySettings
from apoa_client.settings.folders import check_name
from apoa_client.settings.zones import ZONES, zone_name
from apoa_client.vault.errors import KeyringProblem
from apoa_client.vault.sealing import decode_public_key

_DEFAULT_LANGUAGE = "id"
"""The first question is in this language unless the environment names another one."""

_TRIES = 3
"""How many times a user may type the account."""

_INTERRUPTED = 130
"""The exit code that a shell reports for Ctrl-C."""

NO, YES = "no", "yes"

_EXAMPLE = "apoa setup --non-interactive --property melati --training"


@command("setup", N_("Set up this computer for a property: authority or training, keys, password, a test."), _EXAMPLE)
@option("--property", "name", metavar="NAME", text=N_("Short name of the property: a-z, 0-9, - and _."))
@flag("--training", text=N_("Practise against a training authority in this program; needs no account."))
@flag("--by-hand", text=N_("No authority takes reports yet: they are typed into APOA by hand."))
@option("--api-url", metavar="URL", text=N_("Address of the authority, such as https://host/path/v1."))
@option("--username", text=N_("Username at the authority."))
@flag("--password-stdin", text=N_("Read the password from standard input."))
@option("--timezone", metavar="ZONE", text=N_("Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT)."))
@option("--display-name", metavar="TEXT", text=N_("Name of the property as guests know it, for receipts and notices."))
@option("--office", text=N_("The immigration office that is responsible."))
@option("--address", text=N_("Address of the property."))
@option("--ca-bundle", metavar="FILE", type=FileName, text=N_("Trust the certificates in this file as well."))
@option("--vault", type=click.Choice(VAULTS), text=N_("Where secrets are kept: the keyring, or a file of this user's."))
@option("--language", type=click.Choice(LANGUAGES), text=N_("The language that is spoken here."))
@recovery_file_option
@option("--schedule", type=click.Choice((YES, NO)), text=N_("Let this computer send automatically: yes or no."))
@flag("--non-interactive", text=N_("Ask nothing."))
def setup(session: Session, /, *, name: str | None, non_interactive: bool, **answers: Any) -> int:  # noqa: ANN401  click's
    """Collect the answers and set up. The recovery code is shown last, after everything is stored."""
    given = {**answers, "name": name or session.property_name or None}
    _check_options(given)
    asking = session.terminal and not non_interactive
    try:
        if asking:
            from apoa_client.cli.prompts.setup_questions import ask_setup_questions  # only needed at a terminal

            spoken = parse_language(session.environ.get("APOA_LANG", "")) or _DEFAULT_LANGUAGE
            given = ask_setup_questions(session.app.config, spoken, given)
        result = _set_up(session, _property_settings(session.app, given), given, asking=asking)
    except (click.Abort, KeyboardInterrupt):
        if not asking:
            raise
        print_error_line()
        print_error_line(_("Nothing was set up. Begin again at any time: apoa setup"))
        return _INTERRUPTED
    _show_result(session.app, result, given, asking=asking)
    return Exit.DONE if result.failure is None else result.failure.exit_code


class _Result(NamedTuple):
    """A property that was set up. `code` is empty if it kept its key pair."""

    settings: PropertySettings
    code: str
    failure: NotNow | None
    """Why the connection could not be tested."""


def _set_up(session: Session, settings: PropertySettings, answers: Mapping[str, Any], *, asking: bool) -> _Result:
    """Set up. If `asking`, the user may type another account, or agree to a key file if there is no keyring."""
    app, from_stdin = session.app, answers["password_stdin"]
    password, store_password = _find_password(session, settings, from_stdin=from_stdin, asking=asking)
    tries = _TRIES if asking and not from_stdin else 1
    while True:
        try:
            today = app.clock.now().astimezone(settings.zone).date()
            with RecoveryCodeReceiver(settings, app.secrets_of(settings), today, answers["recovery_file"]) as receiver:
                failure = PropertySetup(app).set_up(
                    settings,
                    password,
                    language=answers["language"] or "",
                    new_code=receiver,
                    store_password=store_password,
                )
            return _Result(settings, receiver.code, failure)
        except WrongPassword as exc:
            tries -= 1
            if not asking:
                raise
            if tries <= 0:
                advice = msg(
                    "Nothing was set up. Ask the person who gave you the account, then begin again: apoa setup"
                )
                raise WrongPassword(exc.message, advice) from None
            settings, password = _ask_account_again(settings, exc)
        except KeyringProblem as exc:
            if not exc.no_keyring or not asking:
                raise
            print_warning(text(exc.message))
            if not confirm(_("Keep the secrets in a file that only this user can read?")):
                raise
            settings = settings._replace(vault="file")


def _needs_account(settings: PropertySettings) -> bool:
    return not (settings.uses_sandbox or settings.by_hand)


def _find_password(session: Session, settings: PropertySettings, *, from_stdin: bool, asking: bool) -> tuple[str, bool]:
    """Return the password, empty without an account, and whether to store it: not if the environment provides it."""
    if not _needs_account(settings):
        return "", True
    provided = None if from_stdin or asking else provided_password(session, settings)
    if provided is not None:
        return provided, False
    if asking and not from_stdin:
        print_error_line(_("The password does not show while you type it."))
    password = read_password(session, lambda: ask_password(settings), from_stdin=from_stdin, may_ask=asking)
    if asking:
        print_error_line(_("Testing the connection ..."))
    return password, True


def _ask_account_again(settings: PropertySettings, refused: WrongPassword) -> tuple[PropertySettings, str]:
    from apoa_client.cli.prompts.setup_questions import ask_username

    print_error_line(style_error(text(refused.message)))
    print_error_line(_("Type both again. Enter keeps the username."))
    settings = settings._replace(username=ask_username(settings.username))
    password = ask_password(settings)
    print_error_line(_("Testing the connection ..."))
    return settings, password


def _show_result(app: Container, result: _Result, answers: Mapping[str, Any], *, asking: bool) -> None:
    """Show the result of the test first, then the recovery code, then what to do next."""
    settings, _code, failure = result
    before = app.config.find(settings.name)
    app.config, app.settings = app.saved_config(), settings  # so that each command shown is one of this property
    if failure is not None:
        print_warning(text(failure.message))
        print_error_line(_("The set-up continues."))
    elif asking and _needs_account(settings):
        print_done(_("The connection works."))
    print_done(_("The property {name} is set up.").format(name=sanitize(settings.name)))
    _show_practice(app, settings)
    _show_code(app, result, before, answers["recovery_file"], asking=asking)
    if failure is not None:
        print_error_line(
            _("The connection is not tested yet; reports can be saved already. Test it later with: apoa login")
        )
    from apoa_client.cli.prompts.setup_questions import install_chosen, show_how_to_choose, show_next_steps

    if answers["schedule"] == YES:
        install_chosen(app)
    if asking:
        show_next_steps(app, settings, answers["schedule"])
        return
    show_how_to_choose(app)
    report = style_bold(localized_command("report"))
    if failure is None and settings.by_hand:
        print_line(_("Save a guest's report with: {command}").format(command=report))
        print_line(_("Then type it into APOA with: apoa sync --by-hand"))
    elif failure is None:
        print_line(_("The connection works. Report a guest with: {command}").format(command=report))


def _show_practice(app: Container, settings: PropertySettings) -> None:
    """Say where the practice of a real property is, if there is any."""
    if not settings.uses_sandbox and (app.folders.practice / settings.name).is_dir():
        command = style_bold(localized_command("list").replace(" ", f" {localized_option('--practice')} ", 1))
        print_line(_("What was practised stays apart from real reports: {command}").format(command=command))


def _show_code(
    app: Container, result: _Result, before: PropertySettings | None, file: Path | None, *, asking: bool
) -> None:
    """Show a new recovery code or where it is, or warn that there is none. `before` are the settings until now."""
    settings, code, _failure = result
    if file is not None:
        if code or file_has_code_of(file, decode_public_key(_saved_public_key(app, settings))):
            if confirm_sheet(file, code if asking else ""):
                _record_confirmed(app, settings)
        else:
            warning = _("The property keeps its key, and a code for it is made only once: no file was written.")
            print_warning(warning)
            print_error_line(_("For a new key with a new code: apoa key rotate --recovery-file FILE"))
    elif settings.uses_sandbox or (before is not None and not before.uses_sandbox):
        return  # there are no real reports, or the property has its code already
    elif not code or not asking:
        warn_no_code()
    elif confirm_code(settings.name, code):
        _record_confirmed(app, settings)
    else:
        for line in unconfirmed_code_lines():
            print_error_line(line)


def _record_confirmed(app: Container, settings: PropertySettings) -> None:
    with app.outbox_of(settings) as outbox:
        outbox.record_code_confirmed(_saved_public_key(app, settings))


def _saved_public_key(app: Container, settings: PropertySettings) -> str:
    """Return the public key of a property that was set up just now."""
    return app.saved_settings(settings).public_key


def _check_options(given: Mapping[str, Any]) -> None:
    """Check the options before any question. Raises `UsageProblem` or `SettingsProblem`."""
    _is_by_hand(given, None)
    if given["name"] is not None:
        check_name(given["name"])
    if given["timezone"]:
        _zone(given["timezone"])
    if given["api_url"]:
        if is_apoa_website(given["api_url"]):
            raise UsageProblem(
                msg("This is APOA's website for people. No server there takes reports from programs."),
                msg("Set up without a server, to type the reports into APOA: --by-hand"),
            )
        check_base_url(given["api_url"])


def _property_settings(app: Container, answers: Mapping[str, Any]) -> PropertySettings:
    """Return the settings that the answers describe. What has no answer stays as in an earlier set-up."""
    name = answers["name"] or ""
    check_name(name)
    before = app.config.find(name)
    given = {key: answers[key] for key in ("username", "ca_bundle", "vault") if answers[key]}
    given |= {key: answers[key] for key in ("display_name", "office", "address") if answers[key] is not None}
    if answers["timezone"]:
        given["timezone"] = _zone(answers["timezone"])
    _check_environment(app.config, given)
    settings = (before or app.config.new_property(name))._replace(**given)
    if _is_by_hand(answers, before):
        return settings._replace(api_url="", environment="", property_id="", delivery=MANUAL)
    address = TRAINING if answers["training"] else answers["api_url"] or settings.api_url
    if not address:
        raise UsageProblem(
            msg("Where are reports sent?"),
            msg("Give --training for practice, --api-url and --username, or --by-hand to type them into APOA."),
        )
    settings = settings._replace(api_url=address if address == TRAINING else check_base_url(address), delivery=API)
    if not settings.uses_sandbox and not settings.username:
        raise UsageProblem(msg("The authority's username is missing."), msg("Give it with --username."))
    return settings


def _check_environment(config: Config, given: Mapping[str, Any]) -> None:
    """Raise `UsageProblem` if an option differs from the environment, which every later command believes."""
    for name, value in given.items():
        if config.environment.get(name, value) != value:
            raise UsageProblem(
                msg("The environment variable {variable} says otherwise.", variable=OF_A_PROPERTY[name].variable),
                msg("Unset it, or give the same value with --{option}.", option=name.replace("_", "-")),
            )


def _is_by_hand(answers: Mapping[str, Any], before: PropertySettings | None) -> bool:
    """Return whether staff type reports into APOA: by option, or as in an earlier set-up without another option."""
    elsewhere = answers["training"] or answers["api_url"]
    if answers["by_hand"] and elsewhere:
        raise UsageProblem(
            msg("Reports are typed in by hand, or sent: not both."),
            msg("Give one of --by-hand, --training and --api-url."),
        )
    return bool(answers["by_hand"]) or (before is not None and before.by_hand and not elsewhere)


def _zone(given: str) -> str:
    name = zone_name(given)
    if name is None:
        raise UsageProblem(
            msg("{zone} is no time zone of Indonesia.", zone=given),
            msg("Choose one of: {zones}", zones=", ".join(ZONES)),
        )
    return name
