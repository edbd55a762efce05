"""A property's key pair: replaced by another one, or brought back, without a record becoming unreadable on the way.

The order of steps is the promise. Every record opens before anything changes. The new private key is kept beside the
old one before the settings name its public half, and takes the old one's place when every record is sealed to it. A
change that is cut off leaves records that all open (see `apoa_client.vault.sealing.PropertySealer`), and is finished
by the next one.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from apoa_client.errors import CredentialsProblem, NotNow, SealBroken, SettingsProblem
from apoa_client.messages import Message, msg
from apoa_client.outbox.sqlite.reseal import Records
from apoa_client.vault.sealing import PropertySealer, fingerprint, public_key_of

if TYPE_CHECKING:
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.vault.sources import PropertySecrets

_TURN_S = 30
"""How long to wait for another process that delivers."""


class KeyOfAnother(CredentialsProblem):
    """A private key that belongs to another property, or to a key pair before this one."""

    advice: Message | None = msg(
        "Nothing was changed. Look at the date and the key's fingerprint on the sheet, and compare the latter with: "
        "apoa key show. Another property is chosen with: apoa --property NAME key recover"
    )


class KeyFromOutside(SettingsProblem):
    """The environment gives the private key, which this program cannot replace there."""

    advice: Message | None = msg(
        "Nothing was changed. Run the command without it, where the private key is in the keyring or the key file, and "
        "then give the new key from there."
    )


class KeyRecovery(StrEnum):
    """What came of bringing a private key back."""

    BACK = "back"
    ALREADY_HERE = "here_before"
    FOR_OLDER_RECORDS = "for_older_records"


class KeyPair:
    """The key pair that `public_key` belongs to. `name` writes another public key into the settings, durably."""

    def __init__(
        self, outbox: "SqliteOutbox", secrets: "PropertySecrets", public_key: bytes, name: Callable[[bytes], None]
    ) -> None:
        self.public_key = public_key
        self._outbox = outbox
        self._secrets = secrets
        self._name = name

    def __repr__(self) -> str:
        return "KeyPair(…)"

    @property
    def fingerprint(self) -> str:
        """What the pair is known by, on the sheet too."""
        return fingerprint(self.public_key)

    def unfinished(self) -> bytes | None:
        """The private key of a change that was cut off; None where there is none."""
        return self._secrets.keys.next()

    def private_key(self) -> bytes:
        """The private key. Raises `CredentialsProblem`, also where there is one and it does not fit."""
        return self._sealer().private_key()

    def change(self, private_key: bytes, action: str = "key_rotated") -> int:
        """Make this private key the property's, with all records sealed to it anew; how many rows were.

        `action` is the audit trail's word for it.
        Finishes an earlier change first, if one was cut off. Raises `NotNow` while another process delivers, and
        `SealBroken` before anything changes where a record cannot be opened.
        """
        place = self._secrets.private_key_from_environment()
        if place is not None:
            raise KeyFromOutside(
                msg("{place} gives the private key, and this program cannot change it there.", place=place)
            )
        with self._outbox.turn(_TURN_S) as ours:
            if not ours:
                raise NotNow(
                    msg("Another apoa command is sending at this moment."),
                    msg("Nothing was changed. Wait a minute, then run the command again."),
                )
            unfinished = self.unfinished()
            if unfinished not in {None, private_key}:
                self._take(unfinished, "key_rotated")
            return self._take(private_key, action)

    def bring_back(self, private_key: bytes, action: str = "key_recovered") -> KeyRecovery:
        """Keep the private key that fits the public key; or beside it one that opens records of before.

        Such records are there where a backup was made while the key pair changed. Raises `KeyOfAnother`.
        """
        keys = self._secrets.keys
        if public_key_of(private_key) != self.public_key:
            return self._bring_older(private_key)
        here_before = private_key in keys.all()
        if not here_before:
            keys.restore_current(private_key)
        self._name(self.public_key)  # with the vault that the key is in now
        if here_before:
            return KeyRecovery.ALREADY_HERE
        self._outbox.note(action, detail=self.fingerprint)
        return KeyRecovery.BACK

    def _take(self, private_key: bytes, action: str) -> int:
        keys, records, public_key = self._secrets.keys, self._outbox.records, public_key_of(private_key)
        _open_all(records, self._sealer())
        keys.begin_rotation(private_key)
        self._name(public_key)
        self.public_key = public_key
        renewed = self._reseal(records, PropertySealer(public_key, lambda: private_key, keys.all))
        keys.finish_rotation()
        self._outbox.note(action, detail=self.fingerprint)
        return renewed

    def _reseal(self, records: Records, sealer: PropertySealer) -> int:
        """Twice: a process that began before may have sealed to the old key during the first time."""
        renewed = records.reseal(sealer.renew)
        records.reseal(sealer.renew)
        records.empty_log()
        return renewed

    def _bring_older(self, private_key: bytes) -> KeyRecovery:
        records, keys = self._outbox.records, self._secrets.keys
        if not records.opens_any(_sealer_of(private_key)):
            raise KeyOfAnother(msg("This is the key of another property, or of a key pair before this one."))
        before = keys.old()
        if before not in {None, private_key} and records.opens_any(_sealer_of(before)):
            raise KeyOfAnother(
                msg("Reports here are sealed to more key pairs than can be kept."),
                msg("Nothing was changed. Seal them all to one first: apoa key rotate"),
            )
        keys.add_old(private_key)
        return KeyRecovery.FOR_OLDER_RECORDS

    def _sealer(self) -> PropertySealer:
        return PropertySealer(self.public_key, self._secrets.private_key, self._secrets.spare_keys)


def _open_all(records: Records, sealer: PropertySealer) -> None:
    """Open each record, or say how to go on without the one that does not open."""
    try:
        records.open_all(sealer)
    except SealBroken as exc:
        raise SealBroken(
            exc.message,
            msg("Nothing was changed. A record that was damaged can be erased with: apoa purge --guest ID"),
        ) from None


def _sealer_of(private_key: bytes) -> PropertySealer:
    return PropertySealer(public_key_of(private_key), lambda: private_key)
