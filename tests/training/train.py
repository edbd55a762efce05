"""Trains a network on examples, with PyTorch on one core: Adam, and a rate of learning that falls along a cosine.

Values are rounded to 16 bits within the layers (bfloat16), which a processor with such instructions does several times
as fast; the weights and the loss stay in 32 bits. The same batches give the same weights on the same processor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from apoa_client.scan.network import Array, Layer, Network

Batch = tuple[NDArray[np.generic], ...]
"""What the network sees, of shape (examples, height, width, channels), and what the loss takes beside the answers."""


def first_weights(layers: tuple[Layer, ...], seed: int, channels: int = 1) -> list[tuple[Array, Array]]:
    """Return random weights as He et al. (2015) choose them, and biases of zero."""
    rng = np.random.default_rng(seed)
    weights = []
    for layer in layers:
        shape = (*layer.size, channels, layer.channels)
        scale = np.sqrt(2 / (shape[0] * shape[1] * shape[2]))
        weights.append((rng.normal(0, scale, shape).astype(np.float32), np.zeros(layer.channels, np.float32)))
        channels = layer.channels
    return weights


def answers(
    layers: tuple[Layer, ...], weights: list[tuple[torch.Tensor, torch.Tensor]], values: torch.Tensor
) -> torch.Tensor:
    """Return what `Network` returns, for values of shape (examples, channels, height, width), as that of `Batch`."""
    last = len(layers) - 1
    for number, (layer, (kernel, bias)) in enumerate(zip(layers, weights, strict=True)):
        values = torch.nn.functional.conv2d(values, kernel, bias, layer.stride, layer.padding, layer.dilation)
        if number != last:
            values = torch.nn.functional.relu(values)
    return values.permute(0, 2, 3, 1).float()


@dataclass(frozen=True)
class Schedule:
    """How long to train, and how fast: the rate of learning rises for 2 % of the steps and falls to zero."""

    steps: int
    rate: float = 2e-3

    def part(self, step: int) -> float:
        """Return the rate of a step, counted from 0, in parts of the highest."""
        done = (step + 1) / self.steps
        return float(min(done / 0.02, 1) * 0.5 * (1 + np.cos(np.pi * done)))


def trained(
    layers: tuple[Layer, ...],
    weights: list[tuple[Array, Array]],
    loss: Callable[..., torch.Tensor],
    batches: Iterator[Batch],
    schedule: Schedule,
    progress: Callable[[int, float], None],
) -> Network:
    """Return the network after `schedule.steps` batches; `loss` takes the answers and the rest of a batch."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    tensors = [
        (
            torch.tensor(kernel.transpose(3, 2, 0, 1)).to(memory_format=torch.channels_last).requires_grad_(),
            torch.tensor(bias, requires_grad=True),
        )
        for kernel, bias in weights
    ]
    flat = [tensor for pair in tensors for tensor in pair]
    optimizer = torch.optim.Adam(flat, schedule.rate, betas=(0.9, 0.99))
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule.part)
    total = 0.0
    for number in range(1, schedule.steps + 1):
        values, *truths = map(torch.from_numpy, next(batches))
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            said = answers(layers, tensors, values.permute(0, 3, 1, 2))
        value = loss(said, *truths)
        value.backward()  # type: ignore[no-untyped-call,unused-ignore]  # typed where torch is installed
        torch.nn.utils.clip_grad_norm_(flat, 5)
        optimizer.step()
        rates.step()
        total += value.item()
        if number % 100 == 0:
            progress(number, total / 100)
            total = 0.0
    return Network(
        layers,
        tuple((kernel.detach().numpy().transpose(2, 3, 1, 0), bias.detach().numpy()) for kernel, bias in tensors),
    )
