"""What hybrid adaptation learnt, in words: held against worlds that are known, with real fits."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from model import WORLDS, DynamicsModel, World, WorldCartPole
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from model.worlds.linearised import linearised
from ui.runs.adaptation import adapt, link_of
from ui.runs.policies import shared_model
from ui.settings import AdaptSettings
from ui.views.adaptation import stage_value
from ui.views.adaptation_words import sentence
from ui.views.imagined import ghost, recorded
from ui.views.learnt import dynamics_of, facts, lesson, numbers, unknown
from ui.views.learnt_charts import rollouts_value
from ui.views.learnt_words import learnt_html
from ui.views.movement import rule_html


def motion(world: World, episodes: int = 10) -> DynamicsModel:
    """Fitted to sampled episodes of the shipped policy, as the first step of an adaptation collects them."""
    params = with_task_axis(shared_model("meta").params())
    return DynamicsModel().fit(collect(params, [world], episodes, np.random.default_rng(0), 500))


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (World(reversed_motor=True), ["Pushing right moves the cart left: −0.195 ± 0.001 m/s a step (true: −0.195 m/s a step)"]),
        (WORLDS["reversed_tilted"], ["Pushing right moves the cart left", "The angle sensor reads too much: +5.7 ± 0.", "(true: +5.7°)"]),
        (World(reversed_motor=True, angle_bias=-0.1), ["The angle sensor reads too little: −5."]),
        (WORLDS["reversed_delay"], ["Actions arrive late: 2 steps (true: 2 steps)"]),
        (WORLDS["mirrored_sensors"], ["moves the cart right", "The pole's sensors are mirrored", "+16.8 ± 0.1 °/s a step (true: +16.8 "]),
        (WORLDS["reversed_gale"], ["A wind always pushes the cart to the right: +0.078 ± 0.001 m/s a step (true: +0.078"]),
        (WORLDS["mirrored_jupiter"], ["The pole falls faster than the standard one", "(true: 0.11 s)"]),
        (World(reversed_motor=True, velocity_sensors=False), ["Both velocity sensors are dead: they read 0 (true: off)"]),
    ],
)
def test_what_differs_is_said_beside_the_truth(world, words):
    text = " ".join(fact.sentence for fact in facts(motion(world).summary(), world))
    for part in words:
        assert part in text


def test_pushes_that_all_go_one_way_leave_the_motor_unknown():
    reading = motion(World(reversed_motor=True), 3).summary()
    (push,) = facts(reading, World(reversed_motor=True))
    assert not push.known and push.words == "Which way a push moves the cart" and push.learnt.startswith("not yet known")
    assert {"how late actions arrive", "the wind"} <= set(unknown(reading, World(reversed_motor=True)))


@pytest.mark.parametrize("world", [World(), World(gravity=24.8, pole_half_length=1.2, reversed_motor=True), WORLDS["heavy_pole"]])
def test_the_truth_is_the_simulators(world):
    env, t = WorldCartPole([replace(world, action_delay=0)]), linearised(world)
    env.reset(seed=0)
    env.state[:] = 0.0
    env.advance(np.array([1]), np.array([True]))
    assert (env.state[1, 0], env.state[3, 0]) == pytest.approx((t.cart_push, t.pole_push))
    env.motor[:], env.state[:] = 0.0, np.array([[0, 0, 1e-5, t.growth * 1e-5]]).T  # the growing mode
    env.advance(np.array([1]), np.array([True]))
    assert env.state[2, 0] / 1e-5 == pytest.approx(1 + 0.02 * t.growth) and env.state[3, 0] / env.state[2, 0] == pytest.approx(t.growth)


def finished(world: World = WORLDS["reversed_motor"], **changes):
    settings = AdaptSettings(world, **{"mode": "hybrid", "num_adapt_steps": 1, "episodes_per_step": 10} | changes)
    runs = list(adapt(settings, shared_model("meta"), threading.Event()))
    return runs, runs[-1]


@pytest.fixture(scope="module")
def both():
    return finished(mode="both")


def test_imagined_rollouts_are_watched_round_by_round(both):
    runs, run = both
    rounds = [r.imagining for r in runs if r.imagining]
    practice = run.curves[1].last.step.imagined
    assert [len(p.returns) for p in rounds] == list(range(1, len(practice.returns) + 1)) and len(rounds) > 1
    assert rounds[-1].returns == tuple(practice.returns[:, 0]) and run.imagining is None
    at = next(r for r in runs if r.imagining)
    assert rollouts_value(at)["series"][0]["y"] == pytest.approx([practice.returns[0, 0]])
    updates = run.curves[1].updates(1)
    assert updates == run.curves[1].last.updates > 0 == run.curves[0].updates(1) and f"{updates} updates in imagination" in sentence(run)


def test_a_lesson_holds_learnt_true_and_agreement(both):
    _, run = both
    one = numbers(lesson(run))
    assert one["truth"]["cart_push_m_s"] == pytest.approx(one["motion"]["cart_push_m_s"]["mean"], abs=0.003)
    assert (
        one["not_yet_known"] == [] and one["motion"]["transitions"] == run.curves[1].last.step.env_steps - 10
    )  # a fall's last step shows no next observation
    assert one["real_return"]["mean"] == run.curves[1].last.returns.mean() and one["imagined_return"]["n"] == 20
    assert abs(one["imagined_return"]["mean"] - one["real_return"]["mean"]) < 100 and one["one_step_error"]["angle_deg"] < 0.05
    page = learnt_html(lesson(run))
    assert "set by you" in page and "Pushing right moves the cart left" in page


def test_a_ghost_falls_as_the_real_one_fell_and_stands_as_it_stands(both):
    _, run = both
    before, _, after = stage_value(run)["episodes"]
    assert abs(before["ghost"]["steps"] - before["steps"]) <= 2 and "Imagined: fell after" in before["ghost"]["ending"]
    assert "ghost" not in stage_value(run)["episodes"][1] and after["ghost"]["steps"] > 5 * before["ghost"]["steps"]
    np.testing.assert_allclose(before["ghost"]["angle"][:5], before["angle"][:5], atol=0.5)
    g = ghost(dynamics_of(run.curves[1]), run.before.model, recorded(run.before.model, run.settings.world, 0, policy="meta"))
    assert g == before["ghost"]


def test_stop_reaches_the_imagined_rollouts():
    stop, seen = threading.Event(), []
    settings = AdaptSettings(WORLDS["mirrored_gale"], mode="hybrid", num_adapt_steps=3)
    for run in adapt(settings, shared_model("meta"), stop):
        if run.imagining:
            seen.append(len(run.imagining.returns))
            stop.set()
    last = run.curves[0].last
    assert seen == [1] and run.ended == "stopped" and last.index == 1 and last.cut_short
    assert "until you stopped it" in rule_html(run)
    *_, whole = adapt(replace(settings, num_adapt_steps=1, experience_weight=0.05), shared_model("meta"), threading.Event())
    assert "ran" not in link_of(run) and "ran" in link_of(whole)  # a link would not stop where this one was stopped
