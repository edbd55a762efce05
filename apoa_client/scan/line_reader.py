"""What the line reader sees and says: a strip of one line in, the likelihood of each character for each column out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan.network import Layer, Network
from apoa_client.scan.pictures import Picture

NONE = len(ALPHABET)
"""The class of a column in which no character has its middle."""

ROWS = 32
"""The height of a strip."""
PITCH = 18
"""How many columns of a strip a character takes, about."""
MARGIN = 1.5
"""How many characters the strip of a line that was followed has before the middle of its first and after its last."""
STEP = 4
"""How many columns of a strip one column of the answer stands for."""

LAYERS = (
    Layer((3, 3), 16),
    Layer((3, 3), 24, (2, 2)),
    Layer((3, 3), 32, (2, 1)),
    Layer((3, 3), 48, (2, 2)),
    Layer((4, 3), 96, whole_height=True),
    Layer((1, 5), 96),
    Layer((1, 5), 96),
    Layer((1, 1), NONE + 2),
)
"""The last layer's channels: each character, none, and how far the line is below the middle, in units of 8 rows."""


def normalised(strip: Picture) -> NDArray[np.float32]:
    """Return a strip without its shades: each column is compared with its surroundings of about three characters."""
    reach = 3 * PITCH // 2
    wide = np.pad(strip, ((0, 0), (reach, reach)), mode="edge")
    mean = _running_mean(wide.mean(0), 2 * reach + 1)
    square = _running_mean((wide * wide).mean(0), 2 * reach + 1)
    spread = np.sqrt(np.maximum(square - mean * mean, 0)) + 4
    return np.asarray((strip - mean) / spread, np.float32)


def _running_mean(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    total = np.cumsum(np.concatenate(([0.0], values.astype(np.float64))))
    return np.asarray((total[width:] - total[:-width]) / width, np.float32)


@dataclass(frozen=True)
class Reading:
    """A line as one pass read it, with the number of characters that was asked for.

    Args:
        likelihoods: For each place, the logarithm of each character's likelihood, an array of shape (characters, 37).
        columns: Where each character's middle is in the strip.
        below: How many rows of the strip each character is below the middle.
        gain: How much likelier the line is than an empty strip, as a logarithm, for all characters together.

    """

    likelihoods: NDArray[np.float32]
    columns: NDArray[np.int64]
    below: NDArray[np.float32]
    gain: float

    @property
    def text(self) -> str:
        """The likeliest character of each place."""
        return "".join(ALPHABET[index] for index in self.likelihoods.argmax(1))


_FINE = 2
"""How many columns of a strip one step of the search for characters takes."""
_NARROWEST, _WIDEST = 0.75, 1.25
"""How far apart two neighbours are at least and at most, in parts of the pitch."""
_NEAR = 0.6
"""How far from a given start, in parts of the pitch, a line begins at most."""
_UNEVEN = 3.0
"""How far, in columns of the strip, the distance of two neighbours usually differs from the pitch."""
_CAUTION = 1.0
"""How much more an unclear character counts against a line than an empty place."""
_REACH = 0.22
"""How much of the pitch, on both sides of its middle, the network was trained to call by the character."""


class Answer:
    """What the network says of one strip, in finer steps than it says it."""

    def __init__(self, network: Network, strip: Picture) -> None:
        answer = network(normalised(strip)[..., None])[0]
        logits = answer[:, :-1] - answer[:, :-1].max(1, keepdims=True)
        likelihoods = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        fine = np.arange(0, len(answer) - 1 + 1e-6, _FINE / STEP)
        left = np.minimum(fine.astype(int), len(answer) - 2)
        share = (fine - left)[:, None]
        between = np.maximum(likelihoods[left] * (1 - share) + likelihoods[left + 1] * share, -12)
        self._likelihoods = _windowed(between)
        self._below = _windowed(answer[left, -1:] * 8)[:, 0]
        self._gain = (1 + _CAUTION) * self._likelihoods[:, :NONE].max(1) - self._likelihoods[:, NONE]

    def has_room(self, length: int) -> bool:
        """Return whether `length` characters fit the strip."""
        return len(self._below) > (length - 1) * round(_NARROWEST * PITCH / _FINE)

    def reading(self, length: int, start: float | None = None) -> Reading:
        """Return the likeliest line of `length` characters that are about `PITCH` columns apart. They fit the strip.

        With `start`, the first character's middle is about in that column.
        """
        at, total = _spaced(self._gain, length, start)
        chosen = self._likelihoods[at, :NONE]
        chosen = chosen - chosen.max(1, keepdims=True)
        chosen = chosen - np.log(np.exp(chosen).sum(1, keepdims=True))
        return Reading(chosen, at * _FINE, self._below[at], total)


def _windowed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each row and those before and after it that the network calls by the same character."""
    reach = max(1, round(_REACH * PITCH / _FINE))
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    total = np.cumsum(np.concatenate((np.zeros((1, values.shape[1])), padded)), axis=0)
    return np.asarray((total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1), np.float32)


def _spaced(gain: NDArray[np.float32], length: int, start: float | None = None) -> tuple[NDArray[np.int64], float]:
    """Return the places of `length` characters that are about `PITCH` apart and gain most together, and their gain.

    The first is near the column `start`, if it is given; the gain is minus infinity if no line begins there.
    """
    steps = np.arange(round(_NARROWEST * PITCH / _FINE), round(_WIDEST * PITCH / _FINE) + 1)
    cost = ((steps * _FINE - PITCH) / _UNEVEN) ** 2 / 2
    best = gain.astype(np.float64)
    if start is not None:
        best[np.abs(np.arange(len(gain)) * _FINE - start) > _NEAR * PITCH] = -np.inf
    origins = []
    for _ in range(length - 1):
        reached = np.concatenate((np.full(steps[-1], -np.inf), best))
        starts = steps[-1] - steps
        candidates = np.stack(
            [reached[start : start + len(gain)] - each for start, each in zip(starts, cost, strict=True)]
        )
        origin = candidates.argmax(0)
        origins.append(origin)
        best = candidates[origin, np.arange(len(gain))] + gain
    place = int(best.argmax())
    places, total = [place], float(best[place])
    for origin in reversed(origins):
        place = max(0, place - int(steps[origin[place]]))
        places.append(place)
    return np.asarray(places[::-1]), total
