"""Which characters people and cameras confuse, and how often.

A check digit does not detect some of these mistakes, because both characters have the same value modulo 10 (6 and G,
1 and L, K and the filler). They are listed for the fields that have no check digit.
"""

from apoa_client.passport.check_digits import ALPHABET

_MISREAD = ("O0", "I1", "Z2", "S5", "B8", "G6", "D0", "Q0", "QO", "DO", "UV", "YV", "K<", "IL", "1L")
_MISREAD_SOMETIMES = ("17", "27", "38", "A4", "T7", "56", "69", "5G", "09", "68", "89")
_KEYBOARD_ROWS = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
_NEIGHBOURING_KEYS = tuple(row[index : index + 2] for row in _KEYBOARD_ROWS for index in range(len(row) - 1))

_MISREAD_COST, _MISREAD_SOMETIMES_COST, _NEIGHBOURING_KEYS_COST, _ARBITRARY_COST = 1.0, 2.0, 3.0, 4.0
"""The cost of each kind of mistake: the higher, the rarer it is."""

_COSTS: dict[str, float] = {}
for _pairs, _cost in (
    (_NEIGHBOURING_KEYS, _NEIGHBOURING_KEYS_COST),
    (_MISREAD_SOMETIMES, _MISREAD_SOMETIMES_COST),
    (_MISREAD, _MISREAD_COST),  # the last entry of a pair counts
):
    _COSTS.update({both: _cost for pair in _pairs for both in (pair, pair[::-1])})


def confusion_cost(one: str, other: str) -> float:
    """Return the cost of the assumption that one of two characters was written in place of the other."""
    return _COSTS.get(one + other, _ARBITRARY_COST)


def lookalikes(character: str) -> list[str]:
    """Return the characters that are usually confused with `character`."""
    return [new for new in ALPHABET if confusion_cost(character, new) == _MISREAD_COST]
