"""Which nights a guest is already reported for, without keeping who the guest is.

A night of a document becomes a mark: HMAC-SHA-256 under a key that lives in the process alone. Passport numbers are few
enough to be tried one by one, so a key that lay beside the marks, or came from a password on the screen, would give
them away. The price: a duplicate is seen by the authority that received the first report, not by one started later.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from apoa_client.sandbox.rules import check_in_of, planned_check_out_of

MAX_NIGHTS = 366


@dataclass(frozen=True, slots=True)
class CoveredNights:
    """Makes marks under `key`, 32 random bytes."""

    key: bytes = field(repr=False)

    def of(self, report: Mapping[str, Any]) -> list[bytes]:
        """The marks of a check-in or amendment, one a night, the first `MAX_NIGHTS` of them."""
        check_in, leaving = check_in_of(report), planned_check_out_of(report)
        if check_in is None or leaving is None:
            return []
        document = report["guest"]["document"]
        first = check_in.date()
        nights = min((leaving - first).days, MAX_NIGHTS)
        number = "".join(character for character in document["number"] if character.isalnum())
        return [
            self._mark(f"{document['issuing_state']}\0{number}\0{first + timedelta(days=night)}")
            for night in range(nights)
        ]

    def _mark(self, text: str) -> bytes:
        return hmac.digest(self.key, text.encode(), "sha256")
