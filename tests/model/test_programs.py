"""Programs that build on the package: what they have set in torch changes nothing, its values travel, a wrong kind is one sentence."""

import copy
import dataclasses
import json
import pickle

import gymnasium
import numpy as np
import pytest
import torch

from model import (
    DESCRIPTIONS,
    WORLDS,
    CheckpointError,
    DynamicsModel,
    ExperienceBuffer,
    HybridAdaptationConfig,
    HybridAdapter,
    MetaMAML,
    MetaTrainingConfig,
    StandardAdaptationConfig,
    StandardAdapter,
    StateSpaceModel,
    World,
    WorldCartPole,
    adaptation_config,
    evaluate_policy,
    load_pretrained,
    sample_worlds,
)
from tests.model.made_up import same_parameters

REVERSED = WORLDS["reversed_motor"]
GRADIENT = StandardAdaptationConfig(num_adapt_steps=1, episodes_per_step=3)
ADAPTERS = {
    "gradient": lambda: StandardAdapter(GRADIENT),
    "hybrid": lambda: HybridAdapter(HybridAdaptationConfig(num_adapt_steps=1, episodes_per_step=8, experience_weight=0.02)),
}
TINY = MetaTrainingConfig(num_epochs=1, tasks_per_epoch=2, episodes_per_task=2, max_steps_per_episode=20, long_episodes_share=0.0)


@pytest.fixture
def double_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def adapted(adapter: str, model: StateSpaceModel | None = None) -> StateSpaceModel:
    return list(ADAPTERS[adapter]().adapt(model or load_pretrained(), REVERSED))[-1].model


@pytest.fixture(scope="module")
def as_usual() -> dict[str, StateSpaceModel]:
    """What each adapter comes to where nothing is set."""
    return {name: adapted(name) for name in ADAPTERS}


@pytest.mark.parametrize("adapter", ADAPTERS)
class TestAdaptation:
    @pytest.mark.parametrize("setting", [torch.no_grad, torch.inference_mode])
    def test_without_gradients_around_it(self, adapter, setting, as_usual):
        with setting():
            assert same_parameters(adapted(adapter), as_usual[adapter])

    def test_with_another_default_type(self, adapter, as_usual, double_by_default):
        assert same_parameters(adapted(adapter), as_usual[adapter])

    def test_from_weights_of_half_precision(self, adapter):
        halved = load_pretrained().bfloat16()
        found = adapted(adapter, halved)
        assert found.A.dtype == torch.float32 and same_parameters(found, adapted(adapter, halved.float()))

    def test_from_weights_of_double_precision(self, adapter, as_usual):
        assert torch.allclose(adapted(adapter, load_pretrained().double()).A.float(), as_usual[adapter].A, atol=1e-2)


def test_meta_training_without_gradients_around_it_and_with_another_default_type(double_by_default):
    with torch.no_grad():
        found = next(MetaMAML(TINY).train())
    torch.set_default_dtype(torch.float32)
    assert found.meta_loss == next(MetaMAML(TINY).train()).meta_loss


def test_half_precision_is_evaluated_as_what_it_holds():
    halved = load_pretrained().bfloat16()
    assert np.array_equal(evaluate_policy(halved, World(), 2), evaluate_policy(halved.float(), World(), 2))


@pytest.mark.parametrize(
    "value",
    [WORLDS, DESCRIPTIONS, World.fields(), REVERSED, *(make().config for make in ADAPTERS.values()), MetaTrainingConfig()],
    ids=lambda value: type(value).__name__,
)
def test_public_values_can_be_copied_pickled_and_written(value):
    for made in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert made == value and type(made) is type(value)
    json.dumps(value, default=dataclasses.asdict, allow_nan=False)


def test_the_tables_of_worlds_stay_as_they_are():
    for change in (lambda t: t.update(moon=World()), lambda t: t.pop("moon"), lambda t: t.__setitem__("moon", World())):
        with pytest.raises(TypeError, match="read-only"):
            change(WORLDS)


def test_a_world_may_be_named_or_given_by_its_fields():
    model, windy = load_pretrained(), {"wind": 2.5}
    assert np.array_equal(evaluate_policy(model, "windy", 2), evaluate_policy(model, windy, 2))
    assert gymnasium.make("CartPoleWorld-v0", world=windy).unwrapped.world == WORLDS["windy"]
    assert gymnasium.make_vec("CartPoleWorld-v0", num_envs=2, worlds=["moon", windy]).worlds == [WORLDS["moon"], WORLDS["windy"]]
    assert WorldCartPole("moon").worlds == [WORLDS["moon"]]
    assert len(list(StandardAdapter(StandardAdaptationConfig(num_adapt_steps=0)).adapt(model, "moon"))) == 1


def test_a_policy_may_be_wrapped(as_usual):
    wrapped = torch.nn.DataParallel(load_pretrained())
    assert np.array_equal(evaluate_policy(wrapped, REVERSED, 2), evaluate_policy(load_pretrained(), REVERSED, 2))
    assert same_parameters(adapted("gradient", wrapped), as_usual["gradient"])


MODEL, NEITHER = StateSpaceModel(), object()
WRONG = {
    "world must be a World": lambda: evaluate_policy(MODEL, NEITHER),
    "world must be a World, a mapping with fields of gravity": lambda: evaluate_policy(MODEL, {"colour": 1}),
    "or one of standard, moon": lambda: StandardAdapter().adapt(MODEL, "mars"),
    "world must be a World, a": lambda: gymnasium.make("CartPoleWorld-v0", world=NEITHER),
    "world must be a": lambda: WorldCartPole([NEITHER]),
    "max_episode_steps must be a whole number": lambda: WorldCartPole(["moon"], max_episode_steps=0),
    "model must be a StateSpaceModel": lambda: evaluate_policy("meta", REVERSED),
    "model must be a": lambda: next(StandardAdapter().adapt(NEITHER, REVERSED)),
    "model must be": lambda: next(MetaMAML(TINY).train(NEITHER)),
    "worlds must be a function": lambda: MetaMAML(TINY, worlds=[REVERSED]),
    "config must be a StandardAdaptationConfig": lambda: StandardAdapter({"adapt_lr": 1}),
    "config must be a HybridAdaptationConfig": lambda: HybridAdapter(StandardAdaptationConfig()),
    "config must be a MetaTrainingConfig": lambda: MetaMAML(3),
    "buffer must be an ExperienceBuffer": lambda: HybridAdapter(buffer=[]),
    "episodes must be an Episodes": lambda: ExperienceBuffer().add([]),
    "generator must be a Generator": lambda: ExperienceBuffer().sample(1, 0),
    "episodes must be an": lambda: DynamicsModel().fit(["x"]),
    "name must be one of meta": lambda: load_pretrained([]),
    "split must be one of train": lambda: sample_worlds([], 1, 0),
    "start must be one of meta": lambda: adaptation_config([], "standard"),
    r"obs must be a tensor \(B, 4\), got \(1, 3\)": lambda: MODEL(torch.zeros(1, 3), MODEL.init_hidden()),
    r"obs must be a tensor \(B, T, 4\), got array": lambda: MODEL.sequence(np.zeros((1, 2, 4))),
    "seed must be a whole number between 0 and 4294967295, got -1": lambda: evaluate_policy(MODEL, REVERSED, seed=-1),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_kind_of_argument_is_one_sentence(sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        WRONG[sentence]()
    assert "\n" not in str(error.value) and not isinstance(error.value, CheckpointError)
