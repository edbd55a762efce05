"""How long and how much: the bounds of every call. Apart from the client, so that naming them costs no HTTP library."""

from dataclasses import dataclass

MAX_ANSWER_BYTES = 1024 * 1024
MAX_WAIT_S = 24 * 3600
"""No authority makes us wait longer than this, whatever it writes: a report has a deadline."""
MAX_BATCH = 1000
"""What an authority may allow at most: the results of more do not fit into one answer."""
GZIP_MIN_BYTES = 1024
"""A smaller body gains nothing."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, between two pieces of an answer, and for a whole call."""

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 90.0
