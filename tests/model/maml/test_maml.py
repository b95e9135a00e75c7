"""Meta-training: deterministic, really learning, and impossible to leave broken."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from model import MetaMAML, MetaTrainingConfig, StateSpaceModel, World
from model.maml import meta_batch
from model.maml.guard import CollapseGuard
from model.policy.params import with_task_axis

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


def test_records_tell_the_two_kinds_of_worlds_and_the_step_limit_apart():
    learner = MetaMAML(dataclasses.replace(SMALL, num_epochs=2, long_episodes_share=0.5), two_motors)
    short, long = learner.train()
    assert (short.step_limit, long.step_limit) == (50, 500)
    for r in (short, long):
        assert len(r.usual) == len(r.conflicting) == 2
        assert (r.usual[0] + r.conflicting[0]) / 2 == pytest.approx(r.return_before)
        assert (r.usual[1] + r.conflicting[1]) / 2 == pytest.approx(r.return_after)
    only_usual = next(MetaMAML(SMALL, lambda n, g: [World()] * n).train())
    assert only_usual.conflicting == () and only_usual.usual[0] == pytest.approx(only_usual.return_before)


def test_recorded_returns_are_of_ordinary_starts_alone():
    """Spread starts begin up to 2 m out and moving, and fall sooner; what is recorded must not mix them in."""
    config = dataclasses.replace(SMALL, episodes_per_task=6, spread_starts=True)
    theta = with_task_axis(StateSpaceModel(generator=torch.Generator().manual_seed(0)).params())
    batch = meta_batch.collect_batch(theta, two_motors(4, None), config, 6, np.random.default_rng(0))
    first = batch.episodes[0].obs[:, :, 0, 0].abs()  # first positions
    assert (first[:, 0::2] <= 0.05).all() and first[:, 1::2].max() > 0.5 and (first <= 2.0).all()
    assert batch.returns()[0] == pytest.approx(float(batch.episodes[0].lengths[:, 0::2].mean()))


def test_the_split_meta_gradient_bounds_each_tasks_part_and_is_the_whole_gradient_where_none_is_bounded(monkeypatch):
    config = dataclasses.replace(SMALL, tasks_per_epoch=3)
    model = StateSpaceModel(generator=torch.Generator().manual_seed(2)).double()
    theta = with_task_axis(dict(model.named_parameters()))
    batch = meta_batch.collect_batch(theta, two_motors(3, None), config, 3, np.random.default_rng(0))

    def gradient(**changes) -> dict[str, torch.Tensor]:
        model.zero_grad()
        meta_batch.add_meta_gradient(with_task_axis(dict(model.named_parameters())), batch, dataclasses.replace(config, **changes))
        return {n: p.grad.clone() for n, p in model.named_parameters()}

    whole = gradient()
    monkeypatch.setattr(meta_batch, "GRADIENT_LIMIT", 1e9)
    for name, g in gradient(split_meta_gradient=True).items():
        torch.testing.assert_close(g, whole[name], atol=1e-12, rtol=1e-9)
    # What is left when every task's part is clipped to nothing is the gradient of the loss before adaptation.
    monkeypatch.setattr(meta_batch, "GRADIENT_LIMIT", 1e-30)
    before = gradient(split_meta_gradient=True)
    model.zero_grad()
    loss_before = dataclasses.replace(config, inner_steps=0)
    model.zero_grad()
    one = dataclasses.replace(batch, episodes=batch.episodes[:1], targets=batch.targets[:1])
    meta_batch.meta_loss(with_task_axis(dict(model.named_parameters())), one, loss_before)[0].backward()
    for name, p in model.named_parameters():
        torch.testing.assert_close(before[name], p.grad, atol=1e-12, rtol=1e-9)


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
     {"pre_adaptation_weight": 0.0}, {"outer_updates": 1}, {"max_grad_norm": 0.02},
     {"min_support_episodes": 3}, {"length_exponent": 1.0}, {"normalise_per_task": True}, {"spread_starts": True},
     {"min_grad_norm": 5.0}, {"hold_lr_share": 0.6}, {"split_meta_gradient": True}, {"entropy_where_counted": False},
     {"short_advantage_weight": 0.3}, {"advantage_std_floor": 1.0}],
)  # fmt: skip
def test_every_setting_changes_what_is_learnt(change):
    config = dataclasses.replace(SMALL, kl_stop=100.0, num_epochs=5)
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
    honest, calls = meta_batch.meta_loss, 0

    def sometimes_infinite(*args):
        nonlocal calls
        calls += 1
        loss, moved = honest(*args)
        return (loss * math.inf, moved) if calls == 3 else (loss, moved)

    monkeypatch.setattr(meta_batch, "meta_loss", sometimes_infinite)
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


def test_the_guard_waits_until_there_is_something_to_lose():
    model = StateSpaceModel(4, hidden_dim=4)
    guard = CollapseGuard(model, torch.optim.Adam(model.parameters()), start_at=100.0)
    assert [guard.check(score, finite=True) for score in (60.0, 10.0)] == [False, False]
    for _ in range(40):
        assert not guard.check(200.0, finite=True)
    assert guard.check(10.0, finite=True)


def test_the_learning_rate_is_held_and_then_falls_to_a_tenth():
    plain, held = (MetaTrainingConfig(num_epochs=10, outer_lr=0.01, hold_lr_share=h) for h in (0.0, 0.6))
    assert [plain.outer_lr_at(i) for i in (0, 5, 9)] == pytest.approx([0.01, 0.005, 0.001])
    assert [held.outer_lr_at(i) for i in (0, 5, 6, 8, 9)] == pytest.approx([0.01, 0.01, 0.01, 0.005, 0.0025])


def test_a_collapsed_policy_in_training_is_rolled_back(monkeypatch):
    """Provoke the hazard in the loop itself: one update throws the policy into always choosing one action."""
    from model.maml import training as maml

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
