"""Trains a network on examples, with JAX: Adam, a cosine schedule, and an average of the last weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from apoa_client.scan.network import Layer, Network

Weights = list[tuple[jax.Array, jax.Array]]
Batch = tuple[np.ndarray, ...]


def first_weights(layers: tuple[Layer, ...], seed: int, channels: int = 1) -> Weights:
    """Return random weights as He et al. (2015) choose them, and biases of zero."""
    rng = np.random.default_rng(seed)
    weights: Weights = []
    for layer in layers:
        shape = (*layer.size, channels, layer.channels)
        scale = np.sqrt(2 / (shape[0] * shape[1] * shape[2]))
        weights.append((jnp.asarray(rng.normal(0, scale, shape), jnp.float32), jnp.zeros(layer.channels)))
        channels = layer.channels
    return weights


def answers(layers: tuple[Layer, ...], weights: Weights, values: jax.Array) -> jax.Array:
    """Return what `Network` returns, for a batch of shape (examples, height, width, channels)."""
    last = len(layers) - 1
    for number, (layer, (kernel, bias)) in enumerate(zip(layers, weights, strict=True)):
        values = bias + lax.conv_general_dilated(
            values,
            kernel,
            layer.stride,
            [(side, side) for side in layer.padding],
            rhs_dilation=(layer.dilation, layer.dilation),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        if number != last:
            values = jax.nn.relu(values)
    return values


@dataclass(frozen=True)
class Schedule:
    """How long to train, and how fast: the rate of learning rises for 2 % of the steps and falls to zero."""

    steps: int
    rate: float = 2e-3


def trained(
    layers: tuple[Layer, ...],
    weights: Weights,
    loss: Callable[..., jax.Array],
    batches: Iterator[Batch],
    schedule: Schedule,
    progress: Callable[[int, float], None],
) -> Network:
    """Return the network after `schedule.steps` batches; `loss` takes the answers and the rest of a batch."""

    @jax.jit  # type: ignore[untyped-decorator,unused-ignore]  # typed where jax is installed
    def step(
        weights: Weights, first: Weights, second: Weights, number: int, batch: Batch
    ) -> tuple[Weights, Weights, Weights, jax.Array]:
        def of(weights: Weights) -> jax.Array:
            return loss(answers(layers, weights, batch[0]), *batch[1:])

        value, slopes = jax.value_and_grad(of)(weights)
        norm = jnp.sqrt(sum((slope**2).sum() for slope in jax.tree.leaves(slopes)))
        slopes = jax.tree.map(lambda slope: slope * jnp.minimum(1, 5 / (norm + 1e-9)), slopes)
        first = jax.tree.map(lambda old, slope: 0.9 * old + 0.1 * slope, first, slopes)
        second = jax.tree.map(lambda old, slope: 0.99 * old + 0.01 * slope**2, second, slopes)
        done = number / schedule.steps
        rate = schedule.rate * jnp.minimum(done / 0.02, 1) * 0.5 * (1 + jnp.cos(jnp.pi * done))
        weights = jax.tree.map(
            lambda old, one, two: (
                old - rate * ((one / (1 - 0.9**number)) / (jnp.sqrt(two / (1 - 0.99**number)) + 1e-8))
            ),
            weights,
            first,
            second,
        )
        return weights, first, second, value

    zeros = jax.tree.map(jnp.zeros_like, weights)
    first, second, total = zeros, zeros, 0.0
    for number in range(1, schedule.steps + 1):
        weights, first, second, value = step(weights, first, second, number, next(batches))
        total += float(value)
        if number % 100 == 0:
            progress(number, total / 100)
            total = 0.0
    return Network(layers, tuple((np.asarray(kernel), np.asarray(bias)) for kernel, bias in weights))
