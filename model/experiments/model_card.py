"""The model card of the shipped weights (weights/README.md), made from what the study measured."""

from __future__ import annotations

from model.experiments.comparison_tables import start_sets_table
from model.experiments.report import Results, checkpoints_table
from model.experiments.stands_tables import stands_table

FRONT = """---
language: en
license: mit
library_name: pytorch
pipeline_tag: reinforcement-learning
tags:
  - reinforcement-learning
  - meta-learning
  - state-space-models
  - maml
  - few-shot-learning
  - cartpole
  - gymnasium
model-index:
  - name: ssm-metarl-cartpole
    results:
{entries}
---
"""

ENTRY = """      - task:
          type: reinforcement-learning
          name: reinforcement-learning
        dataset:
          name: {name}
          type: {kind}
        metrics:
          - type: mean_reward
            name: {metric}
            value: {value}"""

TEXT = """
# SSM-MetaRL CartPole: meta-trained weights

Four sets of weights of a small State Space Model policy (6,744 parameters, 29 kB; `taught` 17,629 and 73 kB; float32, safetensors): they
balance CartPole, and differ in how they cope with a world that was broken (motor reversed, sensors mirrored or tilted, wind, delay,
another pole).

- `meta.safetensors`: meta-trained (MAML, three inner steps). Falls when the standard cart's motor is reversed, and recovers by one
  gradient step on about 94 environment steps, in 999 of 1,000 trials; in other worlds less surely.
- `memory.safetensors`: the same worlds, no inner steps (domain randomisation). Adapts within an episode by its hidden state, inside
  its training range.
- `standard.safetensors`: single-world, trained on the standard world only.
- `taught.safetensors`: taught by imitation, not by reinforcement learning. A teacher that is told the true world, a linear-quadratic
  regulator, said in each step of the student's episodes what it would do (DAgger). The student sees the sensors and, as a fifth input,
  its own previous push, has 64 states for 32, and stands while motor, sensors and wind change under it, without delay or noise.

{checkpoints}

## How to use it

```python
from model import WORLDS, StandardAdapter, evaluate_policy, load_pretrained

model = load_pretrained("meta")
for step in StandardAdapter().adapt(model, WORLDS["reversed_motor"]):
    print(step.index, step.env_steps, evaluate_policy(step.model, WORLDS["reversed_motor"]).mean())
```

`model.policy.hub.from_hub("{repository}")` downloads a checkpoint from the Hub where `huggingface_hub` is installed.
Observations are CartPole-v1's four, and for `taught` the previous push (-1 left, +1 right, 0 at first); outputs 0 and 1 are the
logits of left and right, outputs 2 and 3 value baselines.

## How it was trained

`python -m model train --recipe meta|memory|standard|taught` follows the recipe of each from nothing (`taught` from `memory`) on two
CPU cores; the recipe and every setting stand in the file's header, the training log beside it; each is one run of its recipe, from
seed 0. Simulated CartPole worlds only, drawn from ranges of gravity, masses, length, motor force, wind and sensor error, the motor
reversed in half of them and the sensors mirrored in 15%. In those the return before adaptation is left out of the meta-loss: that the
meta-trained policy fails there before its first step is partly by design. `memory` begins with 80 epochs on the standard cart with the
motor as usual and reversed. Validation, test and sealed worlds are kept apart from the training's by construction. `taught` met every field
nearly over its whole range (wind up to 0.7 of the motor's force, 12 reversals), delay, dead velocity sensors, noise and lost pushes
included, and changes of all of them within an episode; never a push by hand nor gusts.

## Results

Greedy actions under the 500-step limit, mean return; in parentheses the share of worlds (in the break set, of trials) at 475 or more.
"Gradient" is gradient steps alone; "hybrid" also learns from imagined rollouts of a linear dynamics model fitted to the experience buffer
(Dyna). The worlds inside and outside are those of a sealed split: nothing was trained, tuned or chosen on them. The break set was looked
at during development. All tables: `RESULTS.md`; curves: `curves.csv` and `budgets.csv`.

{sets}

{stands}

## Limits

CartPole only: four observations, two actions. Adaptation needs a fall to learn from. By gradient steps alone, dead velocity sensors do
not recover, and on a delayed motor a policy that stands can get worse; imagined rollouts help with both. A policy that was adapted to one
world may do worse in another. The meta-trained weights were made before the policy's products were folded for speed: the same recipe
today gives other bits and, in the one run compared on validation worlds, a policy that recovers a little less after one step.

## Bias

A policy is biased towards the worlds that it was trained on. `meta` and `memory`: near the standard cart, never with delay, always with
velocity sensors; `taught`: wider, but its last training was mostly in worlds like these: four steps of delay mostly fell it on the
standard cart too, and so do delay or dead sensors with nearly every slider anywhere. Outside those ranges the return falls before
adaptation, and sometimes after it.

## Ethics

For research and education. Not for anything that matters outside a simulation: no guarantee is given, and a controller that learns
by falling must not hold what may not fall.

## Citation

See `CITATION.cff` in the repository. The method is MAML (Finn, Abbeel and Levine 2017, arXiv 1703.03400); learning in a
learned model is Dyna (Sutton 1991); teaching is DAgger (Ross, Gordon and Bagnell 2011) by a privileged teacher (Chen et al. 2019; Lee et
al. 2020).
"""

STANDS = "Without adaptation, while the world changes: the share of episodes that stand for all 500 steps, and the mean return."
REPOSITORY = "stargatek1/ssm-metarl-cartpole"


def entry(name: str, kind: str, metric: str, row: Results) -> str:
    """One line of the model index: mean and standard deviation of a return."""
    return ENTRY.format(name=name, kind=kind, metric=metric, value=f"{row['mean']:.2f} +/- {row['std']:.2f}")


def model_card(results: Results) -> str:
    """The whole file."""
    reversed_motor = results["presets"]["reversed_motor"]["meta"]
    entries = [
        entry("CartPole-v1", "CartPole-v1", "mean reward, no adaptation", results["standard_world"]["meta"]),
        entry("CartPole, motor reversed", "CartPoleWorld-v0", "mean reward before adaptation", reversed_motor["0"]),
        entry("CartPole, motor reversed, adapted", "CartPoleWorld-v0", "mean reward after one gradient step", reversed_motor["1"]),
    ]
    stands = f"{STANDS}\n\n{stands_table(results)}"
    front = FRONT.format(entries="\n".join(entries))
    return front + TEXT.format(checkpoints=checkpoints_table(results), sets=start_sets_table(results), stands=stands, repository=REPOSITORY)
