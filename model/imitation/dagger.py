"""Teaching: a student that sees sensors and its own previous push imitates a teacher that knows the world, in the student's episodes.

One epoch (DAgger: Ross, Gordon and Bagnell 2011; teacher and student as in Lee et al. 2020):
    episodes of the student, in worlds that change while they run; in every step the teacher says what it would have done
    the episodes join those of the last epochs
    Adam steps on   cross-entropy to the teacher's probability + w x squared error of the values
The student must find out by its memory what the teacher is told. This is imitation, no reinforcement learning: no reward is followed.
Only the two value outputs are fitted to returns, as the baselines that gradient adaptation needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.config import check_kind
from model.imitation.config import ImitationConfig, Round
from model.imitation.teacher import Teacher
from model.imitation.worlds import as_changes, life, taught_world
from model.maml.run import Run
from model.policy.cell import sequence_outputs
from model.policy.inputs import SENSORS, with_previous_push
from model.policy.params import Params, with_gradients, with_task_axis
from model.policy.pretrained import load_pretrained
from model.policy.ssm import StateSpaceModel, check_policy
from model.policy.wider import with_states
from model.rl.advantages import advantages
from model.rl.ppo import step_weights
from model.rl.rollout import Episodes, collect, concatenated
from model.worlds.cartpole import WorldCartPole

VALUE_LAMBDA = 0.95
GUARD_FROM = 0.5  # mean return, as a share of the step limit; short rounds have higher ones, as ups that are no collapse
SOFTER = 0.1  # of memory's logits: it is far surer of itself than a teacher, whose log-odds are 3 u*
STATES = 64  # twice memory's: with 32 half of the episodes with a reversed, late motor fall, with 64 one in 20 (300, of three seeds)
SPREAD = (40.0, 20.0, 1.0, 1.0)  # factors on first states of +-0.05: within 2 m and 1 m/s


@dataclass(frozen=True)
class TaughtEpoch:
    """What one round of teaching saw.

    loss: mean over its Adam steps. agreement: the share of the student's steps in which it pushed as the teacher would have.
    step_limit: of the round's episodes, short or not. episode_return: their mean undiscounted return; standing: the share that the
    limit cut.
    episodes, env_steps, seconds: cumulative. rolled_back: undone because the return had collapsed or a gradient was not finite.
    """

    epoch: int
    loss: float
    agreement: float
    episode_return: float
    standing: float
    step_limit: int
    episodes: int
    env_steps: int
    seconds: float
    rolled_back: bool

    @property
    def progress(self) -> str:
        """The epoch in a few words."""
        return f"pushes as the teacher in {self.agreement:.0%} of the steps, return {self.episode_return:.0f} of {self.step_limit}"


@dataclass(frozen=True)
class Lessons:
    """N episodes, M = N and K = 1, and the teacher's probability of pushing right at each of their steps: labels (N, 1, T)."""

    episodes: Episodes
    labels: Tensor
    step_limit: int

    def chosen(self, rows: Tensor) -> Lessons:
        """Some of them, cut to the longest."""
        kept = Episodes(*(t[rows] for t in self.episodes.tensors))
        steps = int(kept.lengths.max())
        return Lessons(kept.cut(steps), self.labels[rows, :, :steps], self.step_limit)


def together(pool: list[Lessons]) -> Lessons:
    """All lessons as one batch, padded to the longest."""
    steps = max(p.labels.shape[-1] for p in pool)
    turned = concatenated([Episodes(*(t.transpose(0, 1) for t in p.episodes.tensors)) for p in pool])
    labels = [torch.nn.functional.pad(p.labels, (0, steps - p.labels.shape[-1])) for p in pool]
    return Lessons(Episodes(*(t.transpose(0, 1) for t in turned.tensors)), torch.cat(labels), pool[0].step_limit)


