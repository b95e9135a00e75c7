"""The map of who wins: families are what their words say, all methods meet the same worlds, regulators do what they are there for."""

import numpy as np

from model import World, load_pretrained
from model.experiments.adaptive_control import AdaptiveRegulator, FilteredRegulator, data_sheet
from model.experiments.linear_control import planned, play
from model.experiments.who_wins import FAMILIES
from model.model_based.dynamics import DynamicsModel
from model.model_based.features import features
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from model.worlds.sampling import sample_worlds

STANDARD = World()


def returns(controller, worlds, episodes=2) -> np.ndarray:
    return play(controller, worlds, episodes, np.random.default_rng(1), 500).lengths.mean(1).numpy()


def test_families_change_what_they_say_and_keep_to_their_split():
    for name, family in FAMILIES.items():
        worlds = family.worlds("validation", 8, 3)
        assert worlds == family.worlds("validation", 8, 3) and all(f"{w.gravity:.3f}"[-1] in "67" for w in worlds), name
        if name != "outside":
            plain = sample_worlds("validation", 8, 3)
            changed = {k for a, b in zip(worlds, plain, strict=True) for k, v in vars(a).items() if v != vars(b)[k]}
            assert len(changed) == name.count("_noise") + (name != "inside") - (name == "light_noise") + name.count("_lost"), name
    assert {w.action_delay for w in FAMILIES["late"].worlds("test", 8, 0)} == {1, 2, 3, 4}


def test_the_data_sheet_is_the_standard_cart():
    played = collect(with_task_axis(load_pretrained("standard").params()), [STANDARD], 1, np.random.default_rng(0), 100)
    obs = played.sensors[0, 0].double().numpy()
    predicted = features(obs, played.actions[0, 0].numpy())[:-1] @ data_sheet()
    np.testing.assert_allclose(np.diff(obs, axis=0), predicted, atol=0.01)


def test_the_adaptive_regulator_finds_out_while_it_runs():
    worlds = [STANDARD, World(reversed_motor=True), World(motor_reversals=5), World(gravity=20.0, force_mag=8.0)]
    assert returns(AdaptiveRegulator(worlds, 2), worlds).min() > 450


def test_the_filter_is_as_good_as_the_regulator_without_noise_and_better_with_it():
    calm = collect(with_task_axis(load_pretrained("standard").params()), [STANDARD] * 6, 10, np.random.default_rng(0))
    dynamics = DynamicsModel().fit(calm)  # of the same cart with sensors that do not shake
    for noise in (0.0, 1.5):
        worlds = [World(sensor_noise=noise)] * 6
        plain, filtered = returns(planned(dynamics, worlds, 2), worlds), returns(FilteredRegulator(dynamics, worlds, 2), worlds)
        assert filtered.mean() > plain.mean() + (30 if noise else -5)
