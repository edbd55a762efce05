"""The recipes of the networks: the same twice, and they learn. This needs the extra `training`, and a minute."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from photo_helpers import needs_fonts

from apoa_client.scan.network import Network, load

PICTURES = 12
UNSEEN = range(PICTURES, PICTURES + 6)


@pytest.mark.long
@pytest.mark.parametrize("name", ["finder", "third"])
def test_a_recipe_makes_the_same_network_twice_and_it_learns(name: str, tmp_path: Path) -> None:
    """Two runs of a small recipe write the same weights, which read pictures that they did not see better."""
    torch = pytest.importorskip("torch", reason="not installed: the extra `training`")
    from make_networks import RECIPES, first_weights, make, rendered, stacked

    needs_fonts()
    recipe = replace(RECIPES[name], steps=80, batch=8)
    runs = []
    for run in ("one", "other"):
        (tmp_path / run).mkdir()
        examples = [example for number in range(PICTURES) for example in rendered(recipe.examples, number)]
        runs.append(make(name, recipe, examples, tmp_path / run))
    assert runs[0].read_bytes() == runs[1].read_bytes()

    pixels, *truths = stacked([each for number in UNSEEN for each in rendered(recipe.examples, number)])

    def loss(network: Network) -> float:
        answers = torch.from_numpy(np.stack([network(one) for one in pixels]))
        return float(recipe.loss(answers, *map(torch.from_numpy, truths)))

    untrained = Network(recipe.layers, tuple(first_weights(recipe.layers, recipe.seed)))
    assert loss(load(runs[0], recipe.layers)) < 0.8 * loss(untrained)
