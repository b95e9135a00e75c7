"""A State Space Model policy that is meta-trained (MAML) to adapt to broken CartPole worlds within a few gradient steps."""

from model.learn.adaptation import (
    AdaptationStep,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
)
from model.learn.evaluation import evaluate_policy
from model.learn.experience import ExperienceBuffer
from model.learn.hybrid import HybridAdaptationConfig, HybridAdapter, adaptation_config
from model.learn.maml import MetaEpoch, MetaMAML
from model.learn.meta_config import MetaTrainingConfig
from model.learn.motion_model import MotionModel
from model.learn.recipes import train_one_minute
from model.policy.checkpoint import CheckpointError
from model.policy.pretrained import load_checkpoint, load_pretrained
from model.policy.ssm import StateSpaceModel
from model.worlds.cartpole import World, WorldCartPole, register
from model.worlds.named import DESCRIPTIONS, WORLDS
from model.worlds.sampling import sample_worlds

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
    "MotionModel",
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
