"""The About tab: what this is, honestly and briefly."""

from __future__ import annotations

import math

import gradio as gr

from model.worlds.cartpole import ANGLE_LIMIT, MAX_EPISODE_STEPS, X_LIMIT
from ui.shared.episode import STEPS_PER_SECOND

TEXT = f"""
### What you see
A small State Space Model (6,744 parameters) balances a pole on a cart, {STEPS_PER_SECOND} times a second. It reads four sensors,
keeps a hidden state of 32 numbers, and pushes left or right. An episode ends when the pole leans more than
{math.degrees(ANGLE_LIMIT):.0f} degrees, when the cart leaves the track at {X_LIMIT} m, or after {MAX_EPISODE_STEPS} steps.

### What is being shown
The policy was meta-trained with MAML: its starting weights were chosen so that a few gradient steps, on a few episodes in a
changed world, make it good there. Break the world on the Live tab (reverse the motor, tilt a sensor) and it may fall within a
fifth of a second, learn from that one fall, and stand; world, policy and gradient step run in your own browser there. Three
policies of one architecture stand beside each other for an honest comparison: *meta-trained*; *memory*,
trained on the same worlds without any inner steps, which can adapt within an episode through its hidden state alone; and
*standard*, which only ever saw the standard world.

On the Adapt tab you see the one difference that matters: memory adapts without failing, inside its training range; the
meta-trained policy must fail once, and then a gradient step or two make it stand, often outside its range too. Hybrid adaptation
also fits a model of the world's motion to all episodes so far and practises in it (Dyna). Where a method loses, the page and
the README say so.

On the Meta-train tab the same code that made the shipped weights trains a policy of yours while you watch.

### What it is not
This is a simulation of Gymnasium's CartPole-v1 with some physics, motor and sensor changes; nothing here was tried on a real cart.
Numbers on this page are computed when you ask for them, with the seed you give; the same seed gives the same episode.

### From a program
```python
from gradio_client import Client
client = Client("http://127.0.0.1:7860")  # or this page's address
client.predict(reversed_motor=True, policy="meta", seed=3, api_name="/run")
client.predict(wind=2.5, policy="memory", episodes=20, api_name="/verify")
client.predict(reversed_motor=True, mode="both", num_adapt_steps=3, api_name="/adapt")
```
`/meta_train` trains; `client.view_api()` lists every argument.
Every field of the world is a named argument in its own unit (angles in rad).

### Papers
- Finn, Abbeel, Levine: *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks* (2017)
- Gu, Goel, Ré: *Efficiently Modeling Long Sequences with Structured State Spaces* (2022)
- Smith et al.: *S5* (2023); Orvieto et al.: *LRU* (2023)
- Okabe, Ito: the colour-blind-safe palette used for every curve here
"""


def build() -> None:
    """Build the tab's content inside a Blocks context."""
    gr.Markdown(TEXT, elem_classes="about")
