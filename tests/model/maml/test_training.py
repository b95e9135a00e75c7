"""Meta-training: deterministic, really learning, by the steps that its settings name, and impossible to leave broken."""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from model import MetaEpoch, MetaMAML, MetaTrainingConfig, StateSpaceModel, World
from model.maml.guard import CollapseGuard
from model.maml.meta_batch import collect_batch
from model.maml.training import support_size
from model.policy.params import with_task_axis
from tests.model.made_up import same

SMALL = MetaTrainingConfig(
    num_epochs=5, tasks_per_epoch=4, episodes_per_task=3, inner_steps=2, max_steps_per_episode=50, long_episodes_share=0.4, outer_lr=0.004
)
TINY = MetaTrainingConfig(
    num_epochs=1, tasks_per_epoch=2, episodes_per_task=2, inner_steps=0, outer_updates=1, max_steps_per_episode=30, long_episodes_share=0.0
)


class Run(NamedTuple):
    """A training that ended: what it yielded, and its state after every epoch."""

    records: list[MetaEpoch]
    states: list[dict[str, Any]]

    @property
    def rates(self) -> list[float]:
        return [s["optimizer"]["param_groups"][0]["lr"] for s in self.states]

    @property
    def updates(self) -> int:
        return int(self.states[-1]["optimizer"]["state"][0]["step"])

    @property
    def first_gradient(self) -> float:
        """The norm of the first gradient that Adam was given: its running mean starts as a tenth of it."""
        assert self.updates == 1
        return 10 * float(torch.cat([s["exp_avg"].flatten() for s in self.states[0]["optimizer"]["state"].values()]).norm())


def two_motors(n, generator):
    return [World(reversed_motor=bool(i % 2)) for i in range(n)]


def standard(n, generator):
    return [World()] * n


def run(config: MetaTrainingConfig, worlds=standard, model: StateSpaceModel | None = None) -> Run:
    learner, made = MetaMAML(config, worlds), Run([], [])
    for record in learner.train(model):
        made.records.append(record)
        made.states.append(learner.state_dict())
    return made


@pytest.fixture(scope="module")
def trained() -> Run:
    return run(SMALL, two_motors)


def test_records_count_real_steps_and_tell_inner_steps_kinds_of_worlds_and_step_limits_apart(trained):
    steps = 0.0
    for i, r in enumerate(trained.records):
        assert r.epoch == i and r.episodes == (i + 1) * 4 * 3 * 3
        assert len(r.return_after_by_step) == 2 and r.return_after == r.return_after_by_step[-1]
        assert math.isfinite(r.meta_loss) and not r.rolled_back
        steps += 4 * 3 * (r.return_before + sum(r.return_after_by_step))
        assert r.env_steps == round(steps)
        for j, mean in enumerate((r.return_before, *r.return_after_by_step)):
            assert (r.usual[j] + r.conflicting[j]) / 2 == pytest.approx(mean)
    assert [r.step_limit for r in trained.records] == [50, 50, 50, 500, 500]
    (alone,) = run(dataclasses.replace(TINY, max_steps_per_episode=5)).records
    assert alone.return_before == alone.return_after == 5 and alone.return_after_by_step == ()
    assert alone.usual == (5,) and alone.conflicting == ()


def test_a_seed_trains_to_identical_bits():
    one = dataclasses.replace(SMALL, num_epochs=1, long_episodes_share=0.0)
    a, b, c = (run(dataclasses.replace(one, seed=seed), two_motors).states[0]["learner"] for seed in (0, 0, 1))
    assert same(a, b) and not torch.equal(a["B"], c["B"])


def test_it_learns_to_balance_and_steps_back_from_a_collapse():
    """Provoke the hazard: for one epoch the worlds are such that nothing can stand in them."""
    drawn, hopeless = iter(range(100)), World(gravity=30.0, force_mag=1.0, action_delay=5)
    config = MetaTrainingConfig(num_epochs=25, tasks_per_epoch=8, inner_steps=0, outer_updates=3, long_episodes_share=0.0, seed=1)
    made = run(config, lambda n, generator: [hopeless if next(drawn) == 20 else World()] * n)
    assert made.records[0].return_before < 50 and max(r.return_before for r in made.records) > 120
    assert [r.epoch for r in made.records if r.rolled_back] == [20]
    assert any(same(made.states[20]["learner"], s["learner"]) for s in made.states[10:20])  # what an earlier epoch had made
    assert made.records[21].return_before > 2 * made.records[20].return_before


