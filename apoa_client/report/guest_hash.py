"""A short keyed hash of a travel document, which shows that a guest was reported before without storing the document.

The key is in the settings, so the database alone reveals nothing. The hash is short on purpose: of a billion document
numbers sixty share each hash, so database and key together do not reveal the number. Hashes are compared only among
stays of the same nights, where two guests have the same hash by chance once in seventeen million times.
"""

from hashlib import blake2b

from apoa_client.passport.states import canonical_code
from apoa_client.report.model import Document

_BYTES = 3
_PERSON = b"apoa-guest-1"


def guest_hash(key: bytes, document: Document) -> int:
    """Return 24 bits of keyed BLAKE2b (RFC 7693) over issuing state and number; `key` has up to 64 bytes.

    Hyphens and blanks in the number and the two codes of Germany make no difference.
    """
    state, number = document_identity(document)
    digest = blake2b(f"{state}\0{number}".encode(), digest_size=_BYTES, key=key, person=_PERSON).digest()
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
