"""The gradient step in JavaScript is inner_step in Python, near the start and far from it."""

from __future__ import annotations

import live_engine
import numpy as np
import pytest
import torch
from live_engine import file_bytes, numbers, run_check
from vectors import fresh_generator, policies, random_fall, record_of

from model import StandardAdaptationConfig, load_pretrained
from model.maml.adaptation import equal_weights, inner_step
from model.policy.params import GROUPS, with_task_axis
from model.rl import advantages as policy_gradient_module
from model.rl.advantages import policy_gradient
from model.rl.rollout import Episodes
from ui.views.live_config import live_config
from ui.views.movement import movement

LENGTHS = (5, 9, 40, 200, 499, 500)
LR = 0.25
CONFIG = StandardAdaptationConfig()


def in_python(model, episode: Episodes, dtype: torch.dtype):
    """Gradient, new parameters, loss and norm of one inner step."""
    params = {name: p.to(dtype).requires_grad_() for name, p in with_task_axis(model.params()).items()}
    weights = equal_weights(episode).to(dtype)
    episode = Episodes(*(t.to(dtype) if t.is_floating_point() else t for t in episode.tensors))
    grads, _ = policy_gradient(params, episode, weights, CONFIG.discount_factor, False)
    clip = (CONFIG.max_grad_norm, CONFIG.discount_factor)
    after, loss, norm = inner_step(params, episode, weights, LR, *clip, min_grad_norm=CONFIG.min_grad_norm)
    arrays = ({name: v[0].detach().double().numpy() for name, v in tensors.items()} for tensors in (grads, after))
    return *arrays, float(loss[0]), float(norm[0])


def relative(got, expected: np.ndarray) -> float:
    """|difference| / |expected| of a whole parameter (Euclidean norms)."""
    gap = np.linalg.norm(numbers(got).ravel() - expected.ravel())
    return float(gap / max(np.linalg.norm(expected), 1e-12))


def gaps(lengths=LENGTHS, dtype=torch.float64, faults=None, models=None, generator=None) -> dict[str, float]:
    """The largest relative difference of gradient, of the change of the parameters, of loss and norm, over policies and falls."""
    generator = generator or fresh_generator()
    worst = dict.fromkeys(("grads", "change", "loss", "norm"), 0.0)
    models = list(policies(generator).values()) if models is None else models
    tried = [(m, random_fall(m, n, generator, off_policy=bool((k + i) % 2))) for i, m in enumerate(models) for k, n in enumerate(lengths)]
    jobs = [{"policy": file_bytes(model), "record": record_of(fall)} for model, fall in tried]
    for (model, fall), row in zip(tried, run_check("innerSteps", {"jobs": jobs, "lr": LR}, faults), strict=True):
        before = {name: p.double().numpy() for name, p in model.params().items()}
        grads, after, loss, norm = in_python(model, fall, dtype)
        if fall.env_steps == CONFIG.max_steps_per_episode:  # nothing was missed: nothing to learn
            assert max(row["norm"], norm) < 1e-6
            continue
        assert norm > 1e-6
        # A tiny part of a gradient is what rounding leaves of it: judged beside the whole.
        for name, expected in grads.items():
            gap = np.linalg.norm(numbers(row["grads"][name]).ravel() - expected.ravel())
            worst["grads"] = max(worst["grads"], gap / max(np.linalg.norm(expected), 1e-3 * norm))
            change = np.linalg.norm(numbers(row["params"][name]).ravel() - after[name].ravel())
            stored = 1e-7 * np.linalg.norm(before[name])  # JavaScript keeps float32
            worst["change"] = max(worst["change"], (change - stored) / max(np.linalg.norm(after[name] - before[name]), 1e-3 * LR))
        worst["loss"] = max(worst["loss"], abs(row["loss"] - loss) / max(abs(loss), 1e-3))
        worst["norm"] = max(worst["norm"], abs(row["norm"] - norm) / norm)
    return worst


def test_gradient_and_new_parameters_are_those_of_python_in_double():
    assert max(gaps().values()) < 1e-6


def test_and_to_a_ten_thousandth_those_of_the_server_in_single():
    # The shipped policies and always the same falls: single precision itself is further off for one in ten random networks.
    shipped = [load_pretrained(name) for name in ("meta", "memory")]
    assert max(gaps((5, 30, 499), torch.float32, models=shipped, generator=np.random.default_rng(0)).values()) < 1e-4


