"""What stands between us and a secret, each with its own advice. No message here holds a secret, or a part of one."""

from apoa_client.errors import CredentialsProblem, KeyringProblem, SettingsProblem
from apoa_client.texts import Message, msg

_NO_DESKTOP: Message = msg(
    "On a computer without a desktop, keep the secrets in a file: apoa setup --vault file, or name files of your own "
    "in APOA_PASSWORD_FILE and APOA_PRIVATE_KEY_FILE."
)


class KeyringMissing(KeyringProblem):
    """No keyring that we trust runs here, or no session bus leads to it."""

    advice: Message | None = _NO_DESKTOP


class KeyringLocked(KeyringProblem):
    """The keyring is locked, and only a person can open it."""

    advice: Message | None = msg(
        "Log in to this computer's desktop, or unlock the keyring there, then try again. Reports are still saved, and "
        "are sent once it is open."
    )


class KeyringHung(KeyringProblem):
    """The keyring did not answer in time."""

    advice: Message | None = msg(
        "Look for a window that asks for the keyring's password. If there is none, log out of the desktop and in "
        "again. Reports are still saved, and are sent later."
    )


class KeyringRefused(KeyringProblem):
    """The keyring answered, and would not do it."""

    advice: Message | None = msg(
        "Open the computer's own password manager and see whether it works there. If it does not, ask your IT admin."
    )


class KeyringNotSetUp(KeyringProblem):
    """The keyring runs, but nobody has made a collection in it yet."""

    advice: Message | None = msg(
        "Log in to this computer's desktop once, so that the keyring is made, then try again. Without a desktop, keep "
        "the secrets in a file: apoa setup --vault file."
    )


class KeyringNoSession(KeyringProblem):
    """Windows lends no credentials to this kind of session (error 1312): SSH, or a service."""

    advice: Message | None = msg(
        "Log in to Windows itself, not over SSH, and run the command there. For a service, keep the secrets in a file: "
        "apoa setup --vault file."
    )


class SecretFileRefused(CredentialsProblem):
    """A file that should hold a secret cannot be read, or others can read it too."""

    advice: Message | None = msg("The file must be this user's alone: chmod 600 FILE")


class SecretUnusable(CredentialsProblem):
    """A secret was found, and it cannot be what it should be."""


class KeyMismatch(CredentialsProblem):
    """The private key is not the one that this property's reports are sealed for."""

    advice: Message | None = msg(
        "The private key belongs to another property, or to another set-up of this one. Ask your IT admin to bring "
        "back the right one; reports can still be saved meanwhile."
    )


class PublicKeyUnusable(SettingsProblem):
    """The public key in the settings is no key."""

    advice: Message | None = msg("Ask your IT admin to restore the property's public_key in config.toml.")
