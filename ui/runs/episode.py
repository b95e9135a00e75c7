"""One episode, recorded in full for the page: what happened, what the sensors said, what the policy thought."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model import StateSpaceModel, World, WorldCartPole, evaluate_policy
from model.policy.cell import Cell
from model.policy.inputs import NO_PUSH, joined, pushes
from model.policy.params import with_task_axis
from model.worlds.cartpole import MAX_EPISODE_STEPS, START_RANGE

STEPS_PER_SECOND = 50  # Gymnasium's time step is 0.02 s


@dataclass(frozen=True)
class Recording:
    """T steps of one episode. Row t of `states` and `observations` is what was there before action t; the last row is the end.

    states, observations (T + 1, 4): position m, velocity m/s, angle rad, angular velocity rad/s. actions (T,): 0 left, 1 right.
    forces (T,): the motor's force during step t, N, after delay, reversal and loss. Of a model, else None: prob_right (T,),
    values (T, 2) expected survival over the long and the short horizon, hidden (T, S) after step t's observation. lost (T,): what
    the push that was lost in step t would have given, N; None in a world that loses none. turns: the steps at which the motor
    reversed by itself.
    """

    world: World
    policy: str
    greedy: bool
    seed: int
    states: np.ndarray
    observations: np.ndarray
    actions: np.ndarray
    forces: np.ndarray
    prob_right: np.ndarray | None
    values: np.ndarray | None
    hidden: np.ndarray | None
    lost: np.ndarray | None = None
    turns: tuple[int, ...] = ()

    def inputs(self, t: int, input_dim: int) -> np.ndarray:
        """What a policy with so many inputs was given at step t, (I,)."""
        return joined(self.observations[t], pushes(self.actions[t - 1]) if t else np.array(NO_PUSH), input_dim)

    @property
    def steps(self) -> int:
        """The episode's length, which is also its return."""
        return len(self.actions)

    @property
    def fell(self) -> bool:
        """Whether it ended before the step limit."""
        return self.steps < MAX_EPISODE_STEPS


@torch.inference_mode()
def record(model: StateSpaceModel | None, world: World, seed: int, greedy: bool = True, policy: str = "") -> Recording:
    """Play one episode; model None acts uniformly at random. The start is that of gymnasium.make("CartPole-v1").reset(seed=seed)."""
    env = WorldCartPole([world], MAX_EPISODE_STEPS)
    obs, _ = env.reset(seed=seed)
    noise = np.random.default_rng([seed, 1]).random(MAX_EPISODE_STEPS)  # the policy's own randomness, apart from the environment's
    states, observations, actions, forces, lost, motors = [env.state[:, 0].copy()], [obs[0]], [], [], [], []
    outputs, hidden, push = [], [], np.full(1, NO_PUSH)
    if model is not None:
        params = with_task_axis(model.params())
        cell, h = Cell(params), params["initial_state"].unsqueeze(1)  # h (1, 1, S)
    for t in range(MAX_EPISODE_STEPS):
        prob, margin = 0.5, 0.0
        if model is not None:
            y, h = cell.step(torch.from_numpy(joined(obs, push, model.input_dim)).unsqueeze(0), h)
            row = y[0, 0].tolist()
            margin = row[1] - row[0]  # log-odds of pushing right
            prob = sigmoid(margin)
            outputs.append((prob, row[2], row[3]))
            hidden.append(h[0, 0])
        # A sampled action is right with the probability `prob`; the greedy one is the likelier (left when they tie).
        action = int(margin > 0) if greedy and model is not None else int(noise[t] < prob)
        motors.append(env.present_motor[0])
        obs, _, fell, cut, _ = env.step(np.array([action]))
        push = pushes(np.array([action]))
        actions.append(action)
        forces.append(float(env.applied_force[0]))
        lost.append(float(env.lost_force[0]))
        states.append(env.state[:, 0].copy())
        observations.append(obs[0])
        if fell[0] or cut[0]:
            break
    thoughts = np.array(outputs) if outputs else None
    return Recording(
        world, policy, greedy, seed, np.array(states), np.array(observations), np.array(actions), np.array(forces),
        None if thoughts is None else thoughts[:, 0],
        None if thoughts is None else thoughts[:, 1:],
        torch.stack(hidden).numpy() if hidden else None,
        np.array(lost) if world.lost_push else None, turns_of(motors),
    )  # fmt: skip


def turns_of(motors: Sequence[float]) -> tuple[int, ...]:
    """The steps at which the motor reversed, from the force of a push to the right at each step."""
    return tuple((np.flatnonzero(np.diff(np.sign(motors))) + 1).tolist())


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def returns(model: StateSpaceModel | None, world: World, episodes: int, seed: int, greedy: bool) -> np.ndarray:
    """Returns of many episodes under CartPole-v1's step limit, (episodes,); model None acts uniformly at random."""
    if model is not None:
        return evaluate_policy(model, world, episodes, seed, greedy)
    env = WorldCartPole([world] * episodes, MAX_EPISODE_STEPS)
    # A generator each and a row for each episode, so that the first n of many episodes equal n episodes of their own.
    env.begin(np.random.default_rng(seed).uniform(-START_RANGE, START_RANGE, size=(episodes, 4)))
    choices = np.random.default_rng([seed, 1]).integers(2, size=(episodes, MAX_EPISODE_STEPS))
    lengths, alive = np.zeros(episodes), np.ones(episodes, dtype=bool)
    for t in range(MAX_EPISODE_STEPS):
        _, _, fell, cut, _ = env.step(choices[:, t])
        lengths += alive
        alive &= ~(fell | cut)
        if not alive.any():
            break
    return lengths


STATE_COLUMNS = ("position_m", "velocity_m_s", "angle_rad", "angular_velocity_rad_s")


def to_csv(recording: Recording) -> str:
    """A row for each step, and the final state. What a random policy does not have stays empty."""
    r = recording
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    size = 0 if r.hidden is None else r.hidden.shape[1]
    columns = ["step", "time_s", *STATE_COLUMNS, *(f"observed_{c}" for c in STATE_COLUMNS), "action", "probability_right"]
    columns += ["motor_force_N", "lost_force_N", "motor_reversed", "wind_N"]
    columns += ["expected_survival_long", "expected_survival_short", *(f"hidden_{i}" for i in range(size))]
    writer.writerow(columns)
    for t in range(r.steps + 1):
        row = [t, t / STEPS_PER_SECOND, *r.states[t].tolist(), *r.observations[t].tolist()]
        if t < r.steps:
            thoughts = ["", "", ""] if r.prob_right is None else [r.prob_right[t], *r.values[t].tolist()]
            reversed_now = r.world.reversed_motor != (sum(turn <= t for turn in r.turns) % 2 == 1)
            lost = 0.0 if r.lost is None else r.lost[t]
            row += [int(r.actions[t]), thoughts[0], r.forces[t], lost, int(reversed_now), r.world.wind, *thoughts[1:]]
            row += [] if r.hidden is None else r.hidden[t].tolist()
        writer.writerow([f"{v:.7g}" if isinstance(v, float) else v for v in row] + [""] * (len(columns) - len(row)))
    return file.getvalue()