def test_a_gradient_that_is_not_finite_never_reaches_the_parameters():
    start = StateSpaceModel(generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        start.C[:, 2] = 3e38  # values so large that the loss overflows
    made = run(dataclasses.replace(TINY, num_epochs=2), model=start)
    assert [r.rolled_back for r in made.records] == [True, True] and same(made.states[-1]["learner"], start.params())


def test_the_outer_learning_rate_falls_linearly_to_a_tenth_and_can_be_held_first(trained):
    assert trained.rates == pytest.approx([0.004 * (1 - i / 5) for i in range(5)])
    assert run(dataclasses.replace(TINY, num_epochs=20, outer_lr=0.004)).rates[-2:] == pytest.approx([0.0004, 0.0004])
    held = run(dataclasses.replace(TINY, num_epochs=10, outer_lr=0.004, hold_lr_share=0.6))
    assert held.rates == pytest.approx([0.004] * 7 + [0.003, 0.002, 0.001])


def test_the_meta_gradients_norm_is_at_most_one():
    assert run(dataclasses.replace(TINY, value_weight=10.0)).first_gradient == pytest.approx(1.0, rel=1e-4)
    assert run(dataclasses.replace(TINY, value_weight=0.0, entropy_bonus=0.0, advantage_std_floor=1.0)).first_gradient < 0.9


@pytest.mark.parametrize(("stop", "expected"), [(0.0, 1), (100.0, 5)], ids=["moved too far", "never"])
def test_updates_on_the_same_episodes_end_when_the_policy_has_moved(stop, expected):
    assert run(dataclasses.replace(TINY, outer_updates=5, kl_stop=stop, outer_lr=0.01)).updates == expected


@pytest.mark.parametrize("inner_steps", [0, 2])
def test_best_never_holds_an_untried_update(inner_steps):
    """After every epoch the best parameters are those that some epoch collected with: of the highest running mean of the return."""
    changes = {"outer_lr": 0.02, "outer_updates": 3, "inner_lr": 0.02, "max_steps_per_episode": 200, "seed": 3}
    config = dataclasses.replace(TINY, num_epochs=12 if inner_steps else 25, inner_steps=inner_steps, **changes)
    made, tried, running, highest, best, improved = run(config), MetaMAML(config).best.params(), None, -np.inf, None, 0
    for record, state in zip(made.records, made.states, strict=True):
        score = np.mean(record.return_after_by_step) if inner_steps else record.return_before  # what the objective asks for
        running = score if running is None else 0.9 * running + 0.1 * score
        if running > highest:
            highest, best, improved = running, tried, improved + 1
        assert not record.rolled_back and same(state["best"], best) and not torch.equal(best["B"], state["learner"]["B"])
        tried = state["learner"]
    assert improved > 1 or inner_steps


def test_few_support_episodes_are_drawn_as_often_as_many():
    """Log-uniform from 1 to 10: sizes up to 3 are log 4 / log 11 = 58% of all, where a uniform draw would give 30%."""
    generator = np.random.default_rng(0)
    sizes = np.array([support_size(MetaTrainingConfig(), generator) for _ in range(4000)])
    assert set(sizes) == set(range(1, 11)) and np.mean(sizes <= 3) == pytest.approx(np.log(4) / np.log(11), abs=0.03)


def test_recorded_returns_are_of_ordinary_starts_alone():
    """Spread starts begin up to 2 m out and moving, and fall sooner; what is recorded must not mix them in."""
    config = dataclasses.replace(SMALL, episodes_per_task=6, spread_starts=True)
    theta = with_task_axis(StateSpaceModel(generator=torch.Generator().manual_seed(0)).params())
    batch = collect_batch(theta, two_motors(4, None), config, 6, np.random.default_rng(0))
    first = batch.episodes[0].obs[:, :, 0, 0].abs()  # first positions
    assert (first[:, 0::2] <= 0.05).all() and first[:, 1::2].max() > 0.5 and (first <= 2.0).all()
    assert batch.returns()[0] == pytest.approx(float(batch.episodes[0].lengths[:, 0::2].mean()))


class Guarded:
    """A guarded model of one value, whose epochs update it with Adam and reach the given returns."""

    def __init__(self, **settings):
        self.model = StateSpaceModel(2, hidden_dim=2)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.1)
        self.guard = CollapseGuard(self.model, self.optimizer, **settings)

    def epoch(self, value: float, score: float, after: float | None = None) -> bool:
        """Starts with parameters of this value; its update ends somewhere else, at `after` if given."""
        with torch.no_grad():
            for p in self.model.parameters():
                p.fill_(value)
        self.guard.start_epoch()
        self.optimizer.zero_grad()
        sum(p.square().sum() for p in self.model.parameters()).backward()
        self.optimizer.step()
        if after is not None:
            with torch.no_grad():
                self.model.A.fill_(after)
        return self.guard.check(score, finite=True)

    @property
    def momentum(self) -> torch.Tensor:
        return self.optimizer.state[self.model.B]["exp_avg"].clone()


def test_the_guard_steps_back_to_parameters_near_the_running_mean_with_the_optimizers_state():
    g = Guarded()
    assert not g.epoch(1.0, 100.0)
    momentum = g.momentum
    assert not g.epoch(2.0, 95.0) and g.guard.running == pytest.approx(99.5)  # good: near the mean
    assert not g.epoch(3.0, 80.0)  # good enough to go on, not to come back to: 80 < 0.9 x 97.55
    assert g.epoch(4.0, 40.0) and g.guard.running == pytest.approx(0.9 * 97.55)  # less than half
    for _ in range(2):  # twice: stepping back must not use its copies up
        assert g.model.B[0, 0].item() == 2.0 and torch.equal(g.momentum, momentum)
        assert g.epoch(5.0, 100.0, after=math.nan)
    assert not g.epoch(6.0, 100.0) and g.epoch(7.0, 1.0) and g.model.B[0, 0].item() == 6.0
