"""A State Space Model policy that is meta-trained (MAML) to adapt to broken CartPole worlds within a few gradient steps."""

from model.adaptation import (
    AdaptationStep,
    HybridAdaptationConfig,
    HybridAdapter,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
)
from model.cartpole import World, WorldCartPole, register
from model.checkpoint import CheckpointError, load_checkpoint, load_pretrained
from model.evaluation import evaluate_policy
from model.experience import ExperienceBuffer
from model.maml import MetaEpoch, MetaMAML, MetaTrainingConfig
from model.ssm import StateSpaceModel
from model.worlds import DESCRIPTIONS, WORLDS, sample_worlds

register()

__all__ = [
    "DESCRIPTIONS",
    "WORLDS",
    "AdaptationStep",
    "CheckpointError",
    "ExperienceBuffer",
    "HybridAdaptationConfig",
    "HybridAdapter",
    "MetaEpoch",
    "MetaMAML",
    "MetaTrainingConfig",
    "NonFiniteParameters",
    "StandardAdaptationConfig",
    "StandardAdapter",
    "StateSpaceModel",
    "World",
    "WorldCartPole",
    "evaluate_policy",
    "load_checkpoint",
    "load_pretrained",
    "sample_worlds",
]
