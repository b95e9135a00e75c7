"""A State Space Model policy that is meta-trained (MAML) to adapt to broken CartPole worlds within a few gradient steps."""

from model.cartpole import World, WorldCartPole, register
from model.checkpoint import CheckpointError, load_checkpoint, load_pretrained
from model.evaluation import evaluate_policy
from model.ssm import StateSpaceModel
from model.worlds import DESCRIPTIONS, WORLDS, sample_worlds

register()

__all__ = [
    "DESCRIPTIONS",
    "WORLDS",
    "CheckpointError",
    "StateSpaceModel",
    "World",
    "WorldCartPole",
    "evaluate_policy",
    "load_checkpoint",
    "load_pretrained",
    "sample_worlds",
]
