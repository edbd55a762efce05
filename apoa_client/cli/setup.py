"""`apoa setup`: make a property, with its key pair, its secrets and a test of the connection."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from apoa_client.app import App
from apoa_client.authority.address import check_base_url
from apoa_client.cli import language
from apoa_client.cli.ask import agree
from apoa_client.cli.base import command, option
from apoa_client.cli.language import N_, _, text
from apoa_client.cli.login import read_password
from apoa_client.cli.recovery import (
    CodeKeeper,
    confirmed,
    holds_code_of,
    recovery_file_option,
    tell_file,
    warn_unconfirmed,
    warn_without,
)
from apoa_client.cli.screen import careful, clean, good, remark, result, strong
from apoa_client.cli.session import Session
from apoa_client.errors import Exit, NotNow, UsageProblem
from apoa_client.settings.config import API, MANUAL, TRAINING, VAULTS, Property, load, valid_name
from apoa_client.settings.zones import ZONES, zone_name
from apoa_client.texts import LANGUAGES, msg
from apoa_client.vault.errors import KeyringMissing
from apoa_client.vault.sealing import decode_public_key

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
    asking = session.terminal and not non_interactive
    if asking:
        answers = _ask(answers)
    name = name or session.property_name or (_ask_name() if asking else "")
    house = _house(session.app, name, answers)
    password = "" if house.training or house.by_hand else read_password(session, from_stdin=answers["password_stdin"])
    attempt = _Attempt(session.app, password, answers["language"] or "", answers["recovery_file"])
    try:
        trouble = attempt(house)
    except KeyringMissing as exc:
        if not asking or not _prefers_file(exc):
            raise
        trouble = attempt(replace(house, vault="file"))
    result(good(_("The property {name} is set up.").format(name=clean(house.name))))
    attempt.tell_code(house, asking=asking)
    if trouble is None:
        _say_next(house)
        return Exit.DONE
    remark(careful(text(trouble.message)))
    remark(_("The connection is not tested yet; reports can be saved already. Test it later with: apoa login"))
    return trouble.exit_code


def _say_next(house: Property) -> None:
    report = strong("apoa report")
    if not house.by_hand:
        result(_("The connection works. Report a guest with: {command}").format(command=report))
        return
    result(_("Save a guest's report with: {command}").format(command=report))
    result(_("Then type it into APOA with: apoa sync --by-hand"))


class _Attempt:
    """Setting up, and what is told about the recovery code afterwards."""

    def __init__(self, app: App, password: str, spoken: str, recovery_file: Path | None) -> None:
        self._app = app
        self._password = password
        self._spoken = spoken
        self._file = recovery_file
        self._code = ""

    def __call__(self, house: Property) -> NotNow | None:
        today = self._app.clock.now().astimezone(house.zone).date()
        with CodeKeeper(house, self._app.secrets_of(house), today, self._file) as keeper:
            trouble = self._app.set_up(house, self._password, language=self._spoken, new_code=keeper)
        self._code = keeper.code
        return trouble

    def tell_code(self, house: Property, *, asking: bool) -> None:
        """Show it, or say where it is, or that there is none."""
        if self._file is not None:
            self._tell_file(self._file, house)
        elif house.training or self._known(house.name):
            return  # nothing to lose, or nothing new
        elif not self._code or not asking:
            warn_without()
        elif not confirmed(house.name, self._code):
            warn_unconfirmed()

    def _known(self, name: str) -> bool:
        """Whether there was such a property before, and not for practice only."""
        before = self._app.config.properties.get(name)
        return before is not None and not before.training

    def _tell_file(self, path: Path, house: Property) -> None:
        public_key = decode_public_key(load(self._app.folders.config).properties[house.name].public_key)
        if self._code or holds_code_of(path, public_key):
            tell_file(path)
        else:
            remark(careful(_("The property keeps its key, and a code for it is made only once: no file was written.")))
            remark(_("For a new key with a new code: apoa key rotate --recovery-file FILE"))


def _prefers_file(missing: KeyringMissing) -> bool:
    remark(careful(text(missing.message)))
    return agree(_("Keep the secrets in a file that only this user can read?"))


def _ask(answers: dict[str, Any]) -> dict[str, Any]:
    asked = dict(answers)
    if not asked["language"]:
        asked["language"] = click.prompt("Bahasa / Language", type=click.Choice(LANGUAGES), default="id", err=True)
        language.use(asked["language"])
    if not (asked["training"] or asked["api_url"] or asked["by_hand"]):
        question = _("Is this for practice only (nothing is sent to an authority)?")
        asked["training"] = agree(question)
        asked["by_hand"] = not asked["training"] and not agree(
            _("Did the authority give you an address to send reports to? If not, you type them into APOA by hand.")
        )
    if not (asked["training"] or asked["by_hand"]):
        asked["api_url"] = asked["api_url"] or click.prompt(_("Address of the authority"), err=True)
        asked["username"] = asked["username"] or click.prompt(_("Username"), err=True)
    if not asked["timezone"]:
        asked["timezone"] = click.prompt(_("Time zone (WIB, WITA or WIT)"), default="WIB", err=True)
    return asked


def _ask_name() -> str:
    return str(click.prompt(_("Short name of the property"), default="hotel", err=True))


def _house(app: App, name: str, answers: dict[str, Any]) -> Property:
    """The property as the answers describe it; what they leave out stays as an earlier set-up had it."""
    before = app.config.properties.get(name)
    if not valid_name(name):
        raise UsageProblem(
            msg("A property needs a short name of a-z, 0-9, - and _: {name} is none.", name=repr(name)),
            msg("Give one with --property, such as: --property melati"),
        )
    by_hand = _by_hand(before, answers)
    address = "" if by_hand else _address(before, answers)
    house = before or Property(name, address, public_key="")
    given = {key: answers[key] for key in ("username", "office", "address", "ca_bundle", "vault") if answers[key]}
    if answers["timezone"]:
        given["timezone"] = _zone(answers["timezone"])
    if by_hand:
        return replace(house, api_url="", environment="", delivery=MANUAL, **given)
    house = replace(house, api_url=address, delivery=API, **given)
    if not house.training and not house.username:
        raise UsageProblem(msg("The authority's username is missing."), msg("Give it with --username."))
    return house


def _by_hand(before: Property | None, answers: Mapping[str, Any]) -> bool:
    """Whether people type the reports into APOA: because it is said, or was and nothing else is said now."""
    elsewhere = answers["training"] or answers["api_url"]
    if answers["by_hand"] and elsewhere:
        raise UsageProblem(
            msg("Reports are typed in by hand, or sent: not both."),
            msg("Give one of --by-hand, --training and --api-url."),
        )
    return bool(answers["by_hand"]) or (before is not None and before.by_hand and not elsewhere)


def _address(before: Property | None, answers: Mapping[str, Any]) -> str:
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
