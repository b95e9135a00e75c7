"""The Live tab's protocol (model/maml/live_rules.py) in many worlds at once, computed as the browser computes it.

The browser (assets/live/) computes in double precision and keeps its parameters in single; so does this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.maml.adaptation import StandardAdaptationConfig, equal_weights, inner_step
from model.maml.live_rules import LiveRules
from model.policy.params import Params
from model.policy.pretrained import PRETRAINED, load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.rollout import Episodes, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import BREAK_SET, WORLDS
from model.worlds.sampling import sample_worlds
from model.worlds.world import World

WITHIN = (0, 1, 3, 5, 10, 20)  # falls
STANDS, LEARNT, BACK_TO_START, GIVEN_UP = "stands", "learnt", "back_to_start", "given_up"


@dataclass(frozen=True)
class LiveRound:
    """One episode in each of M worlds, and what the protocol made of it.

    episodes (M, 1, T). event (M,): "stands", "learnt", "back_to_start" or "given_up". norm (M,): of the gradient, before clipping.
    params: name -> (M, ...), those of the next episode; float64, with values that float32 holds.
    """

    episodes: Episodes
    event: np.ndarray
    norm: np.ndarray
    params: dict[str, Tensor]


def live_rounds(model: StateSpaceModel, worlds: Sequence[World], rules: LiveRules, generator: np.random.Generator) -> Iterator[LiveRound]:
    """Round after round without end; each world's run goes on after it stood. The generator gives only the start states, (M, 4) a round."""
    M, config = len(worlds), StandardAdaptationConfig()
    base: Params = {name: p.double().expand(M, *p.shape).contiguous() for name, p in model.params().items()}
    params = base
    updates, taught = np.zeros(M, dtype=int), np.zeros(M, dtype=int)  # since the starting weights; since it last stood
    while True:
        episodes = collect(params, worlds, 1, generator, greedy=True)
        stood = episodes.lengths.numpy()[:, 0] >= MAX_EPISODE_STEPS
        judged = [(stood, STANDS), (taught >= rules.hopeless_falls, GIVEN_UP), (updates >= rules.fruitless_updates, BACK_TO_START)]
        event = np.select([where for where, _ in judged], [name for _, name in judged], LEARNT)
        required = {name: p.clone().requires_grad_() for name, p in params.items()}
        adapted, _, norm = inner_step(
            required,
            episodes,
            equal_weights(episodes).double(),
            rules.lr,
            config.max_grad_norm,
            config.discount_factor,
            min_grad_norm=config.min_grad_norm,
        )
        stored = {name: p.detach().float().double() for name, p in adapted.items()}
        finite = torch.stack([p.flatten(1).isfinite().all(1) for p in stored.values()]).all(0).numpy()
        moved, kept = (event == LEARNT) & finite, (event == STANDS) | ((event == LEARNT) & ~finite)

        def chosen(name: str, stored=stored, params=params, moved=moved, kept=kept) -> Tensor:
            column = (-1, *[1] * (params[name].dim() - 1))
            old = torch.where(torch.from_numpy(kept).view(column), params[name], base[name])
            return torch.where(torch.from_numpy(moved).view(column), stored[name], old)

        params = {name: chosen(name) for name in base}
        updates = np.where(event == LEARNT, updates + 1, 0)
        taught = np.where(event == STANDS, 0, np.where(event == GIVEN_UP, taught, taught + 1))
        yield LiveRound(episodes, event, np.where(moved, norm.numpy(), 0.0), params)


def falls_until_standing(model: StateSpaceModel, worlds: Sequence[World], rules: LiveRules, seed: int = 0) -> np.ndarray:
    """How often each run falls before it first stands for 500 steps: (M,) float, inf where it gives up first."""
    falls = np.full(len(worlds), np.nan)
    for index, done in enumerate(live_rounds(model, worlds, rules, np.random.default_rng(seed))):
        fresh = np.isnan(falls)
        falls[fresh & (done.event == STANDS)] = index
        falls[fresh & (done.event == GIVEN_UP)] = np.inf
        if not np.isnan(falls).any():
            return falls
    raise AssertionError("live_rounds has no end")


def live_learning(report: Callable[[str], None], seed: int, runs: int = 100) -> dict[str, Any]:
    """For each shipped start, and the break set and the test worlds inside and outside: the share of runs that stand within some falls."""
    sets = {
        "break set": [WORLDS[name] for name in BREAK_SET for _ in range(-(-runs // len(BREAK_SET)))][:runs],
        "inside": sample_worlds("test", runs, seed),
        "outside": sample_worlds("test_outside", runs, seed),
    }
    rules, shares = LiveRules(), {}
    for start in PRETRAINED:
        for name, worlds in sets.items():
            falls = falls_until_standing(load_pretrained(start), worlds, rules, seed)
            row = {str(k): float((falls <= k).mean()) for k in WITHIN}
            shares.setdefault(start, {})[name] = row
            words = ", ".join(f"{share:.0%} in {k}" for k, share in row.items())
            report(f"learning from every fall, {start}, {name}: of {runs} runs stand within falls: {words}")
    return {"runs": runs, "rules": asdict(rules), "stands_within_falls": shares}
