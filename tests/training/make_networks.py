"""Trains the networks of `apoa_client.scan` and writes their weights: ``python tests/training/make_networks.py``.

It needs the extra `training`, and Debian's fonts-ocr-b, fonts-dejavu and fonts-liberation. The examples are rendered
here; no real document is used. The same seed makes the same examples, and on the same processor the same weights.
``--only NAME...`` trains some of them; ``--folder FOLDER`` writes elsewhere than into the package.

PyTorch trains on one core: Adam, and a rate of learning that falls along a cosine. Values are rounded to 16 bits within
the layers (bfloat16), which a processor with such instructions does several times as fast; the weights and the loss
stay in 32 bits. The same batches give the same weights on the same processor.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, softplus

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from cameras import Example
from examples import line_examples, zone_examples

from apoa_client.scan import line_reader, zone_finder
from apoa_client.scan.network import Array, Layer, Network

WEIGHTS = Path(__file__).resolve().parent.parent.parent / "apoa_client" / "scan" / "weights"
QUANTUM = 32
"""A rendered value is kept as a small whole number of this part of one: a few hundred thousand strips fit in memory."""


@dataclass(frozen=True)
class Recipe:
    """How one network is made.

    Args:
        seed: Of its first weights, and of the order of its examples. Each kind of examples has one.
        layers: What it consists of.
        examples: What makes some examples of one picture.
        loss: What it is trained to make small.
        pictures: How many pictures are rendered.
        batch: How many examples a step takes.
        steps: How many steps are made.

    """

    seed: int
    layers: tuple[Layer, ...]
    examples: Callable[[Generator], list[Example]]
    loss: Callable[..., torch.Tensor]
    pictures: int
    batch: int
    steps: int


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


def save(path: Path, network: Network) -> None:
    """Write the weights of a network to a file."""
    arrays = {}
    for number, (kernel, bias) in enumerate(network.weights):
        arrays[f"kernel{number}"] = kernel.astype(np.float16)
        arrays[f"bias{number}"] = bias.astype(np.float16)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def line_loss(answer: torch.Tensor, classes: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """Return how wrong the reader is: of the characters, and of how far the line is from the middle."""
    answer, classes = answer[:, 0], classes.long()
    said = cross_entropy(answer[..., :-1].flatten(0, 1), classes.clamp(min=0).flatten(), reduction="none")
    weight = torch.where(classes < 0, 0.0, torch.where(classes == line_reader.NONE, 0.5, 1.0))
    character = (classes >= 0) & (classes != line_reader.NONE)
    off = (answer[..., -1] - below / 8).abs()
    return (said * weight.flatten()).sum() / weight.sum() + 0.3 * (off * character).sum() / character.sum().clamp(min=1)


def zone_loss(answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return how wrong the finder is: of where lines run, of their direction and their pitch."""
    on, is_clear = truth[..., 0] == 1, truth[..., 0] >= 0
    said = torch.where(on, 3 * softplus(-answer[..., 0]), softplus(answer[..., 0]))
    off = (answer[..., 1:] - truth[..., 1:]).abs().sum(-1)
    return 4 * (said * is_clear).sum() / is_clear.sum() + 0.3 * (off * on).sum() / on.sum().clamp(min=1)


RECIPES = {
    "finder": Recipe(1, zone_finder.LAYERS, zone_examples, zone_loss, 6_000, 8, 3_500),
    "third": Recipe(2, line_reader.LAYERS, line_examples, line_loss, 12_000, 32, 8_000),
    "fourth": Recipe(3, line_reader.LAYERS, line_examples, line_loss, 12_000, 32, 8_000),
}


def rendered(examples: Callable[[Generator], list[Example]], number: int) -> list[Example]:
    """Return the examples of one picture, the pixels as small whole numbers. The same number gives the same picture."""
    made = examples(np.random.default_rng((1, number)))
    return [
        (np.clip(np.round(pixels.astype(np.float32) * QUANTUM), -127, 127).astype(np.int8), *truth)
        for pixels, *truth in made
    ]


def stacked(examples: Sequence[Example]) -> list[Array]:
    """Return the pixels of examples, and what a network is to say of them."""
    pixels, *truths = (np.stack(values).astype(np.float32) for values in zip(*examples, strict=True))
    return [pixels[..., None] / np.float32(QUANTUM), *truths]


def _batches(recipe: Recipe, examples: list[Example]) -> Iterator[Batch]:
    """Yield batches for ever, in another order each time round, with a little more damage."""
    rng = np.random.default_rng((recipe.seed, 0))
    while True:
        order = rng.permutation(len(examples))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            chosen = [examples[number] for number in order[start : start + recipe.batch]]
            pixels, *truths = stacked(chosen)
            each = (recipe.batch, 1, 1, 1)
            grain = rng.choice([0, 0.05, 0.12], each).astype(np.float32)
            damage = rng.normal(0, 0.15, each) + rng.standard_normal(pixels.shape, np.float32) * grain
            yield ((pixels * rng.uniform(0.7, 1.4, each) + damage).astype(np.float32), *truths)


def make(name: str, recipe: Recipe, examples: list[Example], folder: Path) -> Path:
    """Train a network and write its weights to ``NAME.npz`` in a folder."""
    began = time.monotonic()

    def progress(step: int, loss: float) -> None:
        sys.stdout.write(f"{name} {step}/{recipe.steps}: {loss:.4f} after {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()

    weights = first_weights(recipe.layers, recipe.seed)
    batches = _batches(recipe, examples)
    path = folder / f"{name}.npz"
    save(path, trained(recipe.layers, weights, recipe.loss, batches, Schedule(recipe.steps), progress))
    return path


def main() -> None:
    """Make every network, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--folder", type=Path, default=WEIGHTS)
    asked = parser.parse_args()
    seen: dict[Callable[[Generator], list[Example]], list[Example]] = {}
    for name in asked.only:
        recipe = RECIPES[name]
        if recipe.examples not in seen:
            with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:  # PyTorch has threads: no fork
                pages = processes.map(partial(rendered, recipe.examples), range(recipe.pictures), chunksize=64)
                seen[recipe.examples] = [example for page in pages for example in page]
        make(name, recipe, seen[recipe.examples], asked.folder)


if __name__ == "__main__":
    main()
