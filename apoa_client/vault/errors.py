"""What stands between us and a secret, each with its own advice. No message here holds a secret, or a part of one."""

from apoa_client.errors import CredentialsProblem, KeyringProblem, SecretMissing, SettingsProblem
from apoa_client.messages import Message, msg

_NO_DESKTOP: Message = msg(
    "On a computer without a desktop, keep the secrets in a file: apoa setup --vault file, or name files of your own "
    "in APOA_PASSWORD_FILE and APOA_PRIVATE_KEY_FILE."
)


class KeyringMissing(KeyringProblem):
    """No keyring that we trust runs here."""

    advice: Message | None = _NO_DESKTOP


class KeyringNoBus(KeyringMissing):
    """There is no session bus, on which a keyring would be: cron after the user logged out, or a server."""

    advice: Message | None = msg(
        "The keyring is there while this user is logged in at the desktop. To send from cron at other times, or on a "
        "computer without a desktop, keep the secrets in a file: apoa setup --vault file"
    )


class KeyringBusStale(KeyringMissing):
    """The environment names a session bus, and nobody is there any more: an old terminal, or a copied environment."""

    advice: Message | None = msg(
        "Close this window, open a new one, and try again. In a script or a crontab, leave "
        "DBUS_SESSION_BUS_ADDRESS out: apoa finds the bus by itself."
    )


class KeyringUntrusted(KeyringMissing):
    """No keyring that we trust runs here, and the one that was chosen for Python programs is not safe."""

    advice: Message | None = msg(
        "Set up the desktop's own keyring. Without a desktop, keep the secrets in a file that only this user can read: "
        "apoa setup --vault file"
    )


class KeyringOfAnotherUser(KeyringProblem):
    """The session bus is another user's, who does not let us in."""

    advice: Message | None = msg("Run the command as the user whose desktop session it is, not with sudo or su.")


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


class KeyringOfService(SecretMissing):
    """A Windows service's own account has a Credential Manager of its own, and nothing is in it."""

    advice: Message | None = msg(
        "Let the service, or the scheduled task, run as the user who set the property up; or keep the secrets in a "
        "file: apoa setup --vault file"
    )


class SecretFileRefused(CredentialsProblem):
    """A file that should hold a secret cannot be read, or others can read it too."""

    advice: Message | None = msg("The file must be this user's alone: chmod 600 FILE")


class SecretUnusable(CredentialsProblem):
    """A secret was found, and it cannot be what it should be."""


class KeyMismatch(CredentialsProblem):
    """The private key is not the one that this property's reports are sealed for."""

    advice: Message | None = msg(
        "It belongs to another property, or to another set-up of this one. Reports can still be saved; to read and "
        "send them, bring the right one back: apoa key recover"
    )


class PublicKeyUnusable(SettingsProblem):
    """The public key in the settings is no key."""

    advice: Message | None = msg("Ask your IT admin to restore the property's public_key in config.toml.")
