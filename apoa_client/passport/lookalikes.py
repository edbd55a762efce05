"""Which characters people and cameras take for one another.

Only mistakes that a check digit can see need a place here: 6 and G, 1 and L, or K and the filler have values equal
modulo 10, so that no correction is ever looked for where they were confused. They are here all the same, for the fields
that have no check digit.
"""

from apoa_client.passport.check_digits import ALPHABET

_MISREAD = ("O0", "I1", "Z2", "S5", "B8", "G6", "D0", "Q0", "QO", "DO", "UV", "YV", "K<", "IL", "1L")
_MISREAD_SOMETIMES = ("17", "27", "38", "A4", "T7", "56", "69", "5G", "09", "68", "89")
_KEYS = ("1234567890", "QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")

USUAL, SOMETIMES, NEIGHBOURS, ARBITRARY = 1.0, 2.0, 3.0, 4.0
"""What each kind of mistake costs: the more, the rarer."""


def confusion_cost(one: str, other: str) -> float:
    """What it costs to believe that one of two characters was meant and the other one written."""
    return _COSTS.get(one + other, ARBITRARY)


def lookalikes(character: str) -> list[str]:
    """What is usually taken for `character`, and the other way round."""
    return [new for new in ALPHABET if confusion_cost(character, new) == USUAL]


def _both_ways(pairs: tuple[str, ...], cost: float) -> dict[str, float]:
    return {turned: cost for pair in pairs for turned in (pair, pair[::-1])}


_NEIGHBOURS = tuple(row[index : index + 2] for row in _KEYS for index in range(len(row) - 1))

_COSTS = _both_ways(_NEIGHBOURS, NEIGHBOURS) | _both_ways(_MISREAD_SOMETIMES, SOMETIMES) | _both_ways(_MISREAD, USUAL)
