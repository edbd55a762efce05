"""`apoa setup`: make a property, with its key pair, its secrets and a test of the connection."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.app.property_setup import PropertySetup
from apoa_client.authority.address import check_base_url
from apoa_client.cli.documents.recovery_file import RecoveryCodeReceiver, file_has_code_of, recovery_file_option
from apoa_client.cli.prompts.recovery_code import confirm_code, show_code_file, warn_no_code, warn_unconfirmed
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session, ask_password, read_password
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_line,
    sanitize,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.errors import Exit, NotNow, UsageProblem, WrongPassword
from apoa_client.locale import LANGUAGES
from apoa_client.messages import msg
from apoa_client.settings.config import API, MANUAL, TRAINING, VAULTS, PropertySettings, load, valid_name
from apoa_client.settings.zones import ZONES, zone_name
from apoa_client.vault.errors import KeyringProblem
from apoa_client.vault.sealing import decode_public_key

_MOSTLY = "id"
"""What is spoken at most desks: proposed where nothing says otherwise."""

_TRIES = 4
"""So often an account may be typed at one go: whoever does not know it by then has to ask."""

_STOPPED = 130
"""What a shell makes of Ctrl-C."""

_EXAMPLE = "apoa setup --non-interactive --property melati --training"


@command("setup", N_("Set up this computer for a property: authority or training, keys, password, a test."), _EXAMPLE)
@option("--property", "name", metavar="NAME", text=N_("Short name of the property: a-z, 0-9, - and _."))
@option("--training", is_flag=True, text=N_("Practise against a training authority in this program; needs no account."))
@option("--by-hand", is_flag=True, text=N_("No authority takes reports yet: they are typed into APOA by hand."))
@option("--api-url", metavar="URL", text=N_("Address of the authority, such as https://host/path/v1."))
@option("--username", text=N_("Username at the authority."))
@option("--password-stdin", is_flag=True, text=N_("Read the password from standard input."))
@option("--timezone", metavar="ZONE", text=N_("Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT)."))
@option("--office", text=N_("The immigration office that is responsible."))
@option("--address", text=N_("Address of the property."))
@option("--ca-bundle", metavar="FILE", text=N_("Trust the certificates in this file as well."))
@option("--vault", type=click.Choice(VAULTS), text=N_("Where secrets are kept: the keyring, or a file of this user's."))
@option("--language", type=click.Choice(LANGUAGES), text=N_("The language that is spoken here."))
@recovery_file_option
@option("--non-interactive", is_flag=True, text=N_("Ask nothing."))
@click.pass_obj
def setup(session: Session, /, *, name: str | None, non_interactive: bool, **answers: Any) -> int:  # noqa: ANN401  click's
    """Collect the answers, then set up; the recovery code comes last, when all is stored."""
    given = {**answers, "name": name or session.property_name or None}
    _check(given)
    making = _Making(session, asking=session.terminal and not non_interactive)
    try:
        return making.make(given)
    except (click.Abort, KeyboardInterrupt):
        if not making.asking or making.stored:
            raise
        print_error_line()
        print_error_line(_("Nothing was set up. Begin again at any time: apoa setup"))
        return _STOPPED


class _Making:
    """A property in the making: the answers, the account, its test, and what is said at the end."""

    def __init__(self, session: Session, *, asking: bool) -> None:
        self._session = session
        self._app = session.app
        self.asking = asking
        self.stored = False

    def make(self, given: Mapping[str, Any]) -> int:
        """Ask for what is missing, where somebody is there, and set up. The exit code."""
        answers = self._asked(given) if self.asking else given
        settings = _house(self._app, answers["name"] or "", answers)
        attempt = _Attempt(self._app, answers["language"] or "", answers["recovery_file"])
        settings, trouble = self._attempted(attempt, settings, from_stdin=answers["password_stdin"])
        self.stored = True
        self._say_line(settings, trouble)
        print_line(style_success(_("The property {name} is set up.").format(name=sanitize(settings.name))))
        attempt.tell_code(settings, asking=self.asking)
        self._say_next(settings, trouble)
        return Exit.DONE if trouble is None else trouble.exit_code

    def _say_line(self, settings: PropertySettings, trouble: NotNow | None) -> None:
        """How the test of the connection went: at once, before anybody is to write a code down."""
        if trouble is not None:
            print_error_line(style_warning(text(trouble.message)))
            print_error_line(_("Setting up goes on all the same."))
        elif self.asking and _by_server(settings):
            print_line(style_success(_("The connection works.")))

    def _say_next(self, settings: PropertySettings, trouble: NotNow | None) -> None:
        if trouble is not None:
            print_error_line(
                _("The connection is not tested yet; reports can be saved already. Test it later with: apoa login")
            )
        if self.asking:
            from apoa_client.cli.prompts.setup_summary import show_next_steps

            show_next_steps(self._app, settings)
        elif trouble is None:
            _say_next(settings)

    def _asked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        from apoa_client.cli.prompts.setup_questions import (
            ask_setup_questions,  # as for the end: only for whoever is asked
        )

        spoken = language.parse_language(self._session.environ.get("APOA_LANG", "")) or _MOSTLY
        return ask_setup_questions(self._app.config, spoken, given)

    def _attempted(
        self, attempt: "_Attempt", settings: PropertySettings, *, from_stdin: bool
    ) -> tuple[PropertySettings, NotNow | None]:
        """Set up. Whoever is asked may give another account, or agree to a file in a missing keyring's place."""
        password = self._password(settings, from_stdin=from_stdin)
        tries = _TRIES if self.asking and not from_stdin else 1
        while True:
            tries -= 1
            try:
                return settings, attempt(settings, password)
            except WrongPassword as exc:
                if tries <= 0:
                    raise self._told_to_ask(exc) from None
                settings, password = _account_again(settings, exc)
            except KeyringProblem as exc:
                if not exc.no_keyring or not self.asking or not _prefers_file(exc):
                    raise
                settings = replace(settings, vault="file")

    def _told_to_ask(self, refused: WrongPassword) -> WrongPassword:
        """What to do now, for whoever was asked often enough."""
        if not self.asking:
            return refused
        advice = msg("Nothing was set up. Ask whoever gave you the account, then begin again: apoa setup")
        return WrongPassword(refused.message, advice)

    def _password(self, settings: PropertySettings, *, from_stdin: bool) -> str:
        if not _by_server(settings):
            return ""
        if self.asking and not from_stdin:
            print_error_line(_("The password does not show while you type it."))
        password = read_password(self._session, from_stdin=from_stdin)
        if self.asking:
            print_error_line(_("Testing the connection ..."))
        return password


