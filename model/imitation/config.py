"""Every setting of the taught start's training, with its default, limits and help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from model.config import bounded, check_fields
from model.imitation.worlds import Mix
from model.worlds.cartpole import MAX_EPISODE_STEPS


class Round(NamedTuple):
    """How many episodes a round has, how many Adam steps with how many of them, and their step limit."""

    episodes: int
    updates: int
    batch: int
    steps: int


@dataclass(frozen=True)
class ImitationConfig:
    """Settings of teaching; the defaults are those of the first training of `train --recipe taught`."""

    num_epochs: int = bounded(600, 1, 100_000, "rounds of teaching, each of new episodes and some Adam steps")
    episodes_per_epoch: int = bounded(256, 1, 10_000, "episodes in each round, each in a world of its own")
    max_steps_per_episode: int = bounded(400, 2, MAX_EPISODE_STEPS, "step limit of the training episodes", "steps")
    short_rounds: int = bounded(4, 1, 100, "two of three rounds have so many times as many episodes, of so many times fewer steps")
    sampled_share: float = bounded(0.25, 0.0, 1.0, "share of the episodes whose actions are sampled; the others are greedy")
    spread_share: float = bounded(0.34, 0.0, 1.0, "share of the episodes that start within 2 m and 1 m/s of the middle")
    helped_share: float = bounded(0.12, 0.0, 1.0, "share of the episodes in which the teacher acts in half of the steps")
    plain_share: float = bounded(0.0, 0.0, 1.0, "share of the worlds that have no delay, dead sensors, noise or lost pushes")
    single_share: float = bounded(0.0, 0.0, 1.0, "share of the worlds that have one of these and are ordinary else")
    easy_epochs: int = bounded(225, 0, 100_000, "over these first rounds, hard worlds come in little by little")
    small_epochs: int = bounded(
        240, 0, 100_000, "these first rounds are never short, and have half the episodes, Adam steps and batch size"
    )
    pool_epochs: int = bounded(4, 1, 100, "rounds of a kind, short or not, whose episodes are learnt from")
    updates: int = bounded(16, 1, 1000, "Adam steps a round")
    batch_size: int = bounded(96, 1, 10_000, "episodes in each Adam step")
    lr: float = bounded(0.003, 0.0, 1.0, "learning rate (Adam), falling to a twentieth")
    warm_up: int = bounded(20, 0, 10_000, "over this many rounds lr grows linearly to its value")
    hold_lr_epochs: int = bounded(340, 0, 100_000, "these first rounds keep lr constant before it falls")
    fall_lr_epochs: int = bounded(260, 1, 100_000, "over so many further rounds lr falls linearly")
    value_weight: float = bounded(0.3, 0.0, 10.0, "weight of the value baselines' loss")
    discount_factor: float = bounded(0.99, 0.5, 0.999, "discount of the long value's returns")
    length_exponent: float = bounded(0.5, 0.0, 1.0, "weighs a step by its episode's length to this power, inverted")
    max_grad_norm: float = bounded(1.0, 0.01, 1000.0, "a longer gradient is scaled down to this norm")
    mean_decay: float = bounded(0.97, 0.0, 0.9999, "of the running mean of the weights, each round; that mean is what is kept")
    seed: int = bounded(0, 0, 2**32 - 1, "seed of worlds and episodes")

    def __post_init__(self) -> None:
        check_fields(self)

    def lr_at(self, epoch: int) -> float:
        """The learning rate of a round."""
        warm = min(1.0, (epoch + 1) / max(1, self.warm_up))
        return self.lr * warm * min(1.0, max(0.05, 1 - (epoch - self.hold_lr_epochs) / self.fall_lr_epochs))

    def mix(self, epoch: int) -> Mix:
        """What a round's worlds are drawn from."""
        return Mix(min(1.0, (epoch + 1) / max(1, self.easy_epochs)), self.plain_share, self.single_share)

    def shape(self, epoch: int) -> Round:
        """What a round is like. Hard worlds end early, and what is to be found out in them shows at once: short rounds see many."""
        if epoch < self.small_epochs:
            half = (max(1, size // 2) for size in (self.episodes_per_epoch, self.updates, self.batch_size))
            return Round(*half, self.max_steps_per_episode)
        times = 1 if epoch % 3 == 0 else self.short_rounds
        return Round(self.episodes_per_epoch * times, self.updates, self.batch_size * times, max(2, self.max_steps_per_episode // times))
