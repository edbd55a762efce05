"""Ids of reports and stays: UUID version 7, which sort by the time they were made (RFC 9562 section 5.7).

Ids of imported stays and reports are computed from their content: the same row makes the same ids. Their time is the
day of the check-in. The other 74 bits are keyed BLAKE2b (RFC 7693) with the key of the guest hash, so that an id alone
reveals nothing about a guest. The last 24 bits of a report's id are a code over the others: it shows, without any
content, that an import made the report.

One half of a stay's id is computed from the document: a row is recognised by it after its name was corrected. The other
half, from the guest's name and date of birth, shows where another document may be a corrected one: a person decides.

Stored stays of one guest are found by a short keyed hash, which shows that a guest was reported before without storing
the document.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from typing import TYPE_CHECKING

from apoa_client.passport.states import canonical_code
from apoa_client.report.model import Document, Guest, Stay, part_value
from apoa_client.texts import fold

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

RandomBytes = Callable[[int], bytes]

_VERSION_7 = 0x7
_VARIANT = 0b10
_TIME_BITS = (1 << 48) - 1
_LAST_BITS = (1 << 62) - 1


def new_id(now: datetime, random: RandomBytes) -> str:
    """Return a new id as text. `random` returns the given number of unpredictable bytes."""
    random_bits = int.from_bytes(random(10), "big")
    return uuid7(int(now.timestamp() * 1000), (random_bits >> 68) << 62 | random_bits & _LAST_BITS)


def uuid7(milliseconds: int, bits: int) -> str:
    """Return a UUID of version 7 with this time in milliseconds since 1970, and with these 74 bits after it."""
    head, tail = bits >> 62, bits & _LAST_BITS
    number = (milliseconds & _TIME_BITS) << 80 | _VERSION_7 << 76 | head << 64 | _VARIANT << 62 | tail
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid7_bits(text: str) -> int:
    """Return the 74 bits of a UUID of version 7 that `uuid7` was given."""
    number = int(text.replace("-", ""), 16)
    return (number >> 64 & 0xFFF) << 62 | number & _LAST_BITS


_DOCUMENT, _GUEST, _REPORT, _CODE = b"apoa-imp-doc-1", b"apoa-imp-guest-1", b"apoa-imp-rep-1", b"apoa-imp-code-1"
_BITS = 74
_BYTES = 10
_CODE_BITS = 24
_DAY = len("0199c2a4-0000")
"""The first characters of an id are its time, and so the day."""
_MOST_DAYS = 40
"""Days whose stays are kept in memory: tables are more or less in the order of the arrivals."""
_HALF = _BITS // 2
_encode = json.JSONEncoder(separators=(",", ":")).encode


class ImportIds:
    """Computes and recognises ids; `key` has up to 64 bytes and is not empty."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def stay_id(self, guest: Guest, day: date) -> str:
        """Return the id of the stay of a guest that begins on this day."""
        state, number = document_identity(guest.document)
        name = fold(f"{guest.surname}{guest.given_names}")
        document = self._bits(_DOCUMENT, f"{state}\0{number}\0{day.isoformat()}".encode())
        person = self._bits(_GUEST, f"{name}\0{guest.birth_date}\0{day.isoformat()}".encode())
        midnight = datetime.combine(day, time(), UTC)
        return uuid7(int(midnight.timestamp()) * 1000, document >> _HALF << _HALF | person >> _HALF)

    def report_id(self, stay_id: str, content: bytes, before: str) -> str:
        """Return the id of a report with this content, which follows the report `before` (or "") of its stay."""
        bits = self._bits(_REPORT, b"\0".join([stay_id.encode(), before.encode(), content])) >> _CODE_BITS
        code = self._code(bits, stay_id[:_DAY])
        return uuid7(int(stay_id[:_DAY].replace("-", ""), 16), bits << _CODE_BITS | code)

    def is_imported(self, report_id: str) -> bool:
        """Return whether an import made this report."""
        bits = uuid7_bits(report_id)
        return self._code(bits >> _CODE_BITS, report_id[:_DAY]) == bits & ((1 << _CODE_BITS) - 1)

    def _code(self, bits: int, day: str) -> int:
        digest = blake2b(f"{day}\0{bits}".encode(), digest_size=_CODE_BITS // 8, key=self._key, person=_CODE).digest()
        return int.from_bytes(digest, "big")

    def _bits(self, person: bytes, content: bytes) -> int:
        digest = blake2b(content, digest_size=_BYTES, key=self._key, person=person).digest()
        return int.from_bytes(digest, "big") >> (8 * _BYTES - _BITS)


def row_content(guest: Guest, stay: Stay) -> bytes:
    """Return what a row says of guest and stay, always the same bytes for the same values."""
    return _encode([part_value(guest), part_value(stay)]).encode("ascii")


def same_guest(stay_id: str, other: str) -> bool:
    """Return whether the ids of two stays that begin on one day are of one name and birth date."""
    return _halves(stay_id)[1] == _halves(other)[1]


class ImportedStays:
    """The stays that were imported, found by the id of a row.

    The stays of a day are read once: call `forget` when others may have been saved.
    """

    def __init__(self, outbox: "Outbox") -> None:
        self._outbox = outbox
        self._days: dict[str, tuple[dict[int, str], dict[int, list[str]]]] = {}

    def forget(self) -> None:
        """Read the stays again at the next search."""
        self._days.clear()

    def with_document(self, stay_id: str) -> str | None:
        """Return the id of the stay that was imported with the document of the row with this id; None if none was."""
        documents, _guests = self._of_day(stay_id[:_DAY])
        return documents.get(_halves(stay_id)[0])

    def namesakes(self, stay_id: str) -> Sequence[str]:
        """Return the ids of the stays that were imported with the name, birth date and arrival of the row."""
        _documents, guests = self._of_day(stay_id[:_DAY])
        return guests.get(_halves(stay_id)[1], ())

    def _of_day(self, day: str) -> tuple[dict[int, str], dict[int, list[str]]]:
        found = self._days.get(day)
        if found is None:
            if len(self._days) == _MOST_DAYS:
                del self._days[next(iter(self._days))]
            found = self._days[day] = {}, {}
            for stay_id in self._outbox.stay_ids(day):
                document, guest = _halves(stay_id)
                found[0][document] = stay_id
                found[1].setdefault(guest, []).append(stay_id)
        return found


def _halves(stay_id: str) -> tuple[int, int]:
    bits = uuid7_bits(stay_id)
    return bits >> _HALF, bits & ((1 << _HALF) - 1)


_HASH_BYTES = 3
_HASH = b"apoa-guest-1"


def guest_hash(key: bytes, document: Document) -> int:
    """Return 24 bits of keyed BLAKE2b (RFC 7693) over issuing state and number; `key` has up to 64 bytes.

    Hyphens and blanks in the number and the two codes of Germany make no difference.

    The key is in the settings, so the database alone reveals nothing. The hash is short on purpose: of a billion
    document numbers sixty share each hash, so database and key together do not reveal the number. Hashes are compared
    only among stays of the same nights, where two guests have the same hash by chance once in seventeen million times.
    """
    state, number = document_identity(document)
    digest = blake2b(f"{state}\0{number}".encode(), digest_size=_HASH_BYTES, key=key, person=_HASH).digest()
    return int.from_bytes(digest, "big")


def same_document(one: Document, other: Document) -> bool:
    """Return whether two documents have the issuing state and number that `guest_hash` uses in common."""
    return document_identity(one) == document_identity(other)


def document_identity(document: Document) -> tuple[str, str]:
    """Return issuing state and number in the form in which documents are compared."""
    number = document.number.upper()
    if not number.isalnum():
        number = "".join(filter(str.isalnum, number))
    return canonical_code(document.issuing_state), number
