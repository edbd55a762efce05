"""The property's username and password, and the tokens that they get (RFC 6749 §4.4, RFC 6750)."""

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hmac import compare_digest

MAX_TOKENS = 1_000
"""The number of valid tokens at a time; the oldest is dropped first."""


class Credentials:
    """Issues tokens and checks them. `lifetime_s` is seconds."""

    def __init__(self, username: str, password: str, *, lifetime_s: int, now: Callable[[], datetime]) -> None:
        self._username = username.encode()
        self._password = password.encode()
        self._lifetime_s = lifetime_s
        self._now = now
        self._lock = threading.Lock()
        self._expiry: dict[str, datetime] = {}

    def match(self, username: str, password: str) -> bool:
        """Whether both are right. Takes the same time whichever of the two is wrong."""
        same_name = compare_digest(username.encode(), self._username)
        same_password = compare_digest(password.encode(), self._password)
        return same_name and same_password

    def issue(self) -> dict[str, str | int]:
        """A new token, as the contract's ``Token``."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        with self._lock:
            living = [(old, end) for old, end in self._expiry.items() if end > now]
            self._expiry = dict(living[1 - MAX_TOKENS :])
            self._expiry[token] = now + timedelta(seconds=self._lifetime_s)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._lifetime_s}

    def valid(self, token: str) -> bool:
        """Whether this authority issued the token since it started, and it has not expired."""
        given = token.encode()
        with self._lock:
            found = [end for known, end in self._expiry.items() if compare_digest(known.encode(), given)]
        return bool(found) and found[0] > self._now()
