"""Every setting of meta-training, with its default, limits and help."""

from __future__ import annotations

from dataclasses import dataclass

from model.config import bounded, check_fields
from model.worlds.cartpole import MAX_EPISODE_STEPS


@dataclass(frozen=True)
class MetaTrainingConfig:
    """Settings of meta-training. The defaults are those in the header of weights/meta.safetensors; those that it lacks leave
    training as it was then."""

    # How much is collected.
    num_epochs: int = bounded(400, 1, 100_000, "rounds of training, each of one meta-update")
    tasks_per_epoch: int = bounded(32, 1, 1000, "worlds sampled for each meta-update")
    episodes_per_task: int = bounded(10, 1, 100, "episodes collected in each world before and after every inner step")
    min_support_episodes: int = bounded(1, 1, 100, "the inner loop learns from this many episodes up to all of them, drawn each epoch")

    # The episodes.
    max_steps_per_episode: int = bounded(200, 1, MAX_EPISODE_STEPS, "step limit of the training episodes", "steps")
    long_episodes_share: float = bounded(
        0.25, 0.0, 1.0, "in this last share of the epochs episodes may last 500 steps, so that slow drifts show"
    )
    spread_starts: bool = bounded(
        False, False, True, "every second episode starts anywhere on the track and moving: x within 2 m, velocity within 1 m/s"
    )
    discount_factor: float = bounded(0.99, 0.5, 0.999, "how much each step counts for the long value, relative to the one before")

    # The inner loop: task adaptation.
    inner_lr: float = bounded(0.5, 0.0, 100.0, "how far a gradient step in a world goes")
    inner_steps: int = bounded(3, 0, 10, "gradient steps in each world; 0 is plain training over many worlds (domain randomisation)")
    first_order: bool = bounded(False, False, True, "leave out second derivatives (FOMAML): faster, less exact")
    max_grad_norm: float = bounded(2.0, 0.01, 1000.0, "a task's longer inner gradient is scaled down to this norm")
    min_grad_norm: float = bounded(
        0.0, 0.0, 1000.0, "a task's shorter inner gradient is scaled up to this norm times the share of steps that its episodes missed"
    )

    # The outer loop: Adam on the meta-loss.
    outer_lr: float = bounded(0.002, 0.0, 1.0, "learning rate of the meta-update (Adam), falling to a tenth")
    hold_lr_share: float = bounded(0.0, 0.0, 1.0, "this first share of the epochs keeps outer_lr constant before it falls")
    outer_updates: int = bounded(2, 1, 20, "Adam steps on the same episodes, fewer once the policy has moved far")
    clip_ratio: float = bounded(0.2, 0.01, 10.0, "clipping of the outer probability ratio (PPO)")
    kl_stop: float = bounded(0.05, 0.0, 100.0, "no further Adam step once the policy has moved this far", "nats")
    split_meta_gradient: bool = bounded(
        False, False, True, "clip each task's gradient of the loss after adaptation to its share, so that none drowns the others"
    )
    guard_from: float = bounded(0.0, 0.0, 500.0, "the guard against collapse steps back only from a running mean return of at least this")

    # The meta-loss: what counts, and how much.
    pre_adaptation_weight: float = bounded(1.0, 0.0, 10.0, "weight of the return before adaptation, next to that after it")
    entropy_bonus: float = bounded(0.01, 0.0, 1.0, "keeps the policy before adaptation exploring")
    entropy_where_counted: bool = bounded(True, False, True, "off: the entropy bonus is for worlds only whose return before is not counted")
    value_weight: float = bounded(0.5, 0.0, 10.0, "weight of the value baselines' loss")
    short_advantage_weight: float = bounded(
        1.0, 0.0, 10.0, "weight of the short-horizon advantage beside the long one after 35% of the epochs"
    )

    # The advantages.
    length_exponent: float = bounded(
        0.5, 0.0, 1.0, "weighs a step by its episode's length to this power, inverted: 0 is a mean over steps, 1 over episodes"
    )
    normalise_per_task: bool = bounded(False, False, True, "advantages get mean 0 and std 1 in each task instead of over all tasks")
    advantage_std_floor: float = bounded(
        0.001, 1e-6, 1.0, "advantages are divided by their std, but by no less than this: noise stays small"
    )

    # The model, and chance.
    state_dim: int = bounded(32, 1, 512, "size S of the hidden state")
    hidden_dim: int = bounded(64, 1, 512, "width H of the read-out's hidden layer")
    seed: int = bounded(0, 0, 2**32 - 1, "seed of weights, worlds and episodes")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.min_support_episodes > self.episodes_per_task:
            raise ValueError(
                f"min_support_episodes must be at most episodes_per_task = {self.episodes_per_task}, got {self.min_support_episodes}"
            )

    def step_limit(self, epoch: int) -> int:
        """The step limit of an epoch's episodes."""
        return MAX_EPISODE_STEPS if epoch >= self.num_epochs * (1 - self.long_episodes_share) else self.max_steps_per_episode

    def outer_lr_at(self, epoch: int) -> float:
        """The learning rate of an epoch's Adam steps: constant for hold_lr_share, then falling linearly to a tenth."""
        held, done = self.hold_lr_share, epoch / self.num_epochs
        return self.outer_lr if done < held else self.outer_lr * max(LAST_LR_SHARE, 1 - (done - held) / max(1 - held, 1e-9))

    def advantage_weights(self, epoch: int) -> tuple[float, float]:
        """Weights of the (long, short) advantage in an epoch's outer loss."""
        return 1.0, self.short_advantage_weight if epoch >= SHORT_ADVANTAGE_SHARE * self.num_epochs else 1.0


LAST_LR_SHARE = 0.1  # of outer_lr, which it falls to
SHORT_ADVANTAGE_SHARE = 0.35  # of the epochs: by then a policy balances, and what is left to learn is the slow drift
