"""Meta-training in JavaScript is that of Python: loss and gradient on batches made afresh in every run, and every rule around them."""

import itertools
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch

from model import MetaEpoch, StateSpaceModel, World, WorldCartPole
from model.maml.guard import CollapseGuard
from model.maml.meta_batch import Batch, add_meta_gradient, collect_batch
from model.maml.recipes import ONE_MINUTE
from model.policy.params import with_task_axis
from model.policy.ssm import reference_outputs
from model.rl.rollout import Episodes
from model.worlds.families import FAMILIES, family_sampler
from model.worlds.sampling import SPLITS, TRAINING_RANGES
from tests.assets.engine import numbers, run_check
from ui.training_settings import RECIPES, MetaSettings
from ui.views.training import curves_value
from ui.views.training_lines import lines, treads

TASKS, EPISODES = 4, 4  # powers of two: their inverses are exact in single precision too
BASE = replace(ONE_MINUTE, tasks_per_epoch=TASKS, episodes_per_task=EPISODES, min_support_episodes=EPISODES, max_steps_per_episode=60)
CASES: dict[str, dict[str, Any]] = {
    "the recipe": {},
    "first order": {"first_order": True},
    "inner gradients clipped": {"max_grad_norm": 0.05, "min_grad_norm": 0.0},
    "inner gradients lengthened": {"min_grad_norm": 60.0},
    "inner gradients as they are": {"max_grad_norm": 1000.0, "min_grad_norm": 0.0, "inner_lr": 0.05},
    "two inner steps": {"inner_steps": 2},
    "no inner step": {"inner_steps": 0},
    "not split": {"split_meta_gradient": False},
    "early, in sizes that no vector fits": {"hidden_dim": 13, "num_epochs": 1000},
    "entropy where counted": {"entropy_where_counted": True, "pre_adaptation_weight": 0.5, "length_exponent": 1.0},
}


def sizes_of(model: StateSpaceModel) -> dict[str, int]:
    return {"S": model.state_dim, "I": model.input_dim, "O": model.output_dim, "H": model.hidden_dim}


