"""Trains the networks of `apoa_client.scan` and writes their weights: ``python tests/training/make_networks.py``.

It needs the extra `training`, and Debian's fonts-ocr-b, fonts-dejavu and fonts-liberation. The examples are rendered
here; no real document is used. The same seed makes the same examples, and on the same processor the same weights.
``--only NAME...`` trains some of them; ``--folder FOLDER`` writes elsewhere than into the package.
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
from torch.nn.functional import cross_entropy, softplus

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import line_examples
import zone_examples
from cameras import Example
from train import Batch, Schedule, first_weights, trained

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
    "finder": Recipe(1, zone_finder.LAYERS, zone_examples.examples, zone_loss, 6_000, 8, 3_500),
    "third": Recipe(2, line_reader.LAYERS, line_examples.examples, line_loss, 12_000, 32, 8_000),
    "fourth": Recipe(3, line_reader.LAYERS, line_examples.examples, line_loss, 12_000, 32, 8_000),
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
