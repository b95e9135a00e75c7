"""What the dynamics model imagines beside what really happened: ghosts for the stage, forecasts of a real episode, imagined returns."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from model import StateSpaceModel, World
from model.model_based.dynamics import DynamicsModel
from model.model_based.features import features
from model.model_based.imagination import Starts, imagined_episodes, shifted
from model.policy.params import with_task_axis
from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.runs.episode import Recording, record
from ui.words import OF_ALL, count

ANGLE = 2
DRAWS = 200
HORIZON = 50  # steps that are predicted at once
LATER = 25  # steps: half a second
EPISODES = 20  # imagined ones, as many as real ones are evaluated

recorded = lru_cache(maxsize=64)(record)
"""The same episode is shown on the stage, predicted and drawn as a ghost beside."""


def ghost(dynamics: DynamicsModel, model: StateSpaceModel, recording: Recording) -> dict[str, Any]:
    """The policy's greedy episode in dynamics drawn from the posterior, from the recording's first observation, for the stage.

    Angles are brought from what the sensors would report to the stage, whose pole is the real one.
    """
    first = recording.observations[0].astype(np.float64)[None, None]
    coefficients = dynamics.draw(np.random.default_rng(recording.seed), 1)
    starts = Starts(first, first, dynamics.angle_offset)
    e = imagined_episodes(with_task_axis(model.params()), coefficients, starts, None, MAX_EPISODE_STEPS)
    steps = int(e.lengths[0, 0])
    obs = e.obs[0, 0, :steps].double().numpy()
    fell = bool(e.terminated[0, 0])
    return {
        "steps": steps,
        "fell": fell,
        "x": np.round(obs[:, 0], 3).tolist(),
        "angle": np.round(np.degrees(unsensed(obs[:, ANGLE], recording.world)), 2).tolist(),
        "ending": f"Imagined: fell after {count(steps, 'step')}." if fell else f"Imagined: stood for all {steps} steps.",
    }


def unsensed(angle: np.ndarray, world: World) -> np.ndarray:
    """The real angle behind what the sensor reports, rad."""
    return (angle - world.angle_bias) * (-1 if world.mirrored_sensors else 1)


def imagined_returns(dynamics: DynamicsModel, model: StateSpaceModel, seed: int) -> np.ndarray:
    """Returns of greedy episodes in dynamics drawn from the posterior, (EPISODES,)."""
    e = dynamics.imagine(with_task_axis(model.params()), np.random.default_rng(seed), EPISODES, greedy=True)
    return e.lengths[0].double().numpy()


@dataclass(frozen=True)
class Forecast:
    """A real episode that the dynamics model was not fitted to, predicted from its first two observations and its own actions.

    real, mean, low, high (H + 1,): the observed angle, degrees, what is predicted, and the ends of 95% of the draws, from step 1 on.
    one_step: root mean square errors one step ahead, position m, velocity m/s, angle degrees, angular velocity degrees/s.
    later: that of the angle LATER steps ahead, degrees; nan where the episode is too short. steps: those of the episode.
    """

    real: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    one_step: np.ndarray
    later: float
    steps: int


def forecast(dynamics: DynamicsModel, recording: Recording) -> Forecast:
    """How well the dynamics model predicts this episode."""
    obs, actions = recording.observations.astype(np.float64), recording.actions
    F = features(obs[:-1], actions)  # (T, F)
    mean = dynamics.mean[0]
    errors = obs[1:] - obs[:-1] - F @ mean
    units = np.array([1, 1, np.degrees(1), np.degrees(1)])
    H = min(HORIZON, recording.steps - 1)
    paths = ahead(dynamics.draw(np.random.default_rng(0), DRAWS)[0], F, 1, H)[..., ANGLE]  # (n, H + 1)
    begins = np.arange(1, recording.steps - LATER + 1, LATER)
    misses = [ahead(mean[None], F, t, LATER)[0, -1, ANGLE] - obs[t + LATER, ANGLE] for t in begins]
    return Forecast(
        np.degrees(obs[1 : H + 2, ANGLE]),
        np.degrees(ahead(mean[None], F, 1, H)[0, :, ANGLE]),
        *np.degrees(np.quantile(paths, [0.025, 0.975], axis=0)),
        np.sqrt(np.square(errors).mean(0)) * units,
        float(np.degrees(np.sqrt(np.mean(np.square(misses))))) if misses else float("nan"),
        recording.steps,
    )


def ahead(coefficients: np.ndarray, F: np.ndarray, begin: int, steps: int) -> np.ndarray:
    """Observations from step `begin` on, (n, steps + 1, O), under the actions really taken. coefficients (n, F, O); F (T, F): features."""
    dynamics = shifted(coefficients)
    state = np.repeat(F[begin][None, None], len(dynamics), 0)  # (n, 1, F)
    seen = [state[:, 0, :4]]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(begin, begin + steps):
            state[..., 4] = F[t, 4]
            state = state @ dynamics
            seen.append(state[:, 0, :4])
    return np.stack(seen, 1).clip(-1e3, 1e3)


def returns_words(imagined: np.ndarray, real: np.ndarray) -> str:
    """Imagined returns beside real ones."""
    same = abs(imagined.mean() - real.mean()) <= 0.1 * MAX_EPISODE_STEPS
    rest = "" if same else " What it imagines is not this world yet."
    return (
        f"Once adapted, the policy stands {imagined.mean():.0f} {OF_ALL} steps in imagination and {real.mean():.0f} in the world "
        f"(means of {len(imagined)} and {len(real)} greedy episodes).{rest}"
    )


def forecast_words(f: Forecast) -> str:
    """The errors in plain units."""
    x, _, angle, _ = f.one_step
    ahead_words = f", and half a second ahead by {_small(f.later)}°" if np.isfinite(f.later) else ""
    return (
        f"On a real episode of {count(f.steps, 'step')} that it was not fitted to, the dynamics model misses the angle one step ahead "
        f"by {_small(angle)}° and the cart's place by {_small(1000 * x)} mm{ahead_words} (root mean square)."
    )


def _small(value: float) -> str:
    return "less than 0.01" if value < 0.01 else f"{value:.2g}" if value < 100 else "more than 99"
