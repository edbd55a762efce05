"""Runs small convolutional networks with numpy alone.

A network is a list of layers; its weights are kept as float16 in a file of numpy's own format. The training code
builds the same layers, so that the two never differ.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """A convolution and, but for the last, a rectifier.

    Args:
        size: The height and width of the kernel.
        channels: How many values it makes of each place.
        stride: The rows and columns from one place to the next.
        dilation: The rows and columns between two neighbours of the kernel.
        whole_height: Whether the kernel takes the whole height, without a margin above and below.

    """

    size: tuple[int, int]
    channels: int
    stride: tuple[int, int] = (1, 1)
    dilation: int = 1
    whole_height: bool = False

    @property
    def padding(self) -> tuple[int, int]:
        """The rows of zeros above and below, and the columns of zeros to the left and right."""
        high, wide = (self.dilation * (length - 1) // 2 for length in self.size)
        return (0 if self.whole_height else high), wide


@dataclass(frozen=True)
class Network:
    """Layers with their weights: for each a kernel of shape (height, width, channels in, channels out), and a bias."""

    layers: tuple[Layer, ...]
    weights: tuple[tuple[Array, Array], ...]

    def __call__(self, values: Array) -> Array:
        """Return what the last layer makes of `values`, an array of shape (height, width, channels)."""
        last = len(self.layers) - 1
        for number, (layer, (kernel, bias)) in enumerate(zip(self.layers, self.weights, strict=True)):
            values = _convolved(values, layer, kernel) + bias
            if number != last:
                np.maximum(values, 0, out=values)
        return values


def _convolved(values: Array, layer: Layer, kernel: Array) -> Array:
    high, wide = layer.padding
    if high or wide:
        values = np.pad(values, ((high, high), (wide, wide), (0, 0)))
    rows, columns = ((length - 1) * layer.dilation + 1 for length in layer.size)
    windows = sliding_window_view(values, (rows, columns), axis=(0, 1))
    windows = windows[:: layer.stride[0], :: layer.stride[1], :, :: layer.dilation, :: layer.dilation]
    places = windows.shape[:2]
    flat = windows.transpose(0, 1, 3, 4, 2).reshape(places[0] * places[1], -1)
    return (flat @ kernel.reshape(-1, kernel.shape[-1])).reshape(*places, -1)


def load(path: Path, layers: tuple[Layer, ...]) -> Network:
    """Return the network of a file that the training made."""
    with np.load(path, allow_pickle=False) as arrays:
        weights = tuple(
            (arrays[f"kernel{number}"].astype(np.float32), arrays[f"bias{number}"].astype(np.float32))
            for number in range(len(layers))
        )
    return Network(layers, weights)
