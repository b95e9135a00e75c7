"""Three falls and what is imagined from them: the shipped weights recover where no gradient step alone would do."""

import pytest

from model import WORLDS, HybridAdapter, adaptation_config, evaluate_policy, load_pretrained


@pytest.mark.parametrize(("start", "world"), [("meta", "mirrored_sensors"), ("memory", "reversed_tilted")])
def test_the_shipped_weights_recover_from_three_falls(start, world):
    """In worlds where nearly every seed does: elsewhere rounding, which differs from processor to processor, turns some of them."""
    config, world = adaptation_config(start, "hybrid", num_adapt_steps=2, episodes_per_step=3), WORLDS[world]
    returns = []
    for seed in range(3):
        first, *_, last = HybridAdapter(config).adapt(load_pretrained(start), world, seed=seed)
        returns.append([evaluate_policy(s.model, world, 20).mean() for s in (first, last)])
    before, after = zip(*returns, strict=True)
    assert max(before) < 300 and sorted(after)[1] > 450, after
