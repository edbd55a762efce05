"""Why `apoa restore` believes a backup: the private key or the recovery code, or a user who compares what it says."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apoa_client.authority.address import check_base_url
from apoa_client.cli.documents.recovery_file import read_code_file
from apoa_client.cli.prompts.recovery_code import code_from_stdin, code_from_terminal
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_warning
from apoa_client.errors import CredentialsProblem, SettingsProblem, UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.recovery import seed_from_code
from apoa_client.vault.sealing import (
    PropertySealer,
    decode_public_key,
    encode_key,
    fingerprint,
    key_pair_from_seed,
    public_key_of,
)


class TrustOptions(NamedTuple):
    """What the user gave: the recovery code in a file or on standard input, or what was compared."""

    recovery_file: Path | None
    code_stdin: bool
    fingerprint: str | None
    api_url: str | None


class RestoreTrust:
    """The `apoa_client.archive.restore.Trust` of a command. Reads the recovery code, if one is given, at once.

    With `may_ask`, a user at the terminal is asked for the code, once, if no private key fits.
    """

    def __init__(self, session: Session, options: TrustOptions, *, may_ask: bool) -> None:
        self._session = session
        self._options = options
        self._may_ask = may_ask and session.interactive and options.fingerprint is None
        code = None
        if options.recovery_file is not None:
            code = read_code_file(options.recovery_file)
        elif options.code_stdin:
            code = code_from_stdin()
        self._code_key = None if code is None else _key_of(code)

    def private_keys(self, settings: PropertySettings) -> Iterator[bytes]:
        """As `Trust`: the key of the code, the present one, and during a key rotation the one of the settings.

        The user is asked last, if the caller finds that none of these fits.
        """
        if self._code_key is not None:
            yield self._code_key
        secrets = self._session.app.secrets_of(settings, prompt=False)
        sealer = PropertySealer(decode_public_key(settings.public_key), secrets.private_key, secrets.spare_keys)
        for find in (secrets.private_key, sealer.private_key):
            with suppress(CredentialsProblem):
                yield find()
        if self._may_ask and self._code_key is None:
            self._may_ask = False
            print_error_line(
                _("The private key is not here. The recovery code proves the backup; Enter goes on without.")
            )
            with suppress(UsageProblem):  # Enter
                self._code_key = _key_of(code_from_terminal())
                yield self._code_key

    def confirm(self, settings: PropertySettings, *, needed: bool) -> None:
        """As `Trust`."""
        self._compare(settings)
        has_address = not (settings.uses_sandbox or settings.by_hand)
        compared = self._options.fingerprint is not None and (self._options.api_url is not None or not has_address)
        if not needed or compared:
            return
        if self._session.interactive:
            print_error_line(style_warning(_("Nothing proves who wrote this backup.")))
            print_error_line(_("Compare it with the recovery sheet, and with what the authority gave you:"))
            print_error_line("  " + _("Address of the server: {url}").format(url=_destination(settings)))
            line = _("Fingerprint of the key: {fingerprint}")
            print_error_line("  " + line.format(fingerprint=fingerprint(decode_public_key(settings.public_key))))
            if confirm(_("Is this right? Passports and the password will be sent there."), default=False):
                return
        raise UsageProblem(
            msg("Nothing proves who wrote this backup. Nothing was restored.")
            if self._code_key is None
            else msg(
                "The recovery code is right, but nothing proves who wrote this backup: it was made without the private "
                "key, or it was changed. Nothing was restored."
            ),
            msg(
                "Prove it with the recovery code: --recovery-file FILE or --code-stdin. Or give the key's fingerprint "
                "from the recovery sheet, and the server's address: --fingerprint FINGERPRINT --api-url URL"
            )
            if has_address
            else msg(
                "Prove it with the recovery code: --recovery-file FILE or --code-stdin. Or give the key's fingerprint "
                "from the recovery sheet: --fingerprint FINGERPRINT"
            ),
            name="backup_unproved",
        )

    def _compare(self, settings: PropertySettings) -> None:
        """Compare what the user gave."""
        if self._code_key is not None and encode_key(public_key_of(self._code_key)) != settings.public_key:
            message = msg("The recovery code is for another key than that of this backup. Nothing was restored.")
            raise UsageProblem(message, msg("Give the code of the backup's own sheet."), name="backup_unproved")
        found = fingerprint(decode_public_key(settings.public_key))
        given = self._options.fingerprint
        if given is not None and _digits(given) != _digits(found):
            raise _different(msg("The key of the backup has another fingerprint: {found}.", found=found))
        url = self._options.api_url
        if url is not None and check_base_url(url) != settings.api_url:
            raise _different(msg("The backup names another address: {found}.", found=settings.api_url))


def _key_of(code: str) -> bytes:
    return key_pair_from_seed(seed_from_code(code))[0]


def _destination(settings: PropertySettings) -> str:
    """Return where the reports go, sanitized."""
    if settings.by_hand:
        return _("none, reports are typed into APOA by hand")
    return _("none, reports are only for training") if settings.uses_sandbox else sanitize(settings.api_url)


def _digits(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _different(message: Message) -> SettingsProblem:
    return SettingsProblem(
        message,
        msg("Nothing was restored. This may be the backup of another property, or it was changed."),
        name="backup_of_another",
    )
