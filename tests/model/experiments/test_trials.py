"""Batched trials are what the adapters' steps do for one task alone, with a trial's own stream; and the baseline from scratch."""

import numpy as np
import pytest
import torch

from model import HybridAdaptationConfig, StandardAdaptationConfig, StateSpaceModel, World, load_pretrained
from model.experiments import trials as module
from model.experiments.scratch import train_from_scratch
from model.experiments.trials import run_trials
from model.maml.adaptation import AdaptationStep, adaptation_steps
from model.model_based.hybrid import steps_of_tasks
from model.model_based.imagined_ppo import ImaginedPPOConfig
from model.policy.params import with_task_axis
from model.rl.rollout import collect

REVERSED = World(reversed_motor=True)
TWO_STEPS = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=3, adapt_lr=0.4)


def alone(config: StandardAdaptationConfig, model: StateSpaceModel, seed: int) -> list[AdaptationStep]:
    """What an adapter does on the reversed motor, with the stream of the first trial of that seed."""

    def steps(params, generator):
        return steps_of_tasks(params, [REVERSED], config, np.random.default_rng([seed, 0, 0]))

    return list(adaptation_steps(model, seed, steps))


def models() -> dict[str, StateSpaceModel]:
    return {"random": StateSpaceModel(generator=torch.Generator().manual_seed(2)), "meta": load_pretrained("meta")}


@pytest.mark.parametrize(("start", "seed"), [("random", 0), ("meta", 9)])
def test_one_trial_is_what_the_adapter_does(start, seed):
    model = models()[start]
    trials = run_trials(model, [REVERSED], TWO_STEPS, seed, eval_episodes=3)
    steps = alone(TWO_STEPS, model, seed)
    assert len(steps) == len(trials.returns) == 3
    for step, returns, env_steps, moved in zip(steps, trials.returns, trials.env_steps, trials.moved, strict=True):
        # The greedy episodes are the same after every step.
        played = collect(with_task_axis(step.model.params()), [REVERSED], 3, np.random.default_rng([seed, 0, 1]), greedy=True)
        assert returns[0] == played.lengths.mean()
        assert env_steps[0] == step.env_steps and moved[0] == (step.index > 0 and step.grad_norm > 0)
    assert trials.returns[0, 0] != trials.returns[2, 0]  # something was learnt, so that the comparison says something


def test_one_hybrid_trial_is_what_its_adapter_does():
    config = HybridAdaptationConfig(num_adapt_steps=2, episodes_per_step=2, adapt_lr=0.1, ppo=ImaginedPPOConfig(rounds=3))
    model = models()["meta"]
    trials = run_trials(model, [REVERSED], config, 5)
    steps = alone(config, model, 5)
    assert trials.env_steps[:, 0].tolist() == [s.env_steps for s in steps]
    for step, returns in zip(steps, trials.returns, strict=True):
        played = collect(with_task_axis(step.model.params()), [REVERSED], 2, np.random.default_rng([5, 0, 1]), greedy=True)
        assert returns[0] == played.lengths.mean()
    assert steps[1].imagined is not None


def test_worlds_beyond_one_batch_are_trials_of_their_own(monkeypatch):
    monkeypatch.setattr(module, "TASKS_AT_ONCE", 1)
    model = models()["meta"]
    trials = run_trials(model, [REVERSED, REVERSED, World()], TWO_STEPS, 4)
    steps = alone(TWO_STEPS, model, 4)
    assert trials.env_steps[:, 0].tolist() == [s.env_steps for s in steps]
    assert trials.env_steps[-1, 0] != trials.env_steps[-1, 1]  # another seed, other episodes
    assert trials.returns[:, 2].tolist() == [500.0] * 3 and not trials.moved[:, 2].any()  # nothing to learn where it stands


def test_from_scratch_counts_its_steps_up_to_the_cap():
    result = train_from_scratch([World(), REVERSED], 500, seed=1)
    assert np.isinf(result.env_steps_to_solve).all() and (result.best_return > 0).all() and (result.best_return < 475).all()
