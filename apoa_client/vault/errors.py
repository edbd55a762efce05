"""Errors of the vault, each with its advice. No message holds a secret or a part of one."""

from collections.abc import Sequence
from enum import StrEnum

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import Message, msg


class KeyringReason(StrEnum):
    """Why the operating system's keyring cannot be used. Each value is also the error's name in JSON and in logs."""

    MISSING = "keyring_missing"
    NO_BUS = "keyring_no_bus"
    """cron runs after the user logged out, or on a server."""
    BUS_STALE = "keyring_bus_stale"
    """The terminal is older than the desktop session, or the environment was copied."""
    UNTRUSTED = "keyring_untrusted"
    """The only keyring is a backend that was set for Python programs and is not safe."""
    OF_ANOTHER_USER = "keyring_of_another_user"
    LOCKED = "keyring_locked"
    HUNG = "keyring_hung"
    REFUSED = "keyring_refused"
    NOT_SET_UP = "keyring_not_set_up"
    """The keyring runs but has no collection yet."""
    NO_SESSION = "keyring_no_session"
    """Windows has no credentials for SSH or a service (error 1312)."""


_MESSAGES = {
    KeyringReason.MISSING: msg("This computer has no keyring that apoa-client can use."),
    KeyringReason.NO_BUS: msg("There is no desktop session of this user, and so no keyring."),
    KeyringReason.BUS_STALE: msg("The session bus that is named in the environment does not exist any more."),
    KeyringReason.OF_ANOTHER_USER: msg("This command runs as another user than the one at the desktop."),
    KeyringReason.LOCKED: msg("The keyring is locked."),
    KeyringReason.HUNG: msg("The keyring did not answer."),
    KeyringReason.REFUSED: msg("The keyring refused."),
    KeyringReason.NOT_SET_UP: msg("This computer's keyring has not been set up yet."),
    KeyringReason.NO_SESSION: msg("Windows gives no credentials to this kind of session."),
}
_ADVICE = {
    KeyringReason.MISSING: msg(
        "On a computer without a desktop, keep the secrets in a file: apoa setup --vault file, or name files of your "
        "own in APOA_PASSWORD_FILE and APOA_PRIVATE_KEY_FILE."
    ),
    KeyringReason.NO_BUS: msg(
        "The keyring runs only while this user is logged in at the desktop. To send from cron at other times, or on a "
        "computer without a desktop, keep the secrets in a file: apoa setup --vault file"
    ),
    KeyringReason.BUS_STALE: msg(
        "Close this window, open a new one, and try again. In a script or a crontab, leave "
        "DBUS_SESSION_BUS_ADDRESS out: apoa finds the bus by itself."
    ),
    KeyringReason.UNTRUSTED: msg(
        "Set up the desktop's own keyring. Without a desktop, keep the secrets in a file that only this user can read: "
        "apoa setup --vault file"
    ),
    KeyringReason.OF_ANOTHER_USER: msg("Run the command as the user whose desktop session it is, not with sudo or su."),
    KeyringReason.LOCKED: msg(
        "Log in to this computer's desktop, or unlock the keyring there, then try again. Reports are still saved; "
        "send them after that with: apoa sync"
    ),
    KeyringReason.HUNG: msg(
        "Look for a window that asks for the keyring's password. If there is none, log out of the desktop and in "
        "again. Reports are still saved; send them after that with: apoa sync"
    ),
    KeyringReason.REFUSED: msg(
        "Open the computer's own password manager and see whether it works there. If it does not, ask your IT admin, "
        "who can see more with: apoa doctor"
    ),
    KeyringReason.NOT_SET_UP: msg(
        "Log in to this computer's desktop once, so that the keyring is made, then try again. Without a desktop, keep "
        "the secrets in a file: apoa setup --vault file."
    ),
    KeyringReason.NO_SESSION: msg(
        "Log in to Windows itself, not over SSH, and run the command there. For a service, keep the secrets in a file: "
        "apoa setup --vault file."
    ),
}
_NO_KEYRING = frozenset({KeyringReason.MISSING, KeyringReason.NO_BUS, KeyringReason.BUS_STALE, KeyringReason.UNTRUSTED})


class KeyringProblem(CredentialsProblem):
    """The operating system's keyring cannot be used now.

    The `reason` decides the name, the advice, and the message if it is not given; `UNTRUSTED` needs a message.
    """

    name = "keyring_problem"

    def __init__(self, reason: KeyringReason, message: Message | None = None) -> None:
        super().__init__(_MESSAGES[reason] if message is None else message, _ADVICE[reason], name=reason.value)
        self.reason = reason

    @property
    def no_keyring(self) -> bool:
        """Whether this computer has no keyring that can be used, as opposed to one that is locked or fails."""
        return self.reason in _NO_KEYRING


class SettingsChanged(CredentialsProblem):
    """The settings are not those that the stored password was given for: it is not used.

    `bound` is the host that it is for, `host` the one in the settings, `names` are the settings that changed.
    """

    name = "settings_changed"
    advice: Message | None = msg(
        "The password was not sent. If the new settings are right, give the password again with: apoa login. If these "
        "changes are not yours, ask your IT admin: another person made them."
    )

    def __init__(self, bound: str, host: str, names: Sequence[str]) -> None:
        if bound != host:
            message = msg(
                "The stored password is for {bound}, but the settings now name {host}.", bound=bound, host=host
            )
        else:
            changed = ", ".join(names)
            message = msg(
                "Since the password for {host} was stored, these settings were changed: {names}.",
                host=host,
                names=changed,
            )
        super().__init__(message)


class OutboxMoved(SettingsChanged):
    """The settings name another database than the one that the stored password is for: it is not used."""

    name = "outbox_moved"
    advice: Message | None = msg(
        "The password was not sent. If the new address is right, give its password with: apoa login --outbox. If the "
        "change is not yours, ask your IT admin: another person made it."
    )


class PublicKeyChanged(CredentialsProblem):
    """The public key in the settings belongs to no private key of this property."""

    name = "public_key_changed"
    advice: Message | None = msg(
        "Nothing was sent. Save no guests until your IT admin has looked: the person who changed the key can read "
        "reports that are saved now. If the key is right, bring back its private key with: apoa key recover"
    )

    def __init__(self) -> None:
        super().__init__(
            msg("The public key in the settings was changed, and its private key is not on this computer.")
        )


class SecretFileRefused(CredentialsProblem):
    """A file that should hold a secret cannot be read or written, or other users can read it."""

    name = "secret_file_refused"


class SecretUnusable(CredentialsProblem):
    """A secret was found but is not valid, or it cannot be stored."""

    name = "secret_unusable"
