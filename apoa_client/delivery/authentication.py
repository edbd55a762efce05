"""The check of the outbox around a delivery, and before reports are typed by hand: nothing forged may leave."""

from apoa_client.delivery.options import Outcome
from apoa_client.ports.outbox import DeliveryState
from apoa_client.ports.vault import KnownVersion


def authenticate(outbox: DeliveryState, known: KnownVersion | None, outcome: Outcome) -> None:
    """Check the outbox, note in `outcome` what another program changed, and raise the version in the vault.

    No keyring is asked. Several processes may do it at once. Raises `StorageProblem`, and `NotNow` during maintenance.
    """
    found = outbox.authenticate(ask=False, known=known.read() if known is not None else None)
    outcome.unchecked = found.unchecked
    outcome.doubts = tuple(found.doubts)  # those of the last check, because each finds them again
    if known is not None and found.version is not None:
        known.write(found.version)
