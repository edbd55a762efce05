"""What a process that keeps running hears of new reports in the shared outboxes of its properties.

Properties with one address have one login, and share a connection: a server has few, and desks need them.
"""

from typing import TYPE_CHECKING

from apoa_client.app.container import Container
from apoa_client.errors import ApoaError
from apoa_client.ports.clock import Clock

if TYPE_CHECKING:
    from apoa_client.outbox.interface import Listener

_RETRY_S = 60.0
"""How long after an attempt to listen the next one is made, whether it failed or the connection was lost."""


class Listeners:
    """The listeners of one process, by the address of the outbox. Close them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._addresses: dict[str, str] = {}
        """The address of each property's outbox."""
        self._listeners: dict[str, Listener] = {}
        self._next_attempts: dict[str, float] = {}
        """When to connect again at the earliest (`Clock.monotonic`), by address."""

    def of(self, app: Container) -> "Listener | None":
        """Return the open listener for the property that the container serves; None where there is none.

        That is a file, a pooler, or a server that was tried within the last minute.
        """
        settings = app.settings
        address = self._addresses[settings.name] = settings.outbox
        self._close_unused()
        listener = self._listeners.get(address)
        if listener is not None and listener.is_open:
            return listener
        if not settings.has_shared_outbox or self._clock.monotonic() < self._next_attempts.get(address, 0.0):
            return None
        self._next_attempts[address] = self._clock.monotonic() + _RETRY_S
        try:
            listener = app.outbox_opener(settings).listener()
        except ApoaError:
            return None
        if listener is not None:
            self._listeners[address] = listener
        return listener

    def close(self) -> None:
        """Close every connection."""
        self._addresses.clear()
        self._close_unused()

    def _close_unused(self) -> None:
        """Close the listeners of outboxes that no property has any more: its administrator may want to remove it."""
        for address in self._listeners.keys() - set(self._addresses.values()):
            self._listeners.pop(address).close()
