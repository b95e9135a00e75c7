"""The policy in JavaScript is the policy in Python: outputs, memory, map, and its file."""

import base64
import json

import numpy as np
import safetensors.torch
import torch

from model import StateSpaceModel, load_checkpoint, load_pretrained
from model.policy.checkpoint import serialise
from model.policy.ssm import reference_outputs
from tests.assets.engine import file_bytes, numbers, run_check
from tests.assets.vectors import inputs_of, policies


def wild(steps: int, generator: np.random.Generator) -> np.ndarray:
    """Readings without order, as large as any that a cart on the track gives. (steps, 4) float32"""
    return (generator.uniform(-1, 1, (steps, 4)) * [2.4, 3.0, 0.4, 3.0]).astype(np.float32)


def relative(got, expected) -> float:
    """The largest difference, relative to the largest entry of its row (last axis) from 1 on."""
    expected = np.asarray(expected, dtype=np.float64)
    return float((np.abs(numbers(got) - expected).max(-1) / np.abs(expected).max(-1).clip(1)).max())


@torch.no_grad()
def stepped(model: StateSpaceModel, obs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (T, 4) and hidden states (T, S) as the module steps."""
    hidden, rows = model.init_hidden(), []
    for x in torch.from_numpy(obs).to(hidden.dtype):
        y, hidden = model(x.unsqueeze(0), hidden)
        rows.append((y[0].numpy(), hidden[0].numpy()))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


def in_javascript(models: list[StateSpaceModel], given: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each model and its inputs (T, I) the outputs (T, 4) and hidden states (T, S)."""
    jobs = [{"policy": file_bytes(model), "obs": obs.tolist()} for model, obs in zip(models, given, strict=True)]
    pairs = []
    for rows in run_check("policySteps", {"jobs": jobs}):
        outputs = numbers([row["outputs"] for row in rows])
        prob = torch.from_numpy(outputs)[:, :2].softmax(-1)[:, 1]
        assert relative([row["probRight"] for row in rows], prob) < 1e-12
        pairs.append((outputs, numbers([row["hidden"] for row in rows])))
    return pairs


def test_outputs_and_hidden_state_are_those_of_the_module_and_of_the_equations_in_double():
    generator = np.random.default_rng(0)
    models, readings = list(policies(generator).values()), wild(100, generator)
    given = [inputs_of(model, readings, generator) for model in models]
    for model, obs, (outputs, hidden) in zip(models, given, in_javascript(models, given), strict=True):
        model.double()
        assert max(relative(g, e) for g, e in zip((outputs, hidden), stepped(model, obs), strict=True)) < 1e-9
        assert relative(outputs, reference_outputs(model.params(), torch.from_numpy(obs).double())) < 1e-9


def test_a_policy_that_sees_its_push_is_given_the_one_before():
    model = load_pretrained("taught")
    rows = run_check("ownSteps", {"policy": file_bytes(model), "world": {"motor_reversals": 3}, "steps": 60})
    obs, actions = numbers([row["obs"] for row in rows]), numbers([row["action"] for row in rows])
    assert obs.shape == (60, 5) and (obs[1:, 4] == 2 * actions[:-1] - 1).all() and obs[0, 4] == 0
    outputs, _ = stepped(model, obs.astype(np.float32))
    assert ((outputs[:, 1] > outputs[:, 0]) == (actions == 1)).all()


def test_what_javascript_writes_python_reads(tmp_path):
    path = tmp_path / "written.safetensors"
    for name in ("meta", "five inputs", "other sizes"):
        model = policies(np.random.default_rng(0))[name]
        path.write_bytes(base64.b64decode(run_check("writtenBytes", {"policy": file_bytes(model)})))
        read = load_checkpoint(path)
        assert all(torch.equal(a, b) for a, b in zip(read.params().values(), model.params().values(), strict=True))


def damaged_files() -> dict[str, tuple[bytes, str]]:
    """Files that are no policy, and what the sentence about each must say."""
    model = load_pretrained("meta")
    good, tensors = serialise(model), model.params()

    def saved(**changed: torch.Tensor | None) -> bytes:
        return safetensors.torch.save({k: v for k, v in {**tensors, **changed}.items() if v is not None})

    nan = tensors["B"].clone()
    nan[1, 3] = float("nan")
    endless = b"\xff" * 8 + good[8:]
    header = {
        **json.loads(good[8 : 8 + int.from_bytes(good[:8], "little")]),
        "B": {"dtype": "F32", "shape": [4, 32], "data_offsets": [0.5, 512.5]},
    }
    text = json.dumps(header).encode()
    return {
        "short": (good[:5], "damaged"),
        "endless header": (endless, "damaged"),
        "cut": (good[:-4], "cut short"),
        "offset between bytes": (len(text).to_bytes(8, "little") + text + good[-4 * 6744 :], "B is cut short"),
        "missing": (saved(D=None), "lacks the parameter D"),
        "shape": (saved(mlp_out_weight=torch.zeros(32, 64)), "mlp_out_weight must have shape 64 x 32, got 32 x 64"),
        "dtype": (saved(C=tensors["C"].half()), "C must be float32, got F16"),
        "not finite": (saved(B=nan), "B must be finite"),
    }


def test_a_damaged_file_is_refused_in_one_sentence():
    files = damaged_files()
    errors = run_check("readErrors", {"files": [base64.b64encode(data).decode() for data, _ in files.values()]})
    for (name, (_, says)), error in zip(files.items(), errors, strict=True):
        assert says in error, f"{name}: {error!r}"
        assert error.count(". ") == 0 and error.endswith(".") and len(error) < 160
