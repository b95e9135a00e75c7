"""Meta-training: deterministic, really learning, and impossible to leave broken."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from model import MetaMAML, MetaTrainingConfig, StateSpaceModel, World
from model.learn import meta_batch
from model.learn.guard import CollapseGuard

SMALL = MetaTrainingConfig(
    num_epochs=3, tasks_per_epoch=4, episodes_per_task=3, inner_steps=1, max_steps_per_episode=50, long_episodes_share=0.0
)


def two_motors(n, generator):
    return [World(reversed_motor=bool(i % 2)) for i in range(n)]


def final(config: MetaTrainingConfig, **kwargs) -> StateSpaceModel:
    learner = MetaMAML(config, **kwargs)
    for _ in learner.train():
        pass
    return learner.best


def test_records_count_real_steps_and_name_every_inner_step():
    config = dataclasses.replace(SMALL, inner_steps=2)
    records = list(MetaMAML(config, two_motors).train())
    assert [r.epoch for r in records] == [0, 1, 2]
    for i, r in enumerate(records):
        assert r.episodes == (i + 1) * 4 * 3 * 3
        assert len(r.return_after_by_step) == 2 and r.return_after == r.return_after_by_step[-1]
        assert math.isfinite(r.meta_loss) and not r.rolled_back
    mean = np.mean([(r.return_before + sum(r.return_after_by_step)) for r in records])
    assert records[-1].env_steps == round(mean * 3 * 4 * 3)  # steps = returns x episodes


def test_the_last_epochs_let_episodes_run_for_500_steps():
    learner = MetaMAML(
        dataclasses.replace(SMALL, num_epochs=2, inner_steps=0, max_steps_per_episode=5, long_episodes_share=0.5), two_motors
    )
    short, long = learner.train()
    assert short.return_before == 5 < long.return_before


def test_zero_inner_steps_is_plain_policy_gradient():
    records = list(MetaMAML(dataclasses.replace(SMALL, inner_steps=0), two_motors).train())
    assert all(r.return_after == r.return_before and r.return_after_by_step == () for r in records)


def test_the_same_seed_trains_to_identical_bits_and_another_does_not():
    a, b, c = final(SMALL), final(SMALL), final(dataclasses.replace(SMALL, seed=1))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.B, c.B)


@pytest.mark.parametrize(
    "change",
    [{"inner_lr": 0.05}, {"outer_lr": 0.02}, {"first_order": True}, {"discount_factor": 0.9}, {"entropy_bonus": 0.3}, {"value_weight": 3.0},
     {"pre_adaptation_weight": 0.0}, {"pre_adaptation_all": True}, {"outer_updates": 1}, {"max_grad_norm": 0.02},
     {"min_support_episodes": 3}, {"length_exponent": 1.0}, {"normalise_per_task": True}],
)  # fmt: skip
def test_every_setting_changes_what_is_learnt(change):
    config = dataclasses.replace(SMALL, kl_stop=100.0)
    a, b = final(config, worlds=two_motors), final(dataclasses.replace(config, **change), worlds=two_motors)
    assert any(not torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_sizes_and_a_given_model():
    small = final(dataclasses.replace(SMALL, state_dim=5, hidden_dim=7))
    assert (small.state_dim, small.hidden_dim) == (5, 7)
    start = StateSpaceModel(8, hidden_dim=8)
    before = start.params()
    learner = MetaMAML(SMALL)
    list(learner.train(start))
    assert learner.best.state_dim == 8
    assert all(torch.equal(before[n], p) for n, p in start.params().items())


def test_it_learns_the_standard_cart_within_seconds():
    config = MetaTrainingConfig(num_epochs=25, tasks_per_epoch=8, inner_steps=0, outer_updates=3, long_episodes_share=0.0, seed=1)
    records = list(MetaMAML(config, lambda n, g: [World()] * n).train())
    assert records[0].return_before < 50
    assert max(r.return_before for r in records) > 120


def test_a_resumed_training_ends_with_identical_bits():
    config = dataclasses.replace(SMALL, num_epochs=5, long_episodes_share=0.4)
    whole = MetaMAML(config, two_motors)
    expected = list(whole.train())
    first = MetaMAML(config, two_motors)
    epochs = first.train()
    for _ in range(2):
        next(epochs)
    state = first.state_dict()
    next(epochs)  # what a killed training did after its last checkpoint is done again
    second = MetaMAML(config, two_motors)
    records = list(second.train(resume=state))
    assert [(r.epoch, r.meta_loss, r.env_steps) for r in records] == [(r.epoch, r.meta_loss, r.env_steps) for r in expected[2:]]
    assert all(torch.equal(p, q) for p, q in zip(whole.best.parameters(), second.best.parameters(), strict=True))


def test_best_is_there_at_any_time_and_is_a_copy():
    learner = MetaMAML(SMALL)
    before = learner.best.params()
    assert all(torch.equal(before[n], p) for n, p in MetaMAML(SMALL).best.params().items())
    epochs = learner.train()
    next(epochs)
    copy = learner.best
    with torch.no_grad():
        copy.A.fill_(math.nan)
    assert torch.isfinite(learner.best.A).all() and not learner.best.training
    epochs.close()
    assert torch.isfinite(learner.best.A).all()


def test_a_non_finite_gradient_is_skipped_and_training_goes_on(monkeypatch):
    """Provoke the hazard: an infinite loss, whose clipped gradient would turn every parameter into NaN."""
    from model.learn import maml

    honest, calls = maml.Batch._meta_loss, 0

    def sometimes_infinite(self, theta, tasks):
        nonlocal calls
        calls += 1
        loss, moved = honest(self, theta, tasks)
        return (loss * math.inf, moved) if calls == 3 else (loss, moved)

    monkeypatch.setattr(maml.Batch, "_meta_loss", sometimes_infinite)
    learner = MetaMAML(dataclasses.replace(SMALL, outer_updates=1, num_epochs=5), two_motors)
    records = list(learner.train())
    assert [r.rolled_back for r in records] == [False, False, True, False, False]
    assert all(torch.isfinite(p).all() for p in learner.best.parameters())
    assert math.isfinite(records[-1].meta_loss)


def test_collapse_is_stepped_back_from_with_the_optimizers_state():
    model = StateSpaceModel(4, hidden_dim=4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

    def update():
        optimizer.zero_grad()
        sum(p.square().sum() for p in model.parameters()).backward()
        optimizer.step()

    guard = CollapseGuard(model, optimizer)
    update()
    guard.start_epoch()
    good, moment = model.params(), optimizer.state[model.B]["exp_avg"].clone()
    update()
    assert not guard.check(100.0, finite=True)
    for _ in range(2):  # twice: stepping back must not use its copies up
        guard.start_epoch()
        update()
        with torch.no_grad():
            model.A.fill_(math.nan)  # what an unguarded update would do
        assert guard.check(100.0, finite=True)
        assert all(torch.equal(good[n], p) for n, p in model.params().items())
        assert torch.equal(optimizer.state[model.B]["exp_avg"], moment)
    guard.start_epoch()
    update()
    assert guard.check(30.0, finite=True)  # below half of the running mean
    assert all(torch.equal(good[n], p) for n, p in model.params().items())


def test_a_collapsed_policy_in_training_is_rolled_back(monkeypatch):
    """Provoke the hazard in the loop itself: one update throws the policy into always choosing one action."""
    from model.learn import maml

    honest, calls = maml.MetaMAML._update, 0

    def sabotaged(self, theta, optimizer, batch):
        nonlocal calls
        calls += 1
        result = honest(self, theta, optimizer, batch)
        if calls == 25:
            with torch.no_grad():
                theta["output_bias"][0] += 1000.0
        return result

    monkeypatch.setattr(maml.MetaMAML, "_update", sabotaged)
    config = MetaTrainingConfig(num_epochs=30, tasks_per_epoch=8, inner_steps=0, outer_updates=3, long_episodes_share=0.0, seed=1)
    records = list(MetaMAML(config, lambda n, g: [World()] * n).train())
    assert [r.epoch for r in records if r.rolled_back] == [25]  # the epoch that saw the collapse
    assert records[25].return_before < 12 and records[27].return_before > 40


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_epochs", 0),
        ("tasks_per_epoch", 1.5),
        ("inner_lr", math.nan),
        ("inner_steps", 11),
        ("first_order", 1),
        ("discount_factor", 1.0),
        ("outer_lr", "x"),
    ],
)
def test_bad_settings_name_the_field(field, value):
    with pytest.raises(ValueError, match=f"{field} must be"):
        MetaTrainingConfig(**{field: value})


def test_support_cannot_exceed_the_episodes():
    with pytest.raises(ValueError, match="min_support_episodes must be at most episodes_per_task = 3, got 4"):
        MetaTrainingConfig(episodes_per_task=3, min_support_episodes=4)


def test_taking_the_tasks_a_few_at_a_time_gives_the_same_update(monkeypatch):
    def one_update() -> dict[str, torch.Tensor]:
        learner = MetaMAML(dataclasses.replace(SMALL, num_epochs=1, inner_steps=2), two_motors)
        start = StateSpaceModel(generator=torch.Generator().manual_seed(1)).double()
        list(learner.train(start))
        return learner.state_dict()["learner"]

    together = one_update()
    monkeypatch.setattr(meta_batch, "ROWS_AT_ONCE", 1)
    alone = one_update()
    for name, p in together.items():
        torch.testing.assert_close(alone[name], p, atol=1e-9, rtol=0)