def lessons(params: Params, config: ImitationConfig, generator: np.random.Generator, epoch: int) -> tuple[Lessons, float]:
    """One round of the student's episodes with the teacher's labels, and how often both agreed. params: leading axis 1."""
    c, (n, _, _, T) = config, config.shape(epoch)
    mix = c.mix(epoch)
    worlds = [taught_world(generator, "train", mix) for _ in range(n)]
    lives = [life(w, T, generator, "train", mix) for w in worlds]
    sampled, spread, helped = generator.random((3, n)) < np.array([[c.sampled_share], [c.spread_share], [c.helped_share]])
    takes_over = (generator.random((T, n)) < 0.5) & helped
    labels: list[np.ndarray] = []
    agreed: list[np.ndarray] = []
    teachers: list[Teacher] = []

    def watch(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        if not teachers:
            teachers.append(Teacher(env, (w for changes in lives for _, w in changes)))
        labels.append(teachers[0].labels())
        theirs = (labels[-1] > 0.5).astype(np.int64)
        agreed.append(theirs == action)
        return np.where(takes_over[len(labels) - 1], theirs, action)

    scale = np.where(spread[:, None, None], SPREAD, 1.0)  # (n, 1, 4)
    played = collect(params, worlds, 1, generator, T, ~sampled[:, None], None, scale, as_changes(lives), watch)
    said = torch.from_numpy(np.stack(labels, axis=1)).float().unsqueeze(1)
    share = float((torch.from_numpy(np.stack(agreed, axis=1)).unsqueeze(1) * played.alive).sum() / played.alive.sum())
    return Lessons(played, said, T), share


def imitation_loss(params: Params, taught: Lessons, config: ImitationConfig) -> Tensor:
    """Cross-entropy to the teacher's probabilities p + value_weight x squared error of the values to GAE's returns.

        L = sum w_t [ -p_t log pi_t(right) - (1 - p_t) log pi_t(left) + v (V_t - R_t)^2 ]        w: step_weights, of sum 1

    params: leading axis 1.
    """
    c, e = config, taught.episodes
    outputs = sequence_outputs(params, e.obs, alive=e.alive)
    margin, values = outputs[..., 1] - outputs[..., 0], outputs[..., 2:4]
    returns = values.detach() + advantages(values.detach(), e, c.discount_factor, VALUE_LAMBDA)
    wrong = torch.nn.functional.binary_cross_entropy_with_logits(margin, taught.labels, reduction="none")
    weights = step_weights(e, c.length_exponent)
    return ((wrong + c.value_weight * (values - returns).square().sum(-1)) * weights).sum() / weights.sum()


def batches(n: int, shape: Round, generator: np.random.Generator) -> Iterator[Tensor]:
    """Indices into n lessons for each Adam step of a round; all are used before any comes again."""
    need = shape.updates * shape.batch
    order = np.concatenate([generator.permutation(n) for _ in range(-(-need // n))])[:need]
    yield from torch.from_numpy(order).split(shape.batch)


@dataclass
class Teaching(Run):
    """A teaching's run. mean: of the weights, running; pool: what is learnt from."""

    mean: dict[str, Tensor] = field(init=False)
    pool: list[Lessons] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mean = self.learner.params()

    def take(self, new: Lessons, most: int) -> None:
        """Into the pool, from which the oldest of their kind go."""
        kind = [p for p in self.pool if p.step_limit == new.step_limit]
        gone = kind[: max(0, len(kind) + 1 - most)]
        self.pool = [p for p in self.pool if not any(p is g for g in gone)] + [new]

    def state_dict(self) -> dict[str, Any]:
        pool = [[*lesson.episodes.tensors, lesson.labels, lesson.step_limit] for lesson in self.pool]
        return {**super().state_dict(), "mean": dict(self.mean), "pool": pool}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self.mean = dict(state["mean"])
        self.pool = [Lessons(Episodes(*tensors), labels, limit) for *tensors, labels, limit in state["pool"]]


class Dagger:
    """Teaches a policy; iterate `train` and stop whenever you like: `best` holds the running mean of its weights."""

    Record = TaughtEpoch

    def __init__(self, config: ImitationConfig | None = None):
        self.config = check_kind("config", config, ImitationConfig, default=True)
        self._run: Teaching | None = None

    @property
    def best(self) -> StateSpaceModel:
        """The running mean of the weights (Polyak and Juditsky 1992), in eval mode; the student before the first epoch."""
        return self._student(None).eval() if self._run is None else self._run.learner.with_params(self._run.mean).eval()

    def _student(self, model: StateSpaceModel | None) -> StateSpaceModel:
        if model is not None:
            model = check_policy(model)
            return (with_previous_push(model) if model.input_dim == SENSORS else model.with_params(model.params())).train()
        student = with_previous_push(load_pretrained("memory"))
        with torch.no_grad():
            for logits in (student.C[:, :2], student.D[:, :2], student.output_bias[:2]):
                logits *= SOFTER
        return with_states(student, STATES, torch.Generator().manual_seed(1)).train()

    @with_gradients
    def train(self, model: StateSpaceModel | None = None, resume: Mapping[str, Any] | None = None) -> Iterator[TaughtEpoch]:
        """Teach `model` (left unchanged; four inputs are given the fifth), or memory with STATES states; yield a record after every epoch.

        resume: what `state_dict` gave after some epoch, of a training with the same config; it goes on to the same parameters
        as without the interruption.
        """
        c = self.config
        learner = self._student(model)
        theta = dict(learner.named_parameters())
        self._run = run = Teaching(learner, np.random.default_rng([c.seed, 22]), c.lr, GUARD_FROM)
        if resume is not None:
            run.load_state_dict(resume)
        started = time.perf_counter() - run.seconds
        while run.epoch < c.num_epochs:
            epoch = run.epoch
            run.start_epoch(c.lr_at(epoch))
            new, agreement = lessons(with_task_axis(learner.params()), c, run.generator, epoch)
            run.take(new, c.pool_epochs)
            loss, finite = self._update(theta, run, c.shape(epoch))
            lengths = new.episodes.lengths
            rolled_back = run.guard.check(float(lengths.mean()) / new.step_limit, finite)
            decay = min(c.mean_decay, epoch / (epoch + 1))
            run.mean = {name: decay * run.mean[name] + (1 - decay) * p.detach() for name, p in theta.items()}
            counts = run.end_epoch(len(lengths), new.episodes.env_steps, time.perf_counter() - started)
            standing = float((lengths >= new.step_limit).float().mean())
            yield TaughtEpoch(epoch, loss, agreement, float(lengths.mean()), standing, new.step_limit, *counts, rolled_back)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `train(resume=...)` needs to go on after the last epoch; only tensors and plain values."""
        return self._run.state_dict()

    def _update(self, theta: Params, run: Teaching, shape: Round) -> tuple[float, bool]:
        """One epoch's Adam steps on theta, in place. Returns the mean loss, and whether all gradients were finite."""
        c, pool, losses = self.config, together([p for p in run.pool if p.step_limit == shape.steps]), []
        for rows in batches(len(pool.labels), shape, run.generator):
            run.optimizer.zero_grad()
            loss = imitation_loss(with_task_axis(theta), pool.chosen(rows), c)
            loss.backward()
            if not run.clipped_step(c.max_grad_norm):
                return float("nan"), False
            losses.append(float(loss.detach()))
        return float(np.mean(losses)), True
