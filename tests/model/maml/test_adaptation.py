"""Standard adaptation: identity at zero steps, the given model untouched, real recovery."""

import math
from itertools import pairwise

import pytest
import torch

from model import (
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    StateSpaceModel,
    World,
)
from tests.model.made_up import random_model, same_parameters

REVERSED = World(reversed_motor=True)


def test_zero_steps_is_the_identity_and_a_rate_of_zero_moves_nothing_and_still_counts_its_data():
    model = random_model()
    (only,) = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=0)).adapt(model, REVERSED)
    assert only.index == 0 and math.isnan(only.loss) and only.env_steps == 0 and only.support_returns.shape == (0,)
    assert same_parameters(only.model, model) and only.model is not model
    *_, last = StandardAdapter(StandardAdaptationConfig(adapt_lr=0.0, num_adapt_steps=1)).adapt(model, REVERSED)
    assert same_parameters(last.model, model) and last.env_steps > 0


def test_every_step_moves_the_parameters_and_the_given_model_never_changes():
    model = random_model()
    before = model.params()
    steps = list(StandardAdapter(StandardAdaptationConfig(num_adapt_steps=3)).adapt(model, REVERSED))
    assert [s.index for s in steps] == [0, 1, 2, 3]
    for a, b in pairwise(steps):
        assert not same_parameters(a.model, b.model)
        assert b.env_steps - a.env_steps == int(b.support_returns.sum()) and b.seconds > a.seconds
        assert math.isfinite(b.loss) and len(b.support_returns) == 10
    assert all(torch.equal(before[n], p) for n, p in model.params().items())
    # Later steps must not reach back into the models of earlier ones.
    assert same_parameters(steps[0].model, model)


def test_the_same_seed_gives_the_same_adaptation_and_every_setting_another():
    def run(seed: int = 3, **changes) -> StateSpaceModel:
        *_, last = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1, **changes)).adapt(random_model(), REVERSED, seed)
        return last.model

    assert same_parameters(run(), run())
    others = [
        {"seed": 4}, {"adapt_lr": 0.1}, {"episodes_per_step": 3}, {"max_grad_norm": 0.05, "min_grad_norm": 0.0},
        {"discount_factor": 0.9}, {"max_steps_per_episode": 8},
    ]  # fmt: skip
    outcomes = [run(), *(run(**changes) for changes in others)]
    for i, a in enumerate(outcomes):
        assert not any(same_parameters(a, b) for b in outcomes[i + 1 :])


def test_non_finite_parameters_stop_the_run_and_keep_the_last_good_ones():
    model = random_model()
    with torch.no_grad():
        model.C[:, 2] = 3e38  # values so large that the advantage overflows
    steps = []
    with pytest.raises(NonFiniteParameters, match=r"step 1 with adapt_lr 0\.5 made parameters that are not finite"):
        for step in StandardAdapter().adapt(model, REVERSED):
            steps.append(step)
    assert [s.index for s in steps] == [0] and all(torch.isfinite(p).all() for p in steps[0].model.parameters())
