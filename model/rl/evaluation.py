"""How well a policy does: greedy returns under the 500-step limit, and intervals over trials."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium
import numpy as np
import torch

from model.config import check_number
from model.policy.inputs import NO_PUSH, joined, pushes
from model.policy.params import Params, with_task_axis
from model.policy.ssm import StateSpaceModel, check_policy
from model.rl.rollout import collect
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import AnyWorld, as_world
from model.worlds.world import World


def evaluate_tasks(params: Params, worlds: Sequence[World], episodes: int, generator: np.random.Generator) -> np.ndarray:
    """Greedy returns of many policies, each in its own world, under the step limit: (M, episodes) float64.

    params: leading axis M = len(worlds), or 1 for parameters shared by all. The same generator state gives the same episodes.
    """
    return collect(params, worlds, episodes, generator, MAX_EPISODE_STEPS, greedy=True).lengths.double().numpy()


def evaluate_policy(model: StateSpaceModel, world: AnyWorld, episodes: int = 100, seed: int = 0, greedy: bool = True) -> np.ndarray:
    """Returns of `episodes` episodes under the 500-step limit, (episodes,) float64.

    The same seed gives the same episodes, and the first n of them whatever `episodes` is. The hidden state starts
    fresh in each. greedy: the likelier action; otherwise actions are sampled. Raises ValueError for bad arguments.
    """
    episodes = check_number("episodes", episodes, 1, 100_000, int)
    seed = check_number("seed", seed, 0, 2**32 - 1, int)
    params = with_task_axis(check_policy(model).params())
    first_states, actions = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    played = collect(params, [as_world(world)], episodes, first_states, MAX_EPISODE_STEPS, greedy, actions)
    return played.lengths[0].double().numpy()


@torch.inference_mode()
def play_gymnasium(model: StateSpaceModel, env_id: str = "CartPole-v1", seeds: range = range(100)) -> np.ndarray:
    """Greedy returns in gymnasium.make(env_id), one episode for each seed: (len(seeds),) float64. The plain, slow loop."""
    env = gymnasium.make(env_id)
    returns = np.zeros(len(seeds))
    for i, seed in enumerate(seeds):
        obs, _ = env.reset(seed=seed)
        hidden, push, done = model.init_hidden(), np.array(NO_PUSH), False
        while not done:
            outputs, hidden = model(torch.as_tensor(joined(obs, push, model.input_dim)).unsqueeze(0), hidden)
            action = outputs[0, :2].argmax().numpy()
            obs, reward, terminated, truncated, _ = env.step(int(action))
            push = pushes(action)
            returns[i] += reward
            done = terminated or truncated
    env.close()
    return returns


def bootstrap_interval(values: np.ndarray, seed: int = 0, resamples: int = 10_000) -> tuple[float, float]:
    """95% percentile bootstrap interval of the mean (Efron 1979). values (n,)."""
    values = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = values[generator.integers(len(values), size=(resamples, len(values)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def summary(values: np.ndarray) -> dict[str, float | int | list[float]]:
    """n, mean, std, min, max and the 95% interval of the mean, as results.json holds them."""
    values = np.asarray(values, dtype=np.float64)
    return {
        "n": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "interval": list(bootstrap_interval(values)),
    }
