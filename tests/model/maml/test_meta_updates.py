"""What meta-training does with the meta-gradient: the learning rate of each epoch, Adam's steps, and what counts as the best."""

import dataclasses

import numpy as np
import pytest
import torch

from model import MetaMAML, MetaTrainingConfig, StateSpaceModel, World
from model.maml import training as maml
from model.maml.guard import CollapseGuard
from model.maml.recipes import RECIPES, TwoMotorsFirst, polish

TINY = MetaTrainingConfig(
    num_epochs=8, tasks_per_epoch=2, episodes_per_task=2, inner_steps=0, outer_updates=1, max_steps_per_episode=30, long_episodes_share=0.0
)


def standard(n, generator):
    return [World()] * n


class Steps:
    """Every step that Adam takes: its learning rate and the norm of the gradient it is given."""

    def __init__(self, monkeypatch):
        self.rates: list[float] = []
        self.norms: list[float] = []
        honest = torch.optim.Adam.step

        def step(optimizer, *args, **kwargs):
            (group,) = optimizer.param_groups
            self.rates.append(group["lr"])
            self.norms.append(float(torch.cat([p.grad.flatten() for p in group["params"]]).norm()))
            return honest(optimizer, *args, **kwargs)

        monkeypatch.setattr(torch.optim.Adam, "step", step)


@pytest.fixture
def steps(monkeypatch) -> Steps:
    return Steps(monkeypatch)


def test_the_outer_learning_rate_falls_linearly_to_a_tenth(steps):
    list(MetaMAML(dataclasses.replace(TINY, num_epochs=20, outer_lr=0.004), standard).train())
    assert steps.rates == pytest.approx([0.004 * max(0.1, 1 - i / 20) for i in range(20)])


def test_the_outer_learning_rate_can_be_held_first(steps):
    list(MetaMAML(dataclasses.replace(TINY, num_epochs=10, outer_lr=0.004, hold_lr_share=0.6), standard).train())
    assert steps.rates == pytest.approx([0.004] * 7 + [0.003, 0.002, 0.001])


def test_the_meta_gradients_norm_is_at_most_one(steps):
    list(MetaMAML(dataclasses.replace(TINY, value_weight=10.0), standard).train())
    assert steps.norms == pytest.approx([1.0] * 8, rel=1e-4)
    steps.norms.clear()
    list(MetaMAML(dataclasses.replace(TINY, value_weight=0.0, entropy_bonus=0.0, num_epochs=1, advantage_std_floor=1.0), standard).train())
    assert steps.norms[0] < 0.9


@pytest.mark.parametrize(("stop", "expected"), [(0.0, 1), (100.0, 5)], ids=["moved too far", "never"])
def test_updates_on_the_same_episodes_end_when_the_policy_has_moved(steps, stop, expected):
    list(MetaMAML(dataclasses.replace(TINY, num_epochs=1, outer_updates=5, kl_stop=stop, outer_lr=0.01), standard).train())
    assert len(steps.rates) == expected


@pytest.mark.parametrize("inner_steps", [0, 2])
def test_best_never_holds_an_untried_update(inner_steps):
    """After every epoch the best parameters are those that some epoch collected with: of the highest running mean of the return."""
    epochs = 12 if inner_steps else 25
    changes = {"outer_lr": 0.02, "outer_updates": 3, "inner_lr": 0.02, "max_steps_per_episode": 200, "seed": 3}
    config = dataclasses.replace(TINY, num_epochs=epochs, inner_steps=inner_steps, **changes)
    learner = MetaMAML(config, standard)
    tried, running, highest, expected, improved = learner.best.params(), None, -np.inf, None, []
    for record in learner.train():
        score = np.mean(record.return_after_by_step) if inner_steps else record.return_before  # what the objective asks for
        running = score if running is None else 0.9 * running + 0.1 * score
        assert not record.rolled_back
        if running > highest:
            highest, expected = running, tried
            improved.append(record.epoch)
        best, now = learner.best.params(), learner.state_dict()["learner"]
        assert all(torch.equal(best[n], p) for n, p in expected.items())
        assert not torch.equal(best["B"], now["B"])
        tried = now
    assert len(improved) > 1 or inner_steps


def test_few_support_episodes_are_drawn_as_often_as_many(monkeypatch):
    """Log-uniform from 1 to 10: sizes up to 3 are log 4 / log 11 = 58% of all, where a uniform draw would give 30%."""
    sizes, honest = [], maml.collect_batch

    def noted(params, worlds, config, support_size, *args, **kwargs):
        sizes.append(support_size)
        return honest(params, worlds, config, 1, *args, **kwargs)

    monkeypatch.setattr(maml, "collect_batch", noted)
    config = dataclasses.replace(TINY, num_epochs=120, tasks_per_epoch=1, episodes_per_task=10, max_steps_per_episode=2)
    list(MetaMAML(config, standard).train())
    assert set(sizes) == set(range(1, 11))
    assert np.mean(np.array(sizes) <= 3) == pytest.approx(0.58, abs=0.12)


def test_good_to_step_back_to_are_only_parameters_near_the_running_mean():
    model = StateSpaceModel(2, hidden_dim=2)
    guard = CollapseGuard(model, torch.optim.Adam(model.parameters()))

    def epoch(value: float, score: float) -> bool:
        """An epoch that starts with parameters of this value, updates them, and whose episodes reached this return."""
        with torch.no_grad():
            for p in model.parameters():
                p.fill_(value)
        guard.start_epoch()
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.5)
        return guard.check(score, finite=True)

    assert not epoch(1.0, 100.0)
    assert not epoch(2.0, 85.0)  # running mean 98.5: below nine tenths of it, good enough to go on, not to come back to
    assert guard.running == pytest.approx(98.5)
    assert not epoch(3.0, 50.0)  # 93.65, and half of 98.5 was not undercut
    assert epoch(4.0, 46.0)  # less than half of 93.65
    assert model.B[0, 0].item() == 1.0 and guard.running == pytest.approx(0.9 * 93.65)
    assert not epoch(5.0, 100.0)
    assert epoch(6.0, 1.0) and model.B[0, 0].item() == 5.0


def test_the_settings_that_the_readme_names():
    meta, memory, alone = (RECIPES[name].config for name in ("meta", "memory", "standard"))
    assert (meta.inner_steps, memory.inner_steps, alone.inner_steps) == (3, 0, 0)
    assert (meta.discount_factor, meta.length_exponent, meta.first_order, meta.inner_lr) == (0.99, 0.5, False, 0.5)


def test_polishing_goes_on_with_long_episodes_at_half_the_learning_rate():
    config = RECIPES["meta"].config
    later = polish(config, 7)
    assert (later.num_epochs, later.outer_lr, later.long_episodes_share) == (7, config.outer_lr / 2, 1.0) and later.seed != config.seed


@pytest.mark.parametrize("done", [0, 79])
def test_the_curriculum_of_two_motors_ends_after_80_epochs(done):
    sampler, generator = TwoMotorsFirst(done), np.random.default_rng(0)
    epochs = [sampler(4, generator) for _ in range(82 - done)]
    two = [World(), World(reversed_motor=True)] * 2
    assert [worlds == two for worlds in epochs] == [True] * (80 - done) + [False, False]
