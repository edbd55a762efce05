"""Trains the networks of `apoa_client.scan` and writes their weights: ``python tests/training/make_networks.py``.

It needs the extra `training`, and Debian's fonts-ocr-b, fonts-dejavu and fonts-liberation. The examples are rendered
here; no real document is used. The same seed makes the same examples, and on the same processor the same weights.
``--only NAME`` trains one network (finder, first, second); ``--small`` makes a few steps and writes to a folder that is
removed, to show that all of it works.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from numpy.random import Generator

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import line_examples
import zone_examples
from cameras import Example
from train import Batch, Schedule, first_weights, trained

from apoa_client.scan import line_reader, zone_finder
from apoa_client.scan.network import Layer, Network

WEIGHTS = Path(__file__).resolve().parent.parent.parent / "apoa_client" / "scan" / "weights"
QUANTUM = 32
"""A rendered value is kept as a small whole number of this part of one: a few hundred thousand strips fit in memory."""


@dataclass(frozen=True)
class Recipe:
    """How one network is made.

    Args:
        seed: Of its first weights, its examples and their order.
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
    loss: Callable[..., jax.Array]
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


def line_loss(answer: jax.Array, classes: jax.Array, below: jax.Array) -> jax.Array:
    """Return how wrong the reader is: of the characters, and of how far the line is from the middle."""
    answer = answer[:, 0]
    likelihoods = jax.nn.log_softmax(answer[..., :-1])
    said = -jnp.take_along_axis(likelihoods, jnp.maximum(classes, 0)[..., None], 2)[..., 0]
    weight = jnp.where(classes < 0, 0.0, jnp.where(classes == line_reader.NONE, 0.5, 1.0))
    character = (classes >= 0) & (classes != line_reader.NONE)
    off = jnp.abs(answer[..., -1] - below / 8)
    return (said * weight).sum() / weight.sum() + 0.3 * (off * character).sum() / jnp.maximum(1, character.sum())


def zone_loss(answer: jax.Array, truth: jax.Array) -> jax.Array:
    """Return how wrong the finder is: of where lines run, of their direction and their pitch."""
    on, is_clear = truth[..., 0] == 1, truth[..., 0] >= 0
    said = jnp.where(on, 3 * jax.nn.softplus(-answer[..., 0]), jax.nn.softplus(answer[..., 0]))
    off = jnp.abs(answer[..., 1:] - truth[..., 1:]).sum(-1)
    return 4 * (said * is_clear).sum() / is_clear.sum() + 0.3 * (off * on).sum() / jnp.maximum(1, on.sum())


RECIPES = {
    "finder": Recipe(1, zone_finder.LAYERS, zone_examples.examples, zone_loss, 6_000, 8, 3_500),
    "first": Recipe(2, line_reader.LAYERS, line_examples.examples, line_loss, 40_000, 32, 8_000),
    "second": Recipe(3, line_reader.LAYERS, line_examples.examples, line_loss, 40_000, 32, 8_000),
}


def _rendered(examples: Callable[[Generator], list[Example]], seed: tuple[int, int]) -> list[Example]:
    """Return the examples of one picture, the pixels as small whole numbers."""
    made = examples(np.random.default_rng(seed))
    return [
        (np.clip(np.round(pixels.astype(np.float32) * QUANTUM), -127, 127).astype(np.int8), *truth)
        for pixels, *truth in made
    ]


def _batches(recipe: Recipe, examples: list[Example]) -> Iterator[Batch]:
    """Yield batches for ever, in another order each time round, with a little more damage."""
    rng = np.random.default_rng((recipe.seed, 0))
    while True:
        order = rng.permutation(len(examples))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            chosen = [examples[number] for number in order[start : start + recipe.batch]]
            pixels, *truths = (np.stack(values).astype(np.float32) for values in zip(*chosen, strict=True))
            each = (recipe.batch, 1, 1)
            damage = rng.normal(0, 0.15, each) + rng.normal(0, 1, pixels.shape) * rng.choice([0, 0.05, 0.12], each)
            damaged = pixels / QUANTUM * rng.uniform(0.7, 1.4, each) + damage
            if recipe.loss is line_loss:
                truths[0] = truths[0].astype(np.int32)
            yield (damaged[..., None].astype(np.float32), *truths)


def make(name: str, recipe: Recipe, folder: Path) -> None:
    """Render the examples, train the network and write its weights to ``NAME.npz``."""
    began = time.monotonic()

    def progress(step: int, loss: float) -> None:
        sys.stdout.write(f"{name} {step}/{recipe.steps}: {loss:.4f} after {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()

    seeds = ((recipe.seed, number) for number in range(1, recipe.pictures + 1))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:  # JAX has threads: no fork
        made = processes.map(partial(_rendered, recipe.examples), seeds, chunksize=64)
        examples = [example for some in made for example in some]
    weights = first_weights(recipe.layers, recipe.seed)
    save(
        folder / f"{name}.npz",
        trained(recipe.layers, weights, recipe.loss, _batches(recipe, examples), Schedule(recipe.steps), progress),
    )


def main() -> None:
    """Make every network, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(RECIPES))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name, recipe in RECIPES.items():
            if options.only in {None, name}:
                small = replace(recipe, pictures=20, steps=100)
                make(name, small if options.small else recipe, Path(scratch) if options.small else WEIGHTS)


if __name__ == "__main__":
    main()
