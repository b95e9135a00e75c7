"""Who stands while the world changes: memory, meta-trained and taught policies without any adaptation, in the same episodes.

The teacher that knows the true world plays beside them: what it can't hold, no student of it will. Worlds are those of the
split asked for, but for three named ones; gravity's digits keep them apart from all that was taught in (model/imitation/worlds.py).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from model.experiments.cases import CASES, Case
from model.experiments.study import Part, Study
from model.imitation.teacher import Teacher
from model.imitation.worlds import as_changes
from model.policy.params import with_task_axis
from model.policy.pretrained import TAUGHT_SEEDS, load_checkpoint, load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import summary
from model.rl.rollout import Changes, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS as T
from model.worlds.cartpole import WorldCartPole
from model.worlds.world import World

POLICIES = ("memory", "meta", "taught")


def episodes_of(case: Case, name: str, split: str, n: int, seed: int) -> tuple[list[World], Changes]:
    """The same n episodes for every policy."""
    generator = np.random.default_rng([list(CASES).index(name), seed, 31])
    drawn = [case.draw(generator, split) for _ in range(n)]
    return [world for world, _ in drawn], as_changes([steps for _, steps in drawn])


def lengths(model: StateSpaceModel | None, name: str, split: str, n: int, seed: int) -> np.ndarray:
    """How long a policy stands in n episodes of a case, greedy, (n,); None is the teacher."""
    case = CASES[name]
    worlds, changes = episodes_of(case, name, split, n, seed)
    hand = case.hand(np.random.default_rng([seed, 32]), n) if case.hand else None
    params = with_task_axis((model or load_pretrained("memory")).params())
    teachers: list[Teacher] = []

    def intervene(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        if hand:
            action = hand(env, action)
        if model is None:
            if not teachers:
                teachers.append(Teacher(env))
            action = teachers[0].act(env, action)
        return action

    played = collect(params, worlds, 1, np.random.default_rng([seed, 33]), T, True, None, None, changes, intervene)
    return played.lengths[:, 0].double().numpy()


def wilson(share: float, n: int) -> list[float]:
    """95% interval of a share of n trials (Wilson 1927), honest at 0 and 1 too."""
    z = 1.959964
    middle, spread = share + z * z / (2 * n), z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return [(middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)]


def stands(study: Study, name: str) -> dict[str, Any]:
    """One case by every policy, by taught from other seeds and by the teacher: returns, and the share that stands for all 500 steps."""
    n = study.size.trials * (2 if name == "inside" or name.startswith("anywhere") else 1)
    players = {policy: load_pretrained(policy) for policy in POLICIES}
    players |= {f"taught_{seed}": load_checkpoint(path) for seed, path in TAUGHT_SEEDS.items()}
    rows: dict[str, Any] = {}
    for policy, model in {**players, "teacher": None}.items():
        returns = lengths(model, name, study.split, n, study.seed)
        share = float((returns >= T).mean())
        rows[policy] = {**summary(returns), "share_standing": share, "share_interval": wilson(share, n)}
    study.say(f"{CASES[name].words}: " + ", ".join(f"{p} {r['share_standing']:.0%} ({r['mean']:.0f})" for p, r in rows.items()))
    return rows


def stands_parts() -> dict[tuple[str, ...], Part]:
    """Every part: its place in the results, and what makes it."""
    return {("taught", "stands", name): partial(stands, name=name) for name in CASES}