def lists(params: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    return {name: p.flatten().tolist() for name, p in params.items()}


def some_policy(generator: np.random.Generator, hidden_dim: int = 64) -> StateSpaceModel:
    """A policy anywhere near the start; the bound on A is active in some of its columns."""
    seed = torch.Generator().manual_seed(int(generator.integers(2**31)))
    model = StateSpaceModel(hidden_dim=hidden_dim, generator=seed)
    with torch.no_grad():
        for p in model.parameters():
            p += 0.05 * torch.randn(p.shape, generator=seed)
    return model


def exported(batch: Batch) -> list[dict]:
    """The batch's episodes, and which tasks count before adaptation, as train_checks.js takes them."""

    def episode(e: Episodes, m: int, k: int) -> dict:
        n = int(e.lengths[m, k])
        series = {"obs": e.obs, "actions": e.actions, "logProbs": e.log_probs}
        lists = {name: values[m, k, :n].flatten().tolist() for name, values in series.items()}
        return {**lists, "length": n, "terminated": bool(e.terminated[m, k])}

    def task(m: int) -> dict:
        episodes = [[episode(e, m, k) for k in range(EPISODES)] for e in batch.episodes]
        return {"counted": float(batch.counted[m]), "episodes": episodes}

    return [task(m) for m in range(TASKS)]


@pytest.mark.parametrize("case", CASES)
def test_meta_loss_and_meta_gradient_are_those_of_python_in_double(case):
    """On a batch of a policy that has moved since; it is another in every run, and the message names its seed."""
    config, seed, epoch = replace(BASE, **CASES[case]), np.random.SeedSequence().entropy, 50
    generator = np.random.default_rng(seed)
    model = some_policy(generator, config.hidden_dim)
    collected = {name: p.double() for name, p in model.params().items()}
    worlds = family_sampler(("reversed_motor", "wind", "physics"))(TASKS, generator)
    batch = collect_batch(with_task_axis(collected), worlds, config, EPISODES, generator, epoch)
    now = {n: (p + 0.03 * torch.from_numpy(generator.normal(size=tuple(p.shape)))).requires_grad_() for n, p in collected.items()}
    loss, divergence = add_meta_gradient(with_task_axis(now), batch, config)
    given = {"sizes": sizes_of(model), "c": asdict(config), "epoch": epoch, "tasks": exported(batch)}
    got = run_check("metaGradient", {**given, "collected": lists(collected), "now": lists(now), "simd": True})
    whole = float(torch.stack([p.grad.square().sum() for p in now.values()]).sum().sqrt())
    gaps = {
        n: np.linalg.norm(numbers(got["grads"][n]) - p.grad.flatten().numpy()) / max(float(p.grad.norm()), 1e-3 * whole)
        for n, p in now.items()
    }
    gaps |= {"loss": abs(got["loss"] / loss - 1), "divergence": abs(got["divergence"] / divergence - 1)}
    assert max(gaps.values()) < 1e-6, (seed, gaps)


def test_both_kernels_give_the_same_bits():
    values = np.random.default_rng(0).normal(size=501) * np.geomspace(1e-6, 30, 501)
    got = run_check("kernels", {"numbers": values.tolist()})
    assert got["simd"] and not got["plain"] and got["differ"] == 0
    assert np.abs(numbers(got["tanh"])[:500] - np.tanh(values[:500])).max() < 3e-16


def test_a_training_is_the_same_to_the_bit_with_both_kernels_and_yields_the_records_of_python():
    config = replace(BASE, num_epochs=4, seed=5)
    given = {"sizes": {"S": 32, "I": 4, "O": 4, "H": 64}, "config": asdict(config), "families": ["reversed_motor"]}
    simd, plain = (run_check("training", {**given, "simd": simd}) for simd in (True, False))
    assert simd["bits"] == plain["bits"]
    records = [MetaEpoch(**{n: tuple(v) if isinstance(v, list) else v for n, v in row.items()}) for row in simd["records"]]
    assert [r.epoch for r in records] == [0, 1, 2, 3] and [r.step_limit for r in records] == [config.step_limit(e) for e in range(4)]
    for r in records:
        assert r.return_before == pytest.approx(np.mean([r.usual[0], r.conflicting[0]])) and len(r.return_after_by_step) == 1
        assert 0 < r.return_after <= r.step_limit and r.episodes == 2 * TASKS * EPISODES * (r.epoch + 1)


def test_the_schedule_is_that_of_python():
    configs = [settings.config for _, settings in RECIPES.values()] + [
        replace(ONE_MINUTE, hold_lr_share=1.0),
        replace(ONE_MINUTE, num_epochs=7),
    ]
    rows = run_check("schedules", {"configs": [asdict(c) for c in configs]})
    for c, got in zip(configs, rows, strict=True):
        expected = [[c.step_limit(e), c.outer_lr_at(e), *c.advantage_weights(e)] for e in range(c.num_epochs)]
        np.testing.assert_allclose(numbers(got), expected, rtol=1e-12)


def test_adam_is_that_of_torch():
    generator = np.random.default_rng(0)
    theta = torch.from_numpy(generator.normal(size=20)).requires_grad_()
    given = {"theta": theta.tolist(), "gradients": generator.normal(size=(6, 20)).tolist(), "lr": 0.01}
    optimizer = torch.optim.Adam([theta], lr=0.01)
    for gradient, got in zip(given["gradients"], run_check("adam", given), strict=True):
        theta.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
        np.testing.assert_allclose(numbers(got), theta.detach().numpy(), rtol=1e-12)


def test_the_guard_steps_back_where_that_of_python_does():
    generator = np.random.default_rng(0)
    epochs = [(100.0, True), *((float(score), bool(generator.random() > 0.1)) for score in generator.uniform(20, 500, 600))]
    learner = StateSpaceModel(2, hidden_dim=2)
    guard = CollapseGuard(learner, torch.optim.Adam(learner.parameters()), start_at=60.0)
    for k, ((score, finite), (rolled_back, point, running)) in enumerate(
        zip(epochs, run_check("guard", {"startAt": 60, "epochs": epochs}), strict=True)
    ):
        guard.start_epoch()
        with torch.no_grad():
            learner.output_bias.fill_(k + 1)  # the update that this epoch made
        assert guard.check(score, finite) is rolled_back and guard.running == pytest.approx(running)
        assert learner.output_bias[0].item() == float(point)


def test_first_weights_are_drawn_as_those_of_python():
    sizes = {"S": 32, "I": 4, "O": 4, "H": 64}
    rows = run_check("firstWeights", {"sizes": sizes, "seeds": list(range(40))})
    ours = [StateSpaceModel(generator=torch.Generator().manual_seed(seed)).params() for seed in range(40)]
    for name, p in ours[0].items():
        got, expected = (np.array([r[name] for r in rows]), np.array([o[name].flatten().tolist() for o in ours]))
        if p.std() == 0 or name in ("A", "input_scale"):
            np.testing.assert_allclose(got, expected, atol=1e-7)
        else:  # normal draws, in each place with a scale of its own
            scale = expected.std(0).clip(1e-9)
            z = got / scale
            assert abs(z.mean()) < 5 / np.sqrt(z.size) and abs(z.std() - 1) < 0.06
    assert rows[0] != rows[1]


@pytest.mark.parametrize("families", [("reversed_motor",), tuple(FAMILIES)])
def test_worlds_are_drawn_as_those_of_python(families):
    worlds = [World(**w) for w in itertools.chain(*run_check("sampledWorlds", {"families": families, "n": 8, "seeds": list(range(100))}))]
    generator = np.random.default_rng(0)
    ours = [w for _ in range(100) for w in family_sampler(families)(8, generator)]
    for name in asdict(World()):
        got, expected = (np.array([float(getattr(w, name)) for w in of]) for of in (worlds, ours))
        spread = max(expected.std(), 1e-9)
        assert abs(got.mean() - expected.mean()) < 0.2 * spread + 1e-9 and abs(got.std() - expected.std()) < 0.15 * spread + 1e-9
        assert ((got == 0).mean() > 0.3) == ((expected == 0).mean() > 0.3)
        if name in TRAINING_RANGES and got.std() > 0:
            low, high = TRAINING_RANGES[name]
            assert low <= got.min() and got.max() <= high + 0.01
    if "physics" in families:
        assert {round(w.gravity * 1000) % 10 for w in worlds} == set(SPLITS["train"])


def test_episodes_are_what_the_world_and_the_policy_make_of_them():
    model = some_policy(np.random.default_rng(3))
    worlds = [World(), World(reversed_motor=True, action_delay=1, wind=1.0)]
    given = {"sizes": sizes_of(model), "params": lists(model.params()), "worlds": [asdict(w) for w in worlds]}
    how = {"episodes": 6, "limit": 80, "spread": True}
    played = run_check("rollouts", {**given, "how": how})
    params = {name: p.double() for name, p in model.params().items()}
    surprises, starts = [], []
    for world, episodes in zip(worlds, played, strict=True):
        for k, e in enumerate(episodes):
            obs, actions = numbers(e["obs"]).reshape(-1, 4), np.array(e["actions"])
            env = WorldCartPole([world], max_episode_steps=80)
            env.begin(obs[:1].astype(np.float64))  # from the readings, which here are the state, rounded
            for t, action in enumerate(actions):
                assert np.allclose(env.observe()[0], obs[t], atol=1e-4)
                fell = env.advance(np.array([action]), np.array([True]))[0]
            assert fell == e["terminated"] and (fell or len(actions) == 80)
            y = reference_outputs(params, torch.from_numpy(obs)).numpy()
            log_probs = torch.from_numpy(y[:, :2]).log_softmax(-1).numpy()
            np.testing.assert_allclose(numbers(e["logProbs"]), log_probs[np.arange(len(actions)), actions], atol=1e-9)
            np.testing.assert_allclose(numbers(e["values"]).reshape(-1, 2), y[:, 2:4], atol=1e-9)
            surprises += list(actions - np.exp(log_probs[:, 1]))
            starts.append((k % 2, obs[0]))
    assert abs(np.mean(surprises)) < 4 * 0.5 / np.sqrt(len(surprises))
    assert all(np.abs(s).max() <= 0.05 for odd, s in starts if not odd) and max(np.abs(s[0]) for odd, s in starts if odd) > 0.2


@pytest.mark.parametrize("families", [("reversed_motor", "mirrored_sensors"), ("wind",)], ids=["two kinds", "one"])
def test_the_page_draws_the_curves_of_the_saved_figure(families):
    config = replace(ONE_MINUTE, num_epochs=12, long_episodes_share=0.5)
    settings = MetaSettings(families, config=config, time_budget=60.0)
    generator = np.random.default_rng()

    def returns(there: bool = True) -> tuple[float, ...]:
        return tuple(generator.uniform(5, 480, 2).tolist()) if there else ()

    epochs = []
    for epoch in range(9):  # in some epochs all worlds are of one kind, and one was undone
        (before, after), limit = returns(), config.step_limit(epoch)
        sides = (returns(epoch not in (0, 3)), returns(epoch not in (5, 6, 8)))
        epochs.append(MetaEpoch(epoch, 0.1, before, after, (after,), 9, 99, 1.0, epoch == 4, limit, *sides))
    growing, ended = run_check("charts", curves_value(settings, epochs))
    for line, *drawn in zip(lines(settings, epochs), growing["series"], ended["series"], strict=True):
        for series in drawn:
            np.testing.assert_allclose(numbers(series["y"]), line.smooth)
            assert (series["label"], series["x"]) == (line.label, list(range(1, 10)))
        assert [f"{v:.0f}" in words for v, words in zip(line.values, drawn[1]["words"], strict=True)] == np.isfinite(line.values).tolist()
    for chart, last in ((growing, 12), (ended, 9)):
        assert chart["x"]["range"] == [1, last] and chart["events"] == [{"at": 5, "label": "rolled back"}]
        assert [(t["from"], t["to"], t["at"]) for t in chart["treads"]] == treads(settings, last)
