"""The limits of every call: times and sizes. Apart from the client, so that using them loads no HTTP library."""

from typing import NamedTuple

MAX_ANSWER_BYTES = 1024 * 1024
MAX_WAIT_S = 24 * 3600
"""The longest wait that an authority may ask for, because a report has a deadline."""
MAX_BATCH = 1000
"""The largest batch that an authority may allow: the results of more do not fit into one answer."""
GZIP_MIN_BYTES = 1024
"""A smaller body is sent uncompressed."""
SLOWEST_BYTES_S = 4 * 1024
"""A photo cannot be sent in parts, so its call may take longer: by its time on a line of so many bytes a second."""


class Timeouts(NamedTuple):
    """Seconds to wait for a connection, between two parts of an answer, and for a whole call."""

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 90.0