FAULTS = {
    "uphill": ("v - step * grads[name][k]", "v + step * grads[name][k]"),
    "no clipping": ("Math.min(1, max_grad_norm / Math.max(norm, 1e-8))", "1"),
    "advantages look ahead with the discount alone": ("gamma * inner_lambda * ahead", "gamma * ahead"),
    "a value after the fall": ("(values[t + 1] ?? 0)", "(values[t + 1] ?? values[t])"),
    "all steps count alike": ("live.config.learn.fall_decay **", "1 **"),
    "the ratio is not bounded": (", max_ratio)", ", Infinity)"),
    "the ratio is left out": ("weight = ratio * advantage", "weight = advantage"),
    "the bound on A passes gradients straight through": ("if (sum < bound) return d;", "return d;"),
    "A transposed on the way back": ("dNext = timesTransposed(vector(S), dh, p.A)", "dNext.fill(0), live.addProduct(dNext, dh, p.A)"),
    "no gradient through time": ("addTo(dh, dNext);", ""),
    "no gradient of the sensor scale through memory": ("+ more[i] + most[i])", "+ more[i])"),
    "the residual is forgotten": ("(dm[j] + dz[j])", "dm[j]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_gradient_shows(fault):
    few = [model for name, model in policies(fresh_generator()).items() if name in ("meta", "bound mixed")]
    assert max(gaps((9, 30), faults={"learn.js": FAULTS[fault]}, models=few).values()) > 1e-3


PYTHON_FAULTS = {
    "all steps count alike": ("fall_weights", lambda episodes: episodes.alive / episodes.lengths.unsqueeze(-1)),
    "the advantage's sign": ("advantages", lambda *args, honest=policy_gradient_module.advantages: -honest(*args)),
    "the ratio's bound": ("MAX_RATIO", 1e9),
}


@pytest.mark.parametrize("fault", PYTHON_FAULTS)
def test_a_fault_in_pythons_gradient_shows(fault, monkeypatch):
    config = live_config()  # as it is without the fault
    monkeypatch.setattr(live_engine, "live_config", lambda: config)
    monkeypatch.setattr(policy_gradient_module, *PYTHON_FAULTS[fault])
    assert max(gaps((9, 30), models=[load_pretrained("meta")] * 2).values()) > 1e-3


def test_how_far_each_group_moved_is_what_adapt_says():
    model, generator = load_pretrained("meta"), fresh_generator()
    fall = random_fall(model, 9, generator, off_policy=False)
    (row,) = run_check("innerSteps", {"jobs": [{"policy": file_bytes(model), "record": record_of(fall)}], "lr": LR})
    after = model.with_params({name: torch.tensor(row["params"][name]).view(p.shape) for name, p in model.params().items()})
    expected = movement(model, after)
    assert list(row["moved"]) == list(GROUPS)
    for group, (change, size) in expected.items():
        assert row["distance"][group] == pytest.approx(change, rel=1e-6) and row["moved"][group] == pytest.approx(change / size, rel=1e-6)


def test_a_step_that_leaves_no_finite_parameters_is_not_taken():
    model, generator = load_pretrained("meta"), fresh_generator()
    fall = random_fall(model, 9, generator, off_policy=False)
    (row,) = run_check("innerSteps", {"jobs": [{"policy": file_bytes(model), "record": record_of(fall)}], "lr": 1e60})
    assert row["same"] and row["norm"] == 0 and set(row["moved"].values()) == {0}


def test_a_gradient_that_says_little_is_brought_to_its_least_length():
    # The shipped default has no least length: the rule is tested where it acts.
    model, generator = load_pretrained("meta"), fresh_generator()
    fall = random_fall(model, 9, generator, off_policy=False)
    least = {"learn.js": ("const { max_grad_norm, min_grad_norm } = live.config.learn;", "const [max_grad_norm, min_grad_norm] = [2, 50];")}
    (row,) = run_check("innerSteps", {"jobs": [{"policy": file_bytes(model), "record": record_of(fall)}], "lr": LR}, least)
    params = {name: p.double().requires_grad_() for name, p in with_task_axis(model.params()).items()}
    after, *_ = inner_step(params, fall, equal_weights(fall).double(), LR, 2.0, CONFIG.discount_factor, min_grad_norm=50.0)
    assert max(relative(row["params"][name], p[0].detach().numpy()) for name, p in after.items()) < 1e-6