def _by_server(settings: PropertySettings) -> bool:
    return not (settings.uses_sandbox or settings.by_hand)


def _account_again(settings: PropertySettings, refused: WrongPassword) -> tuple[PropertySettings, str]:
    from apoa_client.cli.prompts.setup_questions import ask_username

    print_error_line(style_error(text(refused.message)))
    print_error_line(_("Type both again. Enter keeps the username."))
    settings = replace(settings, username=ask_username(settings.username))
    password = ask_password()
    print_error_line(_("Testing the connection ..."))
    return settings, password


def _say_next(settings: PropertySettings) -> None:
    report = style_bold(localized_command("report"))
    if not settings.by_hand:
        print_line(_("The connection works. Report a guest with: {command}").format(command=report))
        return
    print_line(_("Save a guest's report with: {command}").format(command=report))
    print_line(_("Then type it into APOA with: apoa sync --by-hand"))


class _Attempt:
    """Setting up, and what is told about the recovery code afterwards."""

    def __init__(self, app: Container, spoken: str, recovery_file: Path | None) -> None:
        self._app = app
        self._spoken = spoken
        self._file = recovery_file
        self._code = ""

    def __call__(self, settings: PropertySettings, password: str) -> NotNow | None:
        today = self._app.clock.now().astimezone(settings.zone).date()
        with RecoveryCodeReceiver(settings, self._app.secrets_of(settings), today, self._file) as keeper:
            trouble = PropertySetup(self._app).set_up(settings, password, language=self._spoken, new_code=keeper)
        self._code = keeper.code
        return trouble

    def tell_code(self, settings: PropertySettings, *, asking: bool) -> None:
        """Show it, or say where it is, or that there is none."""
        if self._file is not None:
            self._tell_file(self._file, settings)
        elif settings.uses_sandbox or self._known(settings.name):
            return  # nothing to lose, or nothing new
        elif not self._code or not asking:
            warn_no_code()
        elif not confirm_code(settings.name, self._code):
            warn_unconfirmed()

    def _known(self, name: str) -> bool:
        """Whether there was such a property before, and not for practice only."""
        before = self._app.config.properties.get(name)
        return before is not None and not before.uses_sandbox

    def _tell_file(self, path: Path, settings: PropertySettings) -> None:
        public_key = decode_public_key(load(self._app.folders.config).properties[settings.name].public_key)
        if self._code or file_has_code_of(path, public_key):
            show_code_file(path)
        else:
            print_error_line(
                style_warning(
                    _("The property keeps its key, and a code for it is made only once: no file was written.")
                )
            )
            print_error_line(_("For a new key with a new code: apoa key rotate --recovery-file FILE"))


