"""The delivery lock as a precondition: the caller holds it, or gets one and the same error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from apoa_client.errors import NotNow
from apoa_client.messages import Message, msg
from apoa_client.ports.state import LockHolder


@contextmanager
def exclusive(
    delivery_lock: AbstractContextManager[bool],
    lock_holder: Callable[[], LockHolder | None],
    advice: Message,
    *,
    name: str = "",
) -> Iterator[None]:
    """Hold the lock until the context is left.

    Raises `NotNow`, with this advice and `ApoaError.name`, if another process holds it; its message says which one.
    """
    with delivery_lock as acquired:
        if not acquired:
            raise NotNow(_busy(lock_holder()), advice, name=name)
        yield


def _busy(holder: LockHolder | None) -> Message:
    if holder is None:
        return msg("Another apoa command is sending at this moment.")
    return msg("{command} (process {pid}) is busy with the queue.", command=holder.command or "apoa", pid=holder.pid)
