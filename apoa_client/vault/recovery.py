"""The way back after a lost computer: a code on paper from which the property's key pair is made anew.

The code is the beginning, not a copy: the key pair is derived from it, so that it can be short enough to be written
down. It has no characters that look alike (Crockford's base 32 has no I, L, O and U), and each group of five ends in a
check character of its own, so that a person is told which group to look at again, not that one of 35 characters is
wrong.
"""

import os
from hashlib import blake2b

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import Message, msg

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (https://www.crockford.com/base32.html)."""

GROUPS = 7
_DATA = 4
"""Characters of each group; the fifth checks them. 7 times 4 times 5 bits make 140, and no one tries 2**140 codes."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_PERSON = b"apoa-recovery-1"
_SEED_BYTES = 32


class RecoveryCodeWrong(CredentialsProblem):
    """A recovery code that was not written down or typed as it was shown."""

    advice: Message | None = msg("Compare it with the sheet, group by group. It has 7 groups of 5 characters.")


def new_code() -> str:
    """A new code, as it is shown: seven groups of five, with hyphens between."""
    characters = [ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(GROUPS * _DATA)]
    groups = ("".join(characters[start : start + _DATA]) for start in range(0, len(characters), _DATA))
    return "-".join(group + _check(number, group) for number, group in enumerate(groups))


def parse_code(text: str) -> str:
    """A code as typed, in the form of `new_code`: small letters, blanks and O for 0 do not matter.

    Raises `RecoveryCodeWrong`, which names the first group that is wrong.
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
        if not set(group) <= set(ALPHABET) or _check(number, group[:-1]) != group[-1]:
            raise RecoveryCodeWrong(msg("Group {number} of the recovery code is not right.", number=number + 1))
    return "-".join(groups)


def seed_from_code(code: str) -> bytes:
    """The 32 bytes from which the key pair of a code, as `parse_code` gives it, is made."""
    characters = "".join(group[:-1] for group in code.split("-"))
    return blake2b(characters.encode("ascii"), digest_size=_SEED_BYTES, person=_PERSON).digest()


def _check(number: int, group: str) -> str:
    """One character over four and the group's number: odd weights show any one wrong character, and swapped groups."""
    total = sum((2 * place + 3) * ALPHABET.index(character) for place, character in enumerate(group))
    return ALPHABET[(total + number) % len(ALPHABET)]
