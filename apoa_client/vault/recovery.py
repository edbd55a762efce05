"""Recovery codes: a property's key pair is derived from a code on paper, for when the computer is lost.

The key pair is derived from the code, so the code can be short enough to be written down. It contains no characters
that look alike (Crockford's base 32 has no I, L, O and U). Each group of five ends in a check character, so that the
error names the group that was typed wrong.
"""

import os
from hashlib import blake2b

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import Message, msg

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (https://www.crockford.com/base32.html)."""

GROUPS = 7
_DATA = 4
"""Data characters of each group; the fifth is the check character. 7 x 4 characters of 5 bits are 140 bits."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_PERSON = b"apoa-recovery-1"
_SEED_BYTES = 32


class RecoveryCodeWrong(CredentialsProblem):
    """A recovery code that was written down or typed wrong."""

    advice: Message | None = msg("Compare it with the sheet, group by group. A code has 7 groups of 5 characters.")


def new_code() -> str:
    """Return a new random code: seven groups of five characters with hyphens between."""
    characters = [ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(GROUPS * _DATA)]
    groups = ("".join(characters[start : start + _DATA]) for start in range(0, len(characters), _DATA))
    return "-".join(group + _check_character(number, group) for number, group in enumerate(groups))


def parse_code(text: str) -> str:
    """Return a typed code in the form of `new_code`. Case, separators, and O, I, L for 0, 1, 1 do not matter.

    Raises `RecoveryCodeWrong`, which names the first wrong group.
    """
    typed = "".join(character for character in text.upper().translate(_LOOKALIKES) if character.isalnum())
    size = _DATA + 1
    if len(typed) != GROUPS * size:
        message = msg(
            "A recovery code has {length} characters, and these are {count}.", length=GROUPS * size, count=len(typed)
        )
        raise RecoveryCodeWrong(message)
    groups = [typed[start : start + size] for start in range(0, len(typed), size)]
    for number, group in enumerate(groups):
        if not set(group) <= set(ALPHABET) or _check_character(number, group[:-1]) != group[-1]:
            raise RecoveryCodeWrong(msg("Group {number} of the recovery code is not right.", number=number + 1))
    return "-".join(groups)


def seed_from_code(code: str) -> bytes:
    """Return the 32-byte seed of the key pair for a code in the form of `parse_code`."""
    characters = "".join(group[:-1] for group in code.split("-"))
    return blake2b(characters.encode("ascii"), digest_size=_SEED_BYTES, person=_PERSON).digest()


def _check_character(number: int, group: str) -> str:
    """Return the check of four characters and the group's number.

    Odd weights detect any single wrong character; the number detects exchanged groups.
    """
    total = sum((2 * place + 3) * ALPHABET.index(character) for place, character in enumerate(group))
    return ALPHABET[(total + number) % len(ALPHABET)]
