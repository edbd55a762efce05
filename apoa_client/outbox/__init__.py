"""The sealed, durable queue and history of one property: a report that was said to be saved is never lost."""
