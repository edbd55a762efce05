"""Networks in plain numpy."""

from pathlib import Path

import numpy as np
import pytest

from apoa_client.scan.network import Layer, Network, load, save

LAYERS = (Layer((3, 3), 4, (2, 1)), Layer((3, 3), 3, dilation=2), Layer((4, 3), 2, whole_height=True))


def _network() -> Network:
    rng, channels, weights = np.random.default_rng(1), 1, []
    for layer in LAYERS:
        kernel = rng.normal(0, 0.5, (*layer.size, channels, layer.channels)).astype(np.float16).astype(np.float32)
        weights.append((kernel, rng.normal(0, 0.5, layer.channels).astype(np.float16).astype(np.float32)))
        channels = layer.channels
    return Network(LAYERS, tuple(weights))


def _slowly(layer: Layer, kernel: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the convolution by its definition, one product after the other."""
    high, wide = layer.padding
    values = np.pad(values, ((high, high), (wide, wide), (0, 0)))
    rows = (values.shape[0] - (kernel.shape[0] - 1) * layer.dilation - 1) // layer.stride[0] + 1
    columns = (values.shape[1] - (kernel.shape[1] - 1) * layer.dilation - 1) // layer.stride[1] + 1
    made = np.zeros((rows, columns, kernel.shape[3]))
    for row, column, i, j in np.ndindex(rows, columns, *kernel.shape[:2]):
        y, x = row * layer.stride[0] + i * layer.dilation, column * layer.stride[1] + j * layer.dilation
        made[row, column] += values[y, x] @ kernel[i, j]
    return made


def test_a_network_is_its_layers_one_after_the_other() -> None:
    """Strides, dilation, margins and rectifiers are those of the definition of a convolution."""
    network, values = _network(), np.random.default_rng(2).normal(0, 1, (8, 11, 1)).astype(np.float32)
    expected = values.astype(np.float64)
    for number, (layer, (kernel, bias)) in enumerate(zip(LAYERS, network.weights, strict=True)):
        expected = _slowly(layer, kernel, expected) + bias
        if number < len(LAYERS) - 1:
            expected = np.maximum(expected, 0)
    assert network(values) == pytest.approx(expected, abs=1e-4)


def test_weights_are_kept(tmp_path: Path) -> None:
    """A network that is saved and loaded says the same."""
    network, values = _network(), np.random.default_rng(3).normal(0, 1, (8, 20, 1)).astype(np.float32)
    save(tmp_path / "weights.npz", network)
    assert load(tmp_path / "weights.npz", LAYERS)(values) == pytest.approx(network(values), abs=1e-6)
