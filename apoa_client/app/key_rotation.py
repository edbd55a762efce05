"""A property's key pair: replaced by another one, or its private key recovered, without losing a record on the way.

The order of the steps matters. Every record must open before anything changes. The new private key is stored beside the
old one before the settings name its public key, and replaces the old one when every record is sealed to it. Then the
old one is deleted: it may be in wrong hands. A change that is interrupted leaves only records that open (see
`apoa_client.vault.sealing.PropertySealer`), and the next change finishes it.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from apoa_client.errors import CredentialsProblem, SealBroken, SettingsProblem
from apoa_client.messages import msg
from apoa_client.vault.sealing import PropertySealer, RowAuthenticator, fingerprint, public_key_of

if TYPE_CHECKING:
    from apoa_client.outbox.sql.reseal import SealedRecords
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.vault.sources import PropertySecrets

_WAIT_S = 30
"""How long to wait for a call of another process."""

OLD_KEY_KEPT = msg(
    "An earlier private key is kept too, because some records are still sealed to it. Seal them again with: apoa key "
    "rotate"
)


class KeyRecovery(StrEnum):
    """The result of recovering a private key."""

    RECOVERED = "recovered"
    ALREADY_HERE = "already_here"
    FOR_OLDER_RECORDS = "for_older_records"


@dataclass(repr=False)  # a key is in no log
class KeyPair:
    """The key pair of `public_key`. `save_public_key` writes another public key into the settings, durably.

    `outboxes` are the one in use and another one that hands over to it: what they have is sealed to the same key.
    """

    _outboxes: "Sequence[Outbox]"
    _secrets: "PropertySecrets"
    public_key: bytes
    _save_public_key: Callable[[bytes], None]

    @property
    def fingerprint(self) -> str:
        """The pair's fingerprint, which is also on the recovery sheet."""
        return fingerprint(self.public_key)

    def unfinished_key(self) -> bytes | None:
        """Return the private key of a change that was interrupted; None if there is none."""
        return self._secrets.keys.next()

    @property
    def keeps_old_key(self) -> bool:
        """Whether an earlier private key is still stored. Raises `CredentialsProblem`."""
        return self._secrets.keys.old() is not None

    def private_key(self) -> bytes:
        """Return the private key. Raises `CredentialsProblem`, also for a private key that does not fit."""
        return PropertySealer(self.public_key, self._secrets.private_key, self._secrets.spare_keys).private_key()

    def change(self, private_key: bytes, action: str = "key_rotated") -> int:
        """Make this private key the property's, seal all records to it, and return the number of rows.

        `action` is the audit trail's code for it. An earlier change that was interrupted is finished first. Raises
        `NotNow` while reports are being sent, and `SealBroken` before anything changes if a record cannot be opened.
        """
        place = self._secrets.private_key_from_environment()
        if place is not None:
            raise SettingsProblem(
                msg("{place} gives the private key, and this program cannot change it there.", place=place),
                msg(
                    "Nothing was changed. Run the command without it, where the private key is in the keyring or the "
                    "key file, and then give the new key from there."
                ),
                name="key_from_outside",
            )
        advice = msg("Nothing was changed. Wait a minute, then run the command again.")
        with ExitStack() as stack:
            works = [stack.enter_context(each.maintenance(advice, wait_s=_WAIT_S)) for each in self._outboxes]

            def renew() -> None:
                for work in works:
                    work.renew()

            unfinished = self.unfinished_key()
            if unfinished is not None and unfinished != private_key:
                self._change(unfinished, "key_rotated", renew)
            return self._change(private_key, action, renew)

    def _change(self, private_key: bytes, action: str, renew: Callable[[], None]) -> int:
        keys, all_records, public_key = self._secrets.keys, self._records(), public_key_of(private_key)
        # Another computer may have sealed records to this key already.
        opener = PropertySealer(
            self.public_key, self._secrets.private_key, lambda: [*self._secrets.spare_keys(), private_key]
        )
        try:
            for records in all_records:
                records.open_all(opener)
        except SealBroken as exc:
            raise SealBroken(
                exc.message,
                msg("Nothing was changed. A record that was damaged can be erased with: apoa purge --guest ID"),
            ) from None
        renew()
        keys.begin_rotation(private_key)
        self._save_public_key(public_key)
        self.public_key = public_key
        sealer = PropertySealer(public_key, lambda: private_key, keys.all)
        authenticators = (
            RowAuthenticator(self._key_of_before(private_key), keys.all),
            RowAuthenticator(private_key, keys.all),
        )
        resealed = 0
        for records in all_records:
            resealed += records.reseal(sealer.renew, sealer.public_key, authenticators, renew)
            records.empty_log()
        renew()
        keys.finish_rotation()
        new = _sealer_of(private_key)
        # Not if an earlier version of this program still saves reports.
        if all(records.opens_all(new) for records in all_records):
            keys.delete_old()
        self._record(action)
        return resealed

    def _key_of_before(self, private_key: bytes) -> bytes:
        """Return the private key that other computers have; the new one if it is lost, and with it every record."""
        try:
            return self._secrets.private_key()
        except CredentialsProblem:
            return private_key

    def _records(self) -> "list[SealedRecords]":
        return [each.sealed_records for each in self._outboxes]

    def _record(self, action: str) -> None:
        self._outboxes[0].record_event(action, detail=self.fingerprint)

    def recover(self, private_key: bytes, action: str = "key_recovered") -> KeyRecovery:
        """Store the private key that fits the public key, or beside it one that opens older records.

        Such records exist if a backup was made while the key pair changed. Raises `CredentialsProblem`.
        """
        keys = self._secrets.keys
        if public_key_of(private_key) != self.public_key:
            return self._recover_older(private_key)
        already_here = private_key in keys.all()
        if not already_here:
            keys.restore_current(private_key)
        self._save_public_key(self.public_key)  # together with the vault that holds the key now
        if already_here:
            return KeyRecovery.ALREADY_HERE
        self._record(action)
        return KeyRecovery.RECOVERED

    def _recover_older(self, private_key: bytes) -> KeyRecovery:
        all_records, keys = self._records(), self._secrets.keys

        def opens_any(key: bytes) -> bool:
            return any(records.opens_any(_sealer_of(key)) for records in all_records)

        if not opens_any(private_key):
            raise CredentialsProblem(
                msg("This is the key of another property, or of an earlier key pair."),
                msg(
                    "Nothing was changed. Look at the date and the key's fingerprint on the sheet, and compare the "
                    "latter with: apoa key show. Another property is chosen with: apoa --property NAME key recover"
                ),
                name="key_of_another",
            )
        older = keys.old()
        if older is not None and older != private_key and opens_any(older):
            raise CredentialsProblem(
                msg("Reports here are sealed to more key pairs than can be kept."),
                msg("Nothing was changed. Seal them all to one first: apoa key rotate"),
                name="key_of_another",
            )
        keys.add_old(private_key)
        return KeyRecovery.FOR_OLDER_RECORDS


def _sealer_of(private_key: bytes) -> PropertySealer:
    return PropertySealer(public_key_of(private_key), lambda: private_key)
