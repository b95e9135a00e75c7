"""A recorded episode is the one that Gymnasium would have played."""

import csv
import io
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from model import WORLDS, StateSpaceModel, World, load_pretrained
from model.policy.inputs import SENSORS, with_previous_push
from model.policy.ssm import reference_outputs
from ui.runs.episode import record, to_csv
from ui.runs.policies import shared_model
from ui.views.episode_words import ending


@pytest.fixture(scope="module")
def model() -> StateSpaceModel:
    return shared_model("untrained")


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_it_equals_gymnasium_stepped_by_hand(model, seed):
    recording = record(model, World(), seed)
    env = gymnasium.make("CartPole-v1")
    obs, _ = env.reset(seed=seed)
    hidden, observations, probabilities, done = model.init_hidden(), [obs], [], False
    with torch.inference_mode():
        while not done:
            outputs, hidden = model(torch.as_tensor(obs).unsqueeze(0), hidden)
            probabilities.append(float(outputs[0, :2].softmax(-1)[1]))
            obs, _, terminated, truncated, _ = env.step(int(outputs[0, :2].argmax()))
            observations.append(obs)
            done = terminated or truncated
    assert recording.steps == len(probabilities)
    np.testing.assert_allclose(recording.observations, observations, atol=1e-5)
    np.testing.assert_allclose(recording.prob_right, probabilities, atol=1e-5)


def test_a_policy_that_takes_its_previous_push_is_given_it():
    model = with_previous_push(load_pretrained("memory"))
    with torch.no_grad():
        model.D[4] = torch.tensor([0.3, -0.3, 0.1, 0.0])
    r = record(model, World(reversed_motor=True), 2)
    inputs = np.stack([r.inputs(t, 5) for t in range(r.steps)])
    assert inputs[:, SENSORS].tolist() == [0.0, *(2.0 * r.actions[:-1] - 1.0)]
    y = reference_outputs(model.params(), torch.from_numpy(inputs).float()).detach()
    np.testing.assert_allclose(r.prob_right, y[:, :2].softmax(-1)[:, 1], atol=1e-4)


def test_sampling_starts_where_greedy_starts_and_follows_the_probabilities(model):
    greedy, sampled = record(model, World(), 0, True), record(model, World(), 0, False)
    np.testing.assert_array_equal(greedy.states[0], sampled.states[0])
    certain = model.with_params({**model.params(), "output_bias": torch.tensor([0.0, 50.0, 0.0, 0.0])})
    assert record(certain, World(), 0, False).actions.all()


def test_why_it_ended(model):
    always_right = model.with_params({**model.params(), "output_bias": torch.tensor([0.0, 50.0, 0.0, 0.0])})
    fell = record(always_right, World(), 0)
    assert abs(fell.states[-1, 2]) > np.radians(12) > abs(fell.states[-2, 2])
    assert ending(fell) == f"The pole fell past 12 degrees after {fell.steps} steps."
    states = fell.states.copy()
    states[-1] = [-2.5, 0, 0.1, 0]
    assert ending(replace(fell, states=states)) == f"The cart left the track after {fell.steps} steps."
    assert ending(replace(fell, states=np.zeros_like(states))) == f"It stood for all {fell.steps} steps."


def test_noise_lost_pushes_and_reversals_are_recorded():
    recording = record(shared_model("meta"), World(sensor_noise=0.2, lost_push=0.3, motor_reversals=20), 1)
    r, rows = recording, list(csv.DictReader(io.StringIO(to_csv(recording))))
    assert 0 < (r.lost != 0).sum() < r.steps and ((r.lost == 0) != (r.forces == 0)).all()
    assert r.turns and min(r.turns) >= 20
    sign = np.array([(-1) ** sum(turn <= t for turn in r.turns) for t in range(r.steps)])
    np.testing.assert_array_equal(r.forces + r.lost, 10.0 * sign * (2 * r.actions - 1))
    assert [int(row["motor_reversed"]) for row in rows[:-1]] == (sign < 0).astype(int).tolist()
    assert [float(row["lost_force_N"]) for row in rows[:-1]] == r.lost.tolist()
    assert 0.02 < (r.observations - r.states)[:, 1].std() < 0.12  # m/s
    calm = record(shared_model("meta"), World(), 1)
    assert calm.lost is None and calm.turns == ()


def test_csv_has_every_step_and_reads_back(model):
    recording = record(model, WORLDS["biased_sensor"], 2, False)
    rows = list(csv.DictReader(io.StringIO(to_csv(recording))))
    assert len(rows) == recording.steps + 1
    t = recording.steps // 2
    row = rows[t]
    for i, name in enumerate(("position_m", "velocity_m_s", "angle_rad", "angular_velocity_rad_s")):
        read = [float(row[name]), float(row[f"observed_{name}"])]
        assert read == pytest.approx([recording.states[t, i], recording.observations[t, i]], rel=1e-5)
    assert float(row["time_s"]) == t / 50 and float(row["probability_right"]) == pytest.approx(recording.prob_right[t], rel=1e-5)
    survival = [float(row["expected_survival_long"]), float(row["expected_survival_short"])]
    assert survival == pytest.approx(recording.values[t].tolist(), rel=1e-5) and float(row["wind_N"]) == 0
    assert float(row["observed_angle_rad"]) - float(row["angle_rad"]) == pytest.approx(0.06, abs=1e-6)
    assert int(row["action"]) == recording.actions[t] and float(row["motor_force_N"]) == recording.forces[t]
    assert float(row["hidden_31"]) == pytest.approx(recording.hidden[t, 31], rel=1e-5)
    assert rows[-1]["action"] == "" and rows[-1]["angle_rad"] != ""
