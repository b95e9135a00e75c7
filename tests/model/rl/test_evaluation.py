"""Evaluation: the same seed gives the same episodes, and the numbers are what they say."""

import numpy as np
import pytest
import torch

from model import World, evaluate_policy
from model.rl.evaluation import bootstrap_interval, evaluate_tasks, summary
from tests.model.made_up import random_model


@pytest.mark.parametrize("greedy", [True, False])
def test_the_same_seed_gives_the_same_episodes_however_many(greedy):
    model = random_model()
    many, few = (evaluate_policy(model, World(), n, 3, greedy) for n in (20, 5))
    assert many.dtype == np.float64 and many.shape == (20,)
    np.testing.assert_array_equal(many[:5], few)
    assert not np.array_equal(many, evaluate_policy(model, World(), 20, 4, greedy))


def test_many_tasks_at_once_are_judged_as_each_alone():
    models, world = [random_model(i) for i in range(3)], World(wind=1.0)
    params = {name: torch.stack([m.params()[name] for m in models]) for name in models[0].params()}
    together = evaluate_tasks(params, [world] * 3, 1, np.random.default_rng(5))
    starts = [evaluate_policy(m, world, 3, 5)[i] for i, m in enumerate(models)]  # the i-th start belongs to the i-th task
    np.testing.assert_array_equal(together[:, 0], starts)


def test_the_batch_plays_as_the_plain_loop_does():
    """The same model in Gymnasium's own environment, from the same first states, step by step."""
    import gymnasium

    model = random_model(1)
    returns = evaluate_policy(model, World(), 5, 7)
    starts = np.random.default_rng(7).uniform(-0.05, 0.05, size=(5, 4))
    env = gymnasium.make("CartPole-v1")
    for i in range(5):
        env.reset(seed=0)
        env.unwrapped.state = starts[i].copy()
        obs, h, total, done = starts[i].astype(np.float32), model.init_hidden(), 0, False
        while not done:
            with torch.no_grad():
                y, h = model(torch.from_numpy(np.asarray(obs)).unsqueeze(0), h)
            obs, _, fell, cut, _ = env.step(int(y[0, :2].argmax()))
            total, done = total + 1, fell or cut
        assert total == returns[i]


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(rng.normal(3.0, 1.0, 50), seed=i, resamples=500) for i in range(200)]
    assert 0.90 <= np.mean([low <= 3.0 <= high for low, high in intervals]) <= 0.985
    s = summary(np.array([1.0, 2.0, 3.0]))
    assert (s["n"], s["mean"], s["min"], s["max"]) == (3, 2.0, 1.0, 3.0) and s["std"] == pytest.approx((2 / 3) ** 0.5)
