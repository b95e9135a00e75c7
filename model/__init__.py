"""A State Space Model policy that is meta-trained (MAML) to adapt to broken CartPole worlds within a few gradient steps."""

from model.maml.adaptation import (
    AdaptationStep,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
)
from model.maml.meta_config import MetaTrainingConfig
from model.maml.recipes import train_one_minute
from model.maml.training import MetaEpoch, MetaMAML
from model.model_based.buffer import ExperienceBuffer
from model.model_based.dynamics import DynamicsModel
from model.model_based.hybrid import HybridAdaptationConfig, HybridAdapter, adaptation_config
from model.policy.checkpoint import CheckpointError
from model.policy.pretrained import load_checkpoint, load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_policy
from model.worlds.cartpole import WorldCartPole
from model.worlds.gymnasium_id import register
from model.worlds.named import DESCRIPTIONS, WORLDS
from model.worlds.sampling import sample_worlds
from model.worlds.world import World

register()

__all__ = [
    "DESCRIPTIONS",
    "WORLDS",
    "AdaptationStep",
    "CheckpointError",
    "DynamicsModel",
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
    "adaptation_config",
    "evaluate_policy",
    "load_checkpoint",
    "load_pretrained",
    "sample_worlds",
    "train_one_minute",
]
