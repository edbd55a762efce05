"""The nights for which a guest is already reported, stored without personal data.

Each night of a document is stored as a mark: HMAC-SHA-256 with a random key that only this process has. All possible
passport numbers can be tried, so a key that is stored beside the marks, or derived from a known password, would reveal
them. As a result, only the process that received the first report detects a duplicate, and not one started later.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apoa_client.sandbox.rules import check_in_of, planned_check_out_of

MAX_NIGHTS = 366


def night_marks(report: Mapping[str, Any], key: bytes) -> list[bytes]:
    """The marks of a check-in or amendment, one for each night, at most `MAX_NIGHTS`. `key` is 32 random bytes."""
    check_in, leaving = check_in_of(report), planned_check_out_of(report)
    if check_in is None or leaving is None:
        return []
    document = report["guest"]["document"]
    first = check_in.date()
    nights = min((leaving - first).days, MAX_NIGHTS)
    number = "".join(character for character in document["number"] if character.isalnum())
    texts = [f"{document['issuing_state']}\0{number}\0{first + timedelta(days=night)}" for night in range(nights)]
    return [hmac.digest(key, text.encode(), "sha256") for text in texts]
