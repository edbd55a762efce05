"""Whether a guest was reported before, without keeping who they are: a short keyed hash of the travel document.

The key stands in the settings, so that the database alone tells nothing. And the hash is short on purpose: of a billion
document numbers sixty share each tag, so that not even whoever has both can read a number out of it. Tags are compared
only among stays of the same nights; there, two guests have one by chance once in seventeen million times.
"""

from hashlib import blake2b

from apoa_client.report.model import Document

_BYTES = 3
_PERSON = b"apoa-guest-1"


def guest_tag(key: bytes, document: Document) -> int:
    """24 bits over issuing state and number; hyphens, blanks and how Germany is written do not matter.

    `key` is up to 64 bytes. BLAKE2b, keyed (RFC 7693).
    """
    state, number = _identity(document)
    digest = blake2b(f"{state}\0{number}".encode(), digest_size=_BYTES, key=key, person=_PERSON).digest()
    return int.from_bytes(digest, "big")


def same_document(one: Document, other: Document) -> bool:
    """Whether two are one travel document, by what `guest_tag` goes by."""
    return _identity(one) == _identity(other)


def _identity(document: Document) -> tuple[str, str]:
    state = "D" if document.issuing_state == "DEU" else document.issuing_state
    return state, "".join(character for character in document.number.upper() if character.isalnum())
