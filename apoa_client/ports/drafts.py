"""A draft as the outbox knows it."""

from datetime import datetime
from typing import NamedTuple


class StoredDraft(NamedTuple):
    """A draft of reports that are not finished, as it is known without the key."""

    id: str
    saved_at: datetime
    taken_at: datetime | None = None
    """When a desk took it to continue with it; None if none did."""