def _prefers_file(missing: KeyringProblem) -> bool:
    print_error_line(style_warning(text(missing.message)))
    return confirm(_("Keep the secrets in a file that only this user can read?"))


def _check(given: Mapping[str, Any]) -> None:
    """What was given as options, before anything is asked. Raises `UsageProblem` or `SettingsProblem`."""
    _by_hand(None, given)
    if given["name"] is not None:
        _check_name(given["name"])
    if given["timezone"]:
        _zone(given["timezone"])
    if given["api_url"]:
        check_base_url(given["api_url"])


def _check_name(name: str) -> None:
    if not valid_name(name):
        raise UsageProblem(
            msg("A property needs a short name of a-z, 0-9, - and _: {name} is not one.", name=repr(name)),
            msg("Give one with --property, such as: --property melati"),
        )


def _house(app: Container, name: str, answers: Mapping[str, Any]) -> PropertySettings:
    """The property as the answers describe it; what they leave out stays as an earlier set-up had it."""
    before = app.config.properties.get(name)
    _check_name(name)
    by_hand = _by_hand(before, answers)
    address = "" if by_hand else _address(before, answers)
    settings = before or PropertySettings(name, address, public_key="")
    given = {key: answers[key] for key in ("username", "ca_bundle", "vault") if answers[key]}
    given |= {key: answers[key] for key in ("office", "address") if answers[key] is not None}
    if answers["timezone"]:
        given["timezone"] = _zone(answers["timezone"])
    if by_hand:
        return replace(settings, api_url="", environment="", delivery=MANUAL, **given)
    settings = replace(settings, api_url=address, delivery=API, **given)
    if not settings.uses_sandbox and not settings.username:
        raise UsageProblem(msg("The authority's username is missing."), msg("Give it with --username."))
    return settings


def _by_hand(before: PropertySettings | None, answers: Mapping[str, Any]) -> bool:
    """Whether people type the reports into APOA: because it is said, or was and nothing else is said now."""
    elsewhere = answers["training"] or answers["api_url"]
    if answers["by_hand"] and elsewhere:
        raise UsageProblem(
            msg("Reports are typed in by hand, or sent: not both."),
            msg("Give one of --by-hand, --training and --api-url."),
        )
    return bool(answers["by_hand"]) or (before is not None and before.by_hand and not elsewhere)


def _address(before: PropertySettings | None, answers: Mapping[str, Any]) -> str:
    """Where reports are sent. Raises `UsageProblem`."""
    address = TRAINING if answers["training"] else answers["api_url"] or (before.api_url if before is not None else "")
    if not address:
        raise UsageProblem(
            msg("Where are reports sent?"),
            msg("Give --training for practice, --api-url and --username, or --by-hand to type them into APOA."),
        )
    return address if address == TRAINING else check_base_url(address)


def _zone(given: str) -> str:
    name = zone_name(given)
    if name is None:
        raise UsageProblem(
            msg("{zone} is no time zone of Indonesia.", zone=given),
            msg("Choose one of: {zones}", zones=", ".join(ZONES)),
        )
    return name
