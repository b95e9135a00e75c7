"""What both languages are given: worlds, recorded steps, policies far from the start, and falls of given lengths."""

from typing import Any

import numpy as np
import torch

from model import StateSpaceModel, World, WorldCartPole, load_pretrained
from model.imitation.teacher import Teacher
from model.policy.inputs import joined, with_previous_push
from model.rl.rollout import Episodes
from model.worlds.cartpole import ANGLE_LIMIT, X_LIMIT


def any_worlds(count: int, generator: np.random.Generator) -> list[World]:
    """Worlds anywhere within World's bounds, booleans and delays in turn, so that each value of these occurs."""
    worlds = []
    for k in range(count):
        fields: dict[str, Any] = {}
        for place, info in enumerate(World.fields()):
            if isinstance(info.default, bool):
                fields[info.name] = bool((k >> (place % 3)) & 1)
            elif isinstance(info.default, int):
                fields[info.name] = k % (info.maximum + 1)
            else:
                fields[info.name] = float(generator.uniform(info.minimum, info.maximum))
        worlds.append(World(**fields))
    return worlds


def recorded_steps(world: World, steps: int, generator: np.random.Generator, taught: bool = False) -> tuple[list[dict], list[dict]]:
    """Steps of WorldCartPole with random actions and, in a third of them, pushes: what each was given, and what came of it.

    After a fall, and now and then without one, an episode begins anywhere on the track, with a key of its own. taught: `wish` is the
    push that the teacher wants before each.
    """
    env = WorldCartPole([world], max_episode_steps=10**6)
    teacher = Teacher(env) if taught else None
    given, expected, fresh = [], [], True
    for _ in range(steps):
        fresh = fresh or generator.random() < 0.02
        if fresh:
            key = int(generator.integers(2**32))
            env.begin(generator.uniform(-1, 1, (1, 4)) * np.array([X_LIMIT, 3.0, ANGLE_LIMIT, 3.0]), np.array([key], dtype=np.uint32))
        env.external_force[0] = generator.uniform(-20, 20) if generator.random() < 1 / 3 else 0.0
        action = int(generator.integers(2))
        row = {"fresh": fresh, "key": key, "state": env.state[:, 0].tolist(), "action": action, "force": float(env.external_force[0])}
        wish = float(teacher.pushes()[0]) if teacher else None
        obs, _, fell, _, _ = env.step(np.array([action]))
        given.append(row)
        forces = {"applied": float(env.applied_force[0]), "lost": float(env.lost_force[0])}
        expected.append({"state": env.state[:, 0].copy(), "obs": obs[0], **forces, "fell": bool(fell[0]), "wish": wish})
        fresh = bool(fell[0])
        env.prev_done[:] = False
    return given, expected


def policies(generator: np.random.Generator) -> dict[str, StateSpaceModel]:
    """Shipped ones, one of other sizes, and three far from the start: the bound on A inactive, active in some columns, in all."""
    torch_generator = torch.Generator().manual_seed(int(generator.integers(2**31)))
    made = {name: load_pretrained(name) for name in ("meta", "memory")}
    made["five inputs"] = seeing_its_push(torch_generator)
    made["other sizes"] = StateSpaceModel(state_dim=9, hidden_dim=13, generator=torch_generator)
    for name, transition, rest in (("bound inactive", 0.01, 0.2), ("bound mixed", 0.06, 0.2), ("bound active", 1.0, 0.5)):
        model = load_pretrained("meta")
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += rest * torch.randn(parameter.shape, generator=torch_generator)
            model.A.copy_(transition * torch.randn(model.A.shape, generator=torch_generator))
        made[name] = model
    sums = {name: m.A.detach().abs().sum(0) for name, m in made.items()}
    assert (sums["bound inactive"] < 0.99).all() and (sums["bound active"] > 0.99).all()
    return made


def seeing_its_push(generator: torch.Generator) -> StateSpaceModel:
    """A policy that sees its own previous push and does not pass over it."""
    model = with_previous_push(load_pretrained("memory"))
    with torch.no_grad():
        for parameter in (model.B, model.D, model.mix_weight):
            parameter[-1] += torch.randn(parameter.shape[1:], generator=generator)
    return model.eval()


def inputs_of(model: StateSpaceModel, observed: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """What the model is given with these readings, (T, 4): where it sees its own pushes, any. (T, I) float32"""
    previous = np.concatenate([[0.0], generator.choice([-1.0, 1.0], len(observed) - 1)])
    return joined(observed, previous, model.input_dim)


def sway(steps: int, generator: np.random.Generator) -> np.ndarray:
    """What the sensors of a swaying cart report: (steps, 4) float32."""
    swing = np.cumsum(generator.normal(0, [0.02, 0.1, 0.02, 0.1], (steps, 4)), axis=0)
    return (swing / (1 + np.arange(steps)[:, None] / 50)).astype(np.float32)


def random_fall(model: StateSpaceModel, length: int, generator: np.random.Generator, off_policy: bool) -> Episodes:
    """An episode of `length` steps that ended in a fall: observations of a swaying cart, random actions.

    The log-probabilities are the model's own, or (off_policy) those of another policy, so that ratios differ from 1 and some
    exceed their bound.
    """
    obs = torch.from_numpy(inputs_of(model, sway(length, generator), generator)).view(1, 1, length, -1)
    actions = torch.from_numpy(generator.integers(0, 2, (1, 1, length)))
    with torch.no_grad():
        logits = model.double().sequence(obs[0].double())[..., :2]
        model.float()
    log_probs = logits.log_softmax(-1).gather(-1, actions[0].unsqueeze(-1)).squeeze(-1).unsqueeze(0)
    if off_policy:
        log_probs = log_probs + torch.from_numpy(generator.normal(0, 1, (1, 1, length)))
    return Episodes(obs.double(), actions, log_probs, torch.ones(1, 1, length, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool))


def record_of(episode: Episodes) -> dict[str, list]:
    """One episode as checks.js takes it."""
    length = int(episode.lengths[0, 0])
    series = {"obs": episode.obs, "actions": episode.actions, "logProbs": episode.log_probs}
    return {name: values[0, 0, :length].tolist() for name, values in series.items()}
