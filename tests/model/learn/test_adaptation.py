"""Adapters: identity at zero steps, the same data for both modes at weight zero, the given model untouched, real recovery."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
import torch

from model import (
    ExperienceBuffer,
    HybridAdaptationConfig,
    HybridAdapter,
    MetaTrainingConfig,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    StateSpaceModel,
    World,
    evaluate_policy,
    load_pretrained,
)
from model.learn.adaptation import adapt_tasks, equal_weights, with_replay
from model.learn.rollout import Episodes, collect
from model.policy.params import with_task_axis

REVERSED = World(reversed_motor=True)


def random_model(seed: int = 0) -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(seed))


def same_parameters(a: StateSpaceModel, b: StateSpaceModel) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def some_episodes(seed: int, episodes: int, max_steps: int = 40) -> Episodes:
    return collect(with_task_axis(random_model().params()), [REVERSED], episodes, np.random.default_rng(seed), max_steps)


def test_zero_steps_is_the_identity():
    model = random_model()
    (only,) = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=0)).adapt(model, REVERSED)
    assert only.index == 0 and math.isnan(only.loss) and only.env_steps == 0 and only.support_returns.shape == (0,)
    assert same_parameters(only.model, model) and only.model is not model


def test_a_learning_rate_of_zero_moves_nothing_and_still_counts_its_data():
    model = random_model()
    *_, last = StandardAdapter(StandardAdaptationConfig(adapt_lr=0.0, num_adapt_steps=2)).adapt(model, REVERSED)
    assert same_parameters(last.model, model) and last.env_steps > 0


def test_every_step_moves_the_parameters_and_the_given_model_never_changes():
    model = random_model()
    before = model.params()
    steps = list(StandardAdapter(StandardAdaptationConfig(num_adapt_steps=3)).adapt(model, REVERSED))
    assert [s.index for s in steps] == [0, 1, 2, 3]
    for a, b in pairwise(steps):
        assert not same_parameters(a.model, b.model)
        assert b.env_steps - a.env_steps == int(b.support_returns.sum()) and b.seconds > a.seconds
        assert math.isfinite(b.loss) and len(b.support_returns) == 10
    assert all(torch.equal(before[n], p) for n, p in model.params().items())
    # Later steps must not reach back into the models of earlier ones.
    assert same_parameters(steps[0].model, model)


def test_the_same_seed_gives_the_same_adaptation():
    def run(seed):
        *_, last = StandardAdapter().adapt(random_model(), REVERSED, seed)
        return last

    assert same_parameters(run(3).model, run(3).model)
    assert not same_parameters(run(3).model, run(4).model)


def test_settings_change_the_outcome():
    outcomes = []
    for changes in (
        {},
        {"adapt_lr": 0.1},
        {"episodes_per_step": 3},
        {"max_grad_norm": 0.05},
        {"discount_factor": 0.9},
        {"max_steps_per_episode": 8},
    ):
        *_, last = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1, **changes)).adapt(random_model(), REVERSED)
        outcomes.append(last.model)
    for i, a in enumerate(outcomes):
        assert not any(same_parameters(a, b) for b in outcomes[i + 1 :])


def test_experience_weight_zero_equals_standard_exactly():
    settings = {"num_adapt_steps": 3, "episodes_per_step": 2}
    standard = list(StandardAdapter(StandardAdaptationConfig(**settings)).adapt(random_model(), REVERSED, 5))
    hybrid = list(HybridAdapter(HybridAdaptationConfig(**settings, experience_weight=0.0)).adapt(random_model(), REVERSED, 5))
    assert all(same_parameters(a.model, b.model) for a, b in zip(standard, hybrid, strict=True))


def test_hybrid_replays_earlier_episodes_from_its_second_step_on():
    settings = {"num_adapt_steps": 2, "episodes_per_step": 2}
    standard = list(StandardAdapter(StandardAdaptationConfig(**settings)).adapt(random_model(), REVERSED, 5))
    adapter = HybridAdapter(HybridAdaptationConfig(**settings, experience_weight=1.0))
    hybrid = list(adapter.adapt(random_model(), REVERSED, 5))
    assert same_parameters(standard[1].model, hybrid[1].model)  # nothing to replay yet
    assert not same_parameters(standard[2].model, hybrid[2].model)
    assert len(adapter.buffer) == hybrid[-1].env_steps


def test_a_given_buffer_is_used_and_cleared_only_when_the_world_changes():
    buffer = ExperienceBuffer()
    adapter = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=1), buffer)
    first = list(adapter.adapt(random_model(), REVERSED))[-1].env_steps
    assert len(buffer) == first
    second = list(adapter.adapt(random_model(), REVERSED, 1))[-1].env_steps
    assert len(buffer) == first + second
    third = list(adapter.adapt(random_model(), World(wind=2.0)))[-1].env_steps
    assert len(buffer) == third


def test_replay_weights_are_shared_within_a_task_and_padding_counts_nothing():
    fresh = collect(with_task_axis(random_model().params()), [REVERSED, World()], 2, np.random.default_rng(0), 40)
    one_stood = torch.tensor([[True, False], [True, True]])
    fresh = Episodes(fresh.obs, fresh.actions, fresh.log_probs, fresh.alive, one_stood)
    replayed = [some_episodes(1, 3), None]
    support, weights = with_replay(fresh, equal_weights(fresh), replayed, 0.6)
    torch.testing.assert_close(weights, torch.tensor([[0.5, 0.5, 0.1, 0.1, 0.1], [0.5, 0.5, 0.0, 0.0, 0.0]]))
    assert support.env_steps == fresh.env_steps + replayed[0].env_steps
    torch.testing.assert_close(support.lengths[0, 2:], replayed[0].lengths[0])


def test_a_policy_that_stands_is_not_moved_by_replay_either():
    model, buffer = load_pretrained("standard"), ExperienceBuffer()
    buffer.add(some_episodes(1, 5))
    adapter = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=2, episodes_per_step=2, max_steps_per_episode=20), buffer)
    *_, last = adapter.adapt(model, World())
    assert last.support_returns.tolist() == [20.0, 20.0] and last.grad_norm == 0.0 and same_parameters(last.model, model)


def test_seconds_do_not_count_what_happens_between_the_steps():
    config = StandardAdaptationConfig(num_adapt_steps=2, max_steps_per_episode=20)
    seconds, between = 0.0, 0.0
    for step in StandardAdapter(config).adapt(random_model(), REVERSED):
        seconds = step.seconds
        started = time.perf_counter()
        time.sleep(0.3)
        between += time.perf_counter() - started
    assert 0 < seconds < between


def test_non_finite_parameters_stop_the_run_and_keep_the_last_good_ones():
    model = random_model()
    with torch.no_grad():
        model.C[:, 2] = 3e38  # values so large that the advantage overflows
    steps = []
    with pytest.raises(NonFiniteParameters, match=r"step 1 with adapt_lr 0\.5 made parameters that are not finite"):
        for step in StandardAdapter().adapt(model, REVERSED):
            steps.append(step)
    assert [s.index for s in steps] == [0] and all(torch.isfinite(p).all() for p in steps[0].model.parameters())


def test_one_task_that_overflows_does_not_stop_the_others():
    params = {n: p.unsqueeze(0).repeat(2, *[1] * p.dim()) for n, p in random_model().params().items()}
    params["C"][0, :, 2] = 3e38
    config = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=3)
    before = {n: p.clone() for n, p in params.items()}
    for adapted, _, norm, fresh in adapt_tasks(params, [REVERSED, REVERSED], config, np.random.default_rng(0), ()):
        assert norm[0] == 0 < norm[1] and fresh.lengths[0].sum() > 0
        for n, p in adapted.items():
            torch.testing.assert_close(p[0], before[n][0])
            assert torch.isfinite(p).all()
    assert not torch.equal(adapted["B"][1], before["B"][1])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("adapt_lr", math.nan),
        ("adapt_lr", -1),
        ("num_adapt_steps", 2.5),
        ("num_adapt_steps", 101),
        ("episodes_per_step", 0),
        ("experience_weight", None),
    ],
)
def test_bad_settings_name_field_bound_and_value(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*between .* and .*, got "):
        HybridAdaptationConfig(**{field: value})


def test_bad_seed():
    with pytest.raises(ValueError, match="seed must be a whole number between 0"):
        list(StandardAdapter().adapt(random_model(), REVERSED, seed=-1))


def test_adaptation_defaults_are_those_of_meta_training():
    inner, test_time = MetaTrainingConfig(), StandardAdaptationConfig()
    assert (inner.inner_lr, inner.inner_steps, inner.episodes_per_task) == (
        test_time.adapt_lr,
        test_time.num_adapt_steps,
        test_time.episodes_per_step,
    )
    assert (inner.max_grad_norm, inner.discount_factor) == (test_time.max_grad_norm, test_time.discount_factor)


class TestExperienceBuffer:
    def test_holds_whole_episodes_first_in_first_out_by_transitions(self):
        episodes = some_episodes(0, 4)
        lengths = episodes.lengths[0].int().tolist()
        buffer = ExperienceBuffer(max_size=sum(lengths[1:]))
        buffer.add(episodes)
        assert len(buffer) == sum(lengths[1:]) and buffer.episodes == 3
        sample = buffer.sample(10**6, np.random.default_rng(0))
        assert sorted(sample.lengths[0].int().tolist()) == sorted(lengths[1:])

    def test_returns_episodes_as_they_were_added(self):
        buffer = ExperienceBuffer()
        episode = some_episodes(1, 1)
        buffer.add(episode)
        sample = buffer.sample(1, np.random.default_rng(0))
        for a, b in zip(sample.tensors, episode.tensors, strict=True):
            assert torch.equal(a, b)

    def test_sampling_is_seeded_and_takes_no_episode_twice(self):
        buffer = ExperienceBuffer()
        buffer.add(some_episodes(2, 10))
        a, b, c = (buffer.sample(len(buffer) // 2, np.random.default_rng(s)) for s in (1, 1, 2))
        assert torch.equal(a.obs, b.obs) and not (a.obs.shape == c.obs.shape and torch.equal(a.obs, c.obs))
        everything = buffer.sample(10**6, np.random.default_rng(0))
        assert everything.env_steps == len(buffer)
        starts = {tuple(row) for row in everything.obs[0, :, 0].tolist()}
        assert len(starts) == 10

    def test_samples_at_least_what_was_asked(self):
        buffer = ExperienceBuffer()
        buffer.add(some_episodes(2, 10))
        assert 12 <= buffer.sample(12, np.random.default_rng(0)).env_steps < 12 + 40

    def test_empty(self):
        buffer = ExperienceBuffer()
        assert buffer.sample(5, np.random.default_rng(0)) is None
        buffer.add(some_episodes(0, 2))
        buffer.clear()
        assert len(buffer) == 0 and buffer.sample(5, np.random.default_rng(0)) is None

    @pytest.mark.parametrize("size", [0, -1, 1.5, None, math.nan])
    def test_bad_size(self, size):
        with pytest.raises(ValueError, match="max_size must be a whole number between 1 and"):
            ExperienceBuffer(size)

    def test_two_tasks_do_not_belong_in_one_buffer(self):
        two = collect(with_task_axis(random_model().params()), [REVERSED, World()], 2, np.random.default_rng(0), 20)
        with pytest.raises(ValueError, match="episodes must be of 1 task, got 2"):
            ExperienceBuffer().add(two)


@pytest.mark.parametrize(
    "adapter", [StandardAdapter(StandardAdaptationConfig(num_adapt_steps=2)), HybridAdapter(HybridAdaptationConfig(num_adapt_steps=2))]
)
def test_the_shipped_model_falls_with_a_reversed_motor_and_recovers_in_two_steps(adapter):
    model = load_pretrained("meta")
    assert evaluate_policy(model, REVERSED, 20).mean() < 50
    *_, last = adapter.adapt(model, REVERSED, seed=1)
    assert evaluate_policy(last.model, REVERSED, 20).mean() > 400
