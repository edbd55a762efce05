"""The delivery lock as a precondition: the caller holds it, or gets one and the same error."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from apoa_client.errors import NotNow
from apoa_client.messages import Message, msg


@contextmanager
def exclusive(delivery_lock: AbstractContextManager[bool], advice: Message, *, name: str = "") -> Iterator[None]:
    """Hold the lock until the context is left.

    Raises `NotNow`, with this advice and `ApoaError.name`, if another process holds it.
    """
    with delivery_lock as acquired:
        if not acquired:
            raise NotNow(msg("Another apoa command is sending at this moment."), advice, name=name)
        yield
