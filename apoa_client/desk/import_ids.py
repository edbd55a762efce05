"""Ids of imported stays and reports, which are computed from their content: the same row makes the same ids.

They have the form of a UUID version 7 (RFC 9562 section 5.7) whose time is the day of the check-in. The other 74 bits
are keyed BLAKE2b (RFC 7693) with the key of the guest hash, so that an id alone reveals nothing about a guest. The last
24 bits of a report's id are a code over the others: it shows, without any content, that an import made the report.
"""

import json
from datetime import UTC, date, datetime, time
from hashlib import blake2b

from apoa_client.desk.ids import uuid7
from apoa_client.report.guest_hash import document_identity
from apoa_client.report.model import Document, Guest, Stay
from apoa_client.report.wire import guest_value, stay_value

_STAY, _REPORT, _CODE = b"apoa-imp-stay-1", b"apoa-imp-rep-1", b"apoa-imp-code-1"
_BITS = 74
_BYTES = 10
_CODE_BITS = 24
_TAIL_BITS = 62


class ImportIds:
    """Computes and recognises ids; `key` has up to 64 bytes and is not empty."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def stay_id(self, document: Document, day: date) -> str:
        """Return the id of the stay of a document's holder that begins on this day."""
        state, number = document_identity(document)
        bits = self._bits(_STAY, f"{state}\0{number}\0{day.isoformat()}".encode())
        midnight = datetime.combine(day, time(), UTC)
        return uuid7(int(midnight.timestamp()) * 1000, bits)

    def report_id(self, stay_id: str, content: bytes, before: str) -> str:
        """Return the id of a report with this content, which follows the report `before` (or "") of its stay."""
        bits = self._bits(_REPORT, b"\0".join([stay_id.encode(), before.encode(), content])) >> _CODE_BITS
        code = self._code(bits, stay_id[:13])
        return uuid7(int(stay_id[:13].replace("-", ""), 16), bits << _CODE_BITS | code)

    def is_imported(self, report_id: str) -> bool:
        """Return whether an import made this report."""
        number = int(report_id.replace("-", ""), 16)
        bits = (number >> 64 & 0xFFF) << _TAIL_BITS | number & ((1 << _TAIL_BITS) - 1)
        return self._code(bits >> _CODE_BITS, report_id[:13]) == bits & ((1 << _CODE_BITS) - 1)

    def _code(self, bits: int, day: str) -> int:
        digest = blake2b(f"{day}\0{bits}".encode(), digest_size=_CODE_BITS // 8, key=self._key, person=_CODE).digest()
        return int.from_bytes(digest, "big")

    def _bits(self, person: bytes, content: bytes) -> int:
        digest = blake2b(content, digest_size=_BYTES, key=self._key, person=person).digest()
        return int.from_bytes(digest, "big") >> (8 * _BYTES - _BITS)


def row_content(guest: Guest, stay: Stay) -> bytes:
    """Return what a row says of guest and stay, always the same bytes for the same values."""
    return json.dumps([guest_value(guest), stay_value(stay)], separators=(",", ":")).encode("ascii")
