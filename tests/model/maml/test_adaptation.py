"""Standard adaptation: identity at zero steps, the given model untouched, real recovery."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
import torch

from model import (
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    StateSpaceModel,
    World,
    evaluate_policy,
    load_pretrained,
)
from model.maml.adaptation import adapt_tasks
from model.policy.checkpoint import read
from model.policy.pretrained import pretrained_path

REVERSED = World(reversed_motor=True)


def random_model(seed: int = 0) -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(seed))


def same_parameters(a: StateSpaceModel, b: StateSpaceModel) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


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


def test_seconds_do_not_count_what_happens_between_the_steps():
    started, steps = time.perf_counter(), StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1)).adapt(random_model(), REVERSED)
    next(steps)
    time.sleep(0.5)
    assert 0 < next(steps).seconds <= time.perf_counter() - started - 0.5


def test_non_finite_parameters_stop_the_run_and_keep_the_last_good_ones():
    model = random_model()
    with torch.no_grad():
        model.C[:, 2] = 3e38  # values so large that the advantage overflows
    steps = []
    with pytest.raises(NonFiniteParameters, match=r"step 1 with adapt_lr 0\.5 made parameters that are not finite"):
        for step in StandardAdapter().adapt(model, REVERSED):
            steps.append(step)
    assert [s.index for s in steps] == [0] and all(torch.isfinite(p).all() for p in steps[0].model.parameters())


def test_one_task_that_overflows_does_not_stop_the_others():
    params = {n: p.unsqueeze(0).repeat(2, *[1] * p.dim()) for n, p in random_model().params().items()}
    params["C"][0, :, 2] = 3e38
    config = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=3)
    before = {n: p.clone() for n, p in params.items()}
    for adapted, _, norm, fresh, _ in adapt_tasks(params, [REVERSED, REVERSED], config, np.random.default_rng(0)):
        assert norm[0] == 0 < norm[1] and fresh.lengths[0].sum() > 0
        for n, p in adapted.items():
            torch.testing.assert_close(p[0], before[n][0])
            assert torch.isfinite(p).all()
    assert not torch.equal(adapted["B"][1], before["B"][1])


@pytest.mark.parametrize(("field", "value"), [("adapt_lr", math.nan), ("num_adapt_steps", 2.5), ("episodes_per_step", 0)])
def test_bad_settings_name_field_bound_and_value(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*between .* and .*, got "):
        StandardAdaptationConfig(**{field: value})
    with pytest.raises(ValueError, match="seed must be a whole number between 0"):
        list(StandardAdapter().adapt(random_model(), REVERSED, seed=-1))


def test_the_defaults_are_what_the_shipped_weights_were_trained_with_where_the_docstrings_say_so():
    made_with, config = read(pretrained_path("meta")).metadata["configs"][0], StandardAdaptationConfig()
    assert (config.adapt_lr, config.max_grad_norm) == (made_with["inner_lr"], made_with["max_grad_norm"])
    assert "min_grad_norm" not in made_with


def test_the_shipped_model_falls_with_a_reversed_motor_and_recovers_in_two_steps():
    model = load_pretrained("meta")
    assert evaluate_policy(model, REVERSED, 20).mean() < 50
    *_, last = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=2)).adapt(model, REVERSED, seed=1)
    assert evaluate_policy(last.model, REVERSED, 20).mean() > 400
