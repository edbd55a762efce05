"""Checks the address of an authority, and has the limits of every call: times and sizes.

Pure and without an HTTP library, so fast enough for `apoa setup` to call it on each key press.
"""

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from apoa_client.errors import SettingsProblem
from apoa_client.messages import Message, msg

_ADVICE = msg("Set api_url to the address that your authority gave you, like https://host/path/v1, or to: training")
_APOA_HOST = "apoa.imigrasi.go.id"
_MAX_LABEL_LENGTH = 63
"""RFC 1035 §2.3.4."""


def check_base_url(url: str) -> str:
    """The base URL of an authority, without a slash at its end.

    Only https, because passport data is sent there; http is allowed to a loopback address, for training and tests.
    Raises `SettingsProblem`, whose message never contains the URL, because that may hold a password.
    """
    url = url.strip()
    # urlsplit silently drops tabs and line breaks, and other parsers read a backslash as a slash.
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _invalid(msg("The authority's address has a character that is not allowed in an address."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), "", None
    labels = [] if ":" in host else host.removesuffix(".").split(".")  # an IPv6 address has none
    if not host or port == 0 or not all(0 < len(label) <= _MAX_LABEL_LENGTH for label in labels):
        raise _invalid(msg("The authority's address is not a web address."))
    if parts.username is not None or parts.password is not None:
        raise _invalid(msg("The authority's address must not contain a username or password."))
    if parts.query or parts.fragment:
        raise _invalid(msg("The authority's address must not contain a question mark or a hash sign."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise _invalid(msg("The authority's address must begin with https://, because passport data is sent there."))
    return parts.geturl().rstrip("/")


def is_apoa_website(address: str) -> bool:
    """Whether `address`, with or without a scheme, is on the host of APOA's own website."""
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    return host.removeprefix("www.").removesuffix(".") == _APOA_HOST


def is_loopback(host: str) -> bool:
    """Whether `host`, as written in a URL, is this computer."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _invalid(message: Message) -> SettingsProblem:
    return SettingsProblem(message, _ADVICE)


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
