"""Teaching: it lowers the loss, and a resumed training is the same training to the last byte."""

import dataclasses

import numpy as np
import pytest
import torch

from model import StateSpaceModel, load_checkpoint, load_pretrained
from model.imitation.config import ImitationConfig
from model.imitation.dagger import Dagger, imitation_loss, lessons, together
from model.imitation.recipe import ALL_RECIPES
from model.maml.to_file import Training, log_path, read_log, read_state, state_path
from model.policy.inputs import SENSORS, with_previous_push
from model.policy.params import with_task_axis
from model.policy.ssm import reference_outputs
from tests.model.made_up import same

TINY = ImitationConfig(
    num_epochs=6,
    episodes_per_epoch=24,
    max_steps_per_episode=60,
    updates=4,
    batch_size=16,
    warm_up=2,
    pool_epochs=2,
    easy_epochs=3,
    small_epochs=0,
)


def student(seed: int = 0) -> StateSpaceModel:
    return with_previous_push(StateSpaceModel(8, hidden_dim=8, generator=torch.Generator().manual_seed(seed)))


def test_teaching_lowers_the_loss():
    config = dataclasses.replace(TINY, num_epochs=10, episodes_per_epoch=48, max_steps_per_episode=100, short_rounds=1, lr=7e-4, updates=8)
    records = list(Dagger(config).train())
    assert [r.epoch for r in records] == list(range(10)) and records[-1].episodes == 10 * 48
    assert np.mean([r.loss for r in records[-3:]]) < 0.85 * np.mean([r.loss for r in records[:2]])


def test_a_given_model_is_left_alone_a_four_input_one_is_given_the_fifth_and_seeds_differ():
    start = StateSpaceModel(8, hidden_dim=8, generator=torch.Generator().manual_seed(3))
    before, (dagger, other) = start.params(), (Dagger(dataclasses.replace(TINY, num_epochs=1, seed=seed)) for seed in (0, 1))
    for each in (dagger, other):
        list(each.train(start))
    assert not same(dagger.best.params(), other.best.params())
    assert same(before, start.params()) and dagger.best.sizes == {**start.sizes, "input_dim": 5} and not dagger.best.training


def test_the_student_begins_with_what_memory_would_do_and_less_sure_of_it():
    memory, begins = load_pretrained("memory"), Dagger().best
    obs = torch.randn(30, 5, generator=torch.Generator().manual_seed(0)) * 0.05
    theirs, ours = reference_outputs(memory.params(), obs[:, :SENSORS]), reference_outputs(begins.params(), obs)
    torch.testing.assert_close(ours[:, :2], theirs[:, :2] * 0.1, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours[:, 2:], theirs[:, 2:], rtol=1e-4, atol=1e-4)


def test_lessons_are_the_students_own_episodes_with_the_teachers_opinion():
    params = with_task_axis(student().params())
    config = dataclasses.replace(TINY, helped_share=0.0, sampled_share=0.0, episodes_per_epoch=12)
    taught, agreement = lessons(params, config, np.random.default_rng(0), 3)
    e = taught.episodes
    assert e.obs.shape[:2] == taught.labels.shape[:2] == (12, 1) and e.obs.shape[-1] == 5
    alive = e.alive > 0
    assert ((taught.labels >= 0) & (taught.labels <= 1)).all()
    assert agreement == pytest.approx(float(((taught.labels > 0.5) == (e.actions == 1))[alive].float().mean()))
    chose = torch.stack([reference_outputs({n: p[0] for n, p in params.items()}, e.obs[i, 0]) for i in range(12)]).unsqueeze(1)
    assert ((chose[..., 1] > chose[..., 0]) == (e.actions == 1))[alive].float().mean() > 0.999


def test_the_loss_is_cross_entropy_weighed_by_length_and_padding_counts_nothing():
    params = with_task_axis(student().params())
    config = dataclasses.replace(TINY, value_weight=0.0)
    taught, _ = lessons(params, config, np.random.default_rng(1), 0)
    total = weights = 0.0
    for i in range(len(taught.labels)):
        n = int(taught.episodes.lengths[i])
        y = reference_outputs({name: p[0] for name, p in params.items()}, taught.episodes.obs[i, 0, :n])
        right, left = y[:, :2].log_softmax(-1).T.flip(0)
        p = taught.labels[i, 0, :n]
        total += float(-(p * right + (1 - p) * left).sum()) / n**0.5
        weights += n**0.5
    assert float(imitation_loss(params, taught, config)) == pytest.approx(total / weights, rel=1e-4)
    padded = together([taught, lessons(params, dataclasses.replace(config, max_steps_per_episode=90), np.random.default_rng(2), 3)[0]])
    first = padded.chosen(torch.arange(len(taught.labels)))
    assert float(imitation_loss(params, first, config)) == pytest.approx(total / weights, rel=1e-4)


def test_a_checkpoint_names_its_sizes_and_recipe_and_a_stopped_training_goes_on(tmp_path):
    out, recipe, config = tmp_path / "taught.safetensors", ALL_RECIPES["taught"], dataclasses.replace(TINY, num_epochs=3)
    whole = tmp_path / "whole.safetensors"
    list(Training("taught", (config,), whole, None, recipe.learner).epochs())
    epochs = Training("taught", (config,), out, None, recipe.learner).epochs()
    next(epochs)
    epochs.close()
    assert state_path(out).is_file() and len(read_log(out)) == 1
    list(Training("taught", (config,), out, read_state(out, "taught", (config,)), recipe.learner).epochs())
    assert out.read_bytes() == whole.read_bytes() and not state_path(out).exists()
    rows = read_log(out)
    assert [r["epoch"] for r in rows] == ["0", "1", "2"] and rows[0].keys() >= {"agreement", "episode_return", "env_steps"}
    assert log_path(out).read_text(encoding="utf-8").count("epoch,") == 1
    model = load_checkpoint(out)
    assert model.sizes == {"state_dim": 64, "input_dim": 5, "output_dim": 4, "hidden_dim": 64} and not model.training
