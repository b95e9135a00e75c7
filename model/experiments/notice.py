"""How soon a policy notices that its world has changed: steps until it pushes as the teacher of the new world would.

The change comes at step CHANGE of an episode, in worlds of the meta-training ranges, hidden state kept. Only steps count in which the
teacher's wish is clear, |u*| >= CLEAR of a push: near balance either push is right.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from model.experiments.cases import another, flip, inside, mirror
from model.experiments.stands import POLICIES
from model.experiments.study import Part, Study
from model.imitation.teacher import Teacher
from model.imitation.worlds import as_changes
from model.policy.params import with_task_axis
from model.policy.pretrained import load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.rollout import collect
from model.worlds.cartpole import WorldCartPole

CHANGE, WITHIN, IN_A_ROW, CLEAR = 100, 50, 5, 0.3
CHANGES = {"motor_reversed": flip, "sensors_mirrored": mirror, "another_world": another}


def pushes_after(model: StateSpaceModel, kind: str, split: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of n episodes, for WITHIN steps from the change on: whether the push was right, whether the teacher's wish was clear, and
    whether the policy still stood. All (n, WITHIN) bool; those that fell before the change are left out."""
    generator = np.random.default_rng([list(CHANGES).index(kind), seed, 41])
    worlds = [inside(generator, split) for _ in range(n)]
    after = [[(CHANGE, CHANGES[kind](w, generator, split))] for w in worlds]
    right, clear, teachers = [], [], []

    def watch(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        teachers.append(teachers[0] if teachers else Teacher(env))
        wish = teachers[0].pushes()
        right.append((wish > 0) == (action == 1))
        clear.append(np.abs(wish) >= CLEAR)
        return action

    params, steps = with_task_axis(model.params()), CHANGE + WITHIN
    played = collect(params, worlds, 1, np.random.default_rng([seed, 42]), steps, True, None, None, as_changes(after), watch)
    missing = steps - len(right)
    right, clear = (np.pad(np.stack(rows, axis=1), ((0, 0), (0, missing)))[:, CHANGE:] for rows in (right, clear))
    alive = np.pad(played.alive[:, 0].numpy() > 0, ((0, 0), (0, missing)))[:, CHANGE:]
    there = alive[:, 0]
    return right[there], clear[there], alive[there]


def steps_to_notice(right: np.ndarray, clear: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Steps after the change from which on IN_A_ROW clear pushes in a row were right, (n,); inf where that never came."""
    found = np.full(len(right), np.inf)
    for i, (r, c, a) in enumerate(zip(right, clear, alive, strict=True)):
        at = np.flatnonzero(c & a)
        rows = np.convolve(r[at], np.ones(IN_A_ROW), "valid") == IN_A_ROW if len(at) >= IN_A_ROW else np.zeros(0, bool)
        if rows.any():
            k = int(rows.argmax())
            found[i] = 0 if k == 0 else at[k - 1] + 1
    return found


def notice(study: Study, kind: str) -> dict[str, Any]:
    """One kind of change by every policy: the share of right pushes in each step after it, and steps to notice."""
    rows: dict[str, Any] = {}
    for policy in POLICIES:
        right, clear, alive = pushes_after(load_pretrained(policy), kind, study.split, 3 * study.size.trials, study.seed)
        found, counted = steps_to_notice(right, clear, alive), clear & alive
        quantiles = np.quantile(found, (0.5, 0.95), method="higher").tolist() if len(found) else [np.inf, np.inf]
        rows[policy] = {
            "n": len(found),
            "median": _or_none(quantiles[0]),
            "quantile_95": _or_none(quantiles[1]),
            "never": float(np.isinf(found).mean()) if len(found) else None,
            "right_by_step": [_or_none(float(r[c].mean()) if c.any() else np.inf) for r, c in zip(right.T, counted.T, strict=True)][:21],
        }
    words = ", ".join(f"{p} {r['median']} (95%: {r['quantile_95']})" for p, r in rows.items())
    study.say(f"steps to notice, {kind.replace('_', ' ')}: {words}")
    return rows


def _or_none(x: float) -> float | None:
    return None if np.isinf(x) else x


def notice_parts() -> dict[tuple[str, ...], Part]:
    """Every part: its place in the results, and what makes it."""
    return {("taught", "notice", kind): partial(notice, kind=kind) for kind in CHANGES}
