"""The check of the outbox around a delivery, and before reports are typed by hand: nothing forged may leave."""

from apoa_client.delivery.options import Outcome
from apoa_client.ports.doubts import Authentication
from apoa_client.ports.outbox import DeliveryState
from apoa_client.ports.vault import RunCounter


def authenticate(outbox: DeliveryState, counter: RunCounter | None, outcome: Outcome) -> Authentication:
    """Check the open reports, note in `outcome` what another program changed, and raise the vault's counter.

    No keyring is asked. Several processes may do it at once. Raises `StorageProblem`, and `NotNow` during maintenance.
    """
    found = outbox.authenticate(ask=False, counter=counter.read() if counter is not None else None)
    outcome.unchecked = found.unchecked
    outcome.doubts = tuple(found.doubts)  # those of the last check, because each finds them again
    outcome.repaired |= dict.fromkeys(found.repaired)
    outcome.closed |= dict.fromkeys(found.closed)
    if counter is not None and found.counter is not None:
        counter.write(found.counter)
    return found
