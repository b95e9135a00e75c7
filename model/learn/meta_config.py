"""Every setting of meta-training, with its default, limits and help."""

from __future__ import annotations

from dataclasses import dataclass

from model.config import bounded, check_fields
from model.worlds.cartpole import MAX_EPISODE_STEPS


@dataclass(frozen=True)
class MetaTrainingConfig:
    """Settings of meta-training; the defaults are those of the shipped meta-trained weights."""

    num_epochs: int = bounded(400, 1, 100_000, "meta-updates")
    tasks_per_epoch: int = bounded(32, 1, 1000, "worlds sampled for each meta-update")
    episodes_per_task: int = bounded(10, 1, 100, "episodes collected in each world before and after every inner step")
    min_support_episodes: int = bounded(1, 1, 100, "the inner loop learns from this many episodes up to all of them, drawn each epoch")
    inner_lr: float = bounded(0.5, 0.0, 100.0, "learning rate of the inner loop (task adaptation)")
    inner_steps: int = bounded(3, 0, 10, "gradient steps of the inner loop; 0 is domain randomisation")
    outer_lr: float = bounded(0.002, 0.0, 1.0, "learning rate of the outer loop (Adam), falling linearly to a tenth")
    first_order: bool = bounded(False, False, True, "ignore second derivatives (FOMAML)")
    discount_factor: float = bounded(0.99, 0.5, 0.999, "discount of the long value's returns")
    max_steps_per_episode: int = bounded(200, 1, MAX_EPISODE_STEPS, "step limit of the training episodes", "steps")
    long_episodes_share: float = bounded(
        0.25, 0.0, 1.0, "this last share of the epochs lets episodes run for 500 steps, so that slow drifts show"
    )
    max_grad_norm: float = bounded(2.0, 0.01, 1000.0, "a task's longer inner gradient is scaled down to this norm")
    outer_updates: int = bounded(2, 1, 20, "Adam steps on the same episodes, ended early when the policy has moved by kl_stop")
    clip_ratio: float = bounded(0.2, 0.01, 10.0, "clipping of the outer probability ratio (PPO)")
    kl_stop: float = bounded(0.05, 0.0, 100.0, "no further Adam step once the policy has moved this far", "nats")
    entropy_bonus: float = bounded(0.01, 0.0, 1.0, "keeps the policy before adaptation exploring")
    value_weight: float = bounded(0.5, 0.0, 10.0, "weight of the value baselines' loss")
    pre_adaptation_weight: float = bounded(1.0, 0.0, 10.0, "weight of the return before adaptation, next to that after it")
    pre_adaptation_all: bool = bounded(
        False, False, True, "count the return before adaptation in all worlds, not only where neither motor nor sensors are reversed"
    )
    length_exponent: float = bounded(
        0.5, 0.0, 1.0, "weighs a step by its episode's length to this power, inverted: 0 is a mean over steps, 1 over episodes"
    )
    normalise_per_task: bool = bounded(False, False, True, "advantages get mean 0 and std 1 in each task instead of over all tasks")
    state_dim: int = bounded(32, 1, 512, "size S of the hidden state")
    hidden_dim: int = bounded(64, 1, 512, "width H of the read-out's hidden layer")
    seed: int = bounded(0, 0, 2**32 - 1, "seed of weights, worlds and episodes")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.min_support_episodes > self.episodes_per_task:
            raise ValueError(
                f"min_support_episodes must be at most episodes_per_task = {self.episodes_per_task}, got {self.min_support_episodes}"
            )
