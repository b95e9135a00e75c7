"""The gradient step in JavaScript is inner_step in Python, near the start and far from it."""

import numpy as np
import pytest
import torch

from model import StandardAdaptationConfig, load_pretrained
from model.maml.inner_step import equal_weights, inner_step, policy_gradient
from model.policy.params import GROUPS, with_task_axis
from model.rl.rollout import Episodes
from tests.assets.engine import file_bytes, numbers, run_check
from tests.assets.vectors import policies, random_fall, record_of
from ui.views.movement import movement

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


def in_javascript(cases: list[tuple], lr: float = LR) -> list[dict]:
    """The same in JavaScript, for each policy and fall."""
    return run_check("innerSteps", {"jobs": [{"policy": file_bytes(m), "record": record_of(fall)} for m, fall in cases], "lr": lr})


def tried(lengths: tuple[int, ...], models: list) -> list[tuple]:
    """Each model with falls of these lengths, on and off its own policy in turn."""
    generator = np.random.default_rng(0)
    return [(m, random_fall(m, n, generator, off_policy=bool((k + i) % 2))) for i, m in enumerate(models) for k, n in enumerate(lengths)]


def gaps(cases: list[tuple], dtype: torch.dtype) -> dict[str, float]:
    """The largest relative difference of gradient, of the change of the parameters, of loss and norm."""
    worst = dict.fromkeys(("grads", "change", "loss", "norm"), 0.0)
    for (model, fall), row in zip(cases, in_javascript(cases), strict=True):
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
    models = list(policies(np.random.default_rng(0)).values())
    assert max(gaps(tried((5, 9, 40, 200), models), torch.float64).values()) < 1e-6
    assert max(gaps(tried((499, 500), [load_pretrained("meta")]), torch.float64).values()) < 1e-6


def one_fall() -> list[tuple]:
    """The shipped policy and a fall of its own, of nine steps."""
    model = load_pretrained("meta")
    return [(model, random_fall(model, 9, np.random.default_rng(0), off_policy=False))]


def test_how_far_each_group_moved_is_what_adapt_says():
    ((model, _),), (row,) = one_fall(), in_javascript(one_fall())
    after = model.with_params({name: torch.tensor(row["params"][name]).view(p.shape) for name, p in model.params().items()})
    assert list(row["moved"]) == list(GROUPS)
    for group, (change, size) in movement(model, after).items():
        assert row["distance"][group] == pytest.approx(change, rel=1e-6) and row["moved"][group] == pytest.approx(change / size, rel=1e-6)


def test_a_step_that_leaves_no_finite_parameters_is_not_taken():
    (row,) = in_javascript(one_fall(), lr=1e60)
    assert row["same"] and row["norm"] == 0 and set(row["moved"].values()) == {0}
