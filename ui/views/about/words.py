"""The About tab's text, in order."""

import math

from model.worlds.cartpole import ANGLE_LIMIT, MAX_EPISODE_STEPS, X_LIMIT
from ui.runs.episode import STEPS_PER_SECOND

INTRO = f"""
<h2>What you see</h2>
<p>A pole stands on a cart. {STEPS_PER_SECOND} times a second a policy reads four sensors and pushes the cart left or right. An
episode ends when the pole leans more than {math.degrees(ANGLE_LIMIT):.0f} degrees, when the cart leaves the track at
{X_LIMIT} m, or after {MAX_EPISODE_STEPS} steps. How many steps it lasted is its return.</p>
<p>You change the world: reverse the motor, mirror the sensors, add wind. The meta-trained policy may then fall within a fifth of
a second. It learns from that fall, by a gradient step, and stands again. Where it does not, this page says so.</p>
<p>For teachers: <a href="lesson.html" target="_blank">a lesson of 45 minutes</a> on this page, which prints.</p>
"""

POLICY = """
<h2>The policy, drawn</h2>
<p>It is a State Space Model with {total} parameters; the one that was taught has more. Its hidden state is linear: each step keeps
a part of the old one and adds what the sensors say. All that is nonlinear comes after it.</p>
"""

META = """
<h2>Learning to learn: a start near many solutions</h2>
<p>No single set of parameters balances with a normal and with a reversed motor by reacting to the sensors alone: what saves the one
fells the other. Meta-training (MAML) does not look for parameters that are good everywhere. It looks for a
<em>start</em> from which one gradient step leads to parameters that are good <em>here</em>, wherever here is.</p>
<ul>
<li>In each of many worlds, play a few episodes with the start: the support set.</li>
<li>Take a gradient step on them: down the gradient, as far as the learning rate times its norm, which is held between bounds (the lower one
was added after the training). Play
again: the query set.</li>
<li>Move the start so that the returns <em>after</em> the steps rise. The gradient goes through the step itself, and so into the
values by which the step judges its episodes.</li>
</ul>
<p>The step in training and the step that you see it take are the same function. The returns <em>before</em> it count only in worlds
with neither motor nor sensors reversed, so that falling at first in the others is partly by design. Below are four starts
of this page, all of one architecture, before and after one step.</p>
"""

WAYS = """
<h2>Two ways to adapt, and a third</h2>
<h3>Memory</h3>
<p>The policy <em>memory</em> was trained on the same worlds by the same loop without gradient steps. It finds out within the
episode which world it is in, by its hidden state, and needs no fall. That works in most worlds of the training ranges.</p>
<h3>Gradient</h3>
<p>The policy <em>meta</em> must fall first. Then its parameters change, which memory cannot do: it can reach behaviour
that no episode in training had. The <em>single-world</em> policy only ever saw the standard world.</p>
{comparison}
<h3>Imagined rollouts (Dyna)</h3>
<p>Hybrid adaptation keeps the last 10,000 steps of this world in an experience buffer. From it, Bayesian linear regression
fits a dynamics model: how this world moves. Then the policy plays imagined episodes in that model and learns from them by PPO.
This is Dyna (Sutton 1991). It costs more computing and no more episodes. It assumes that the world moves nearly linearly, as it does
near the upright pole; past observations stand in for dead velocity sensors. {starts} A linear regulator (LQR) planned on the same fit
is measured beside it, and after three collections mostly does as well or better; the map below says where not.</p>
"""

LIMITS = f"""
<h2>Limits</h2>
<ul>
<li>CartPole only: four sensors, two actions, {MAX_EPISODE_STEPS} steps. Nothing here was tried on a real cart.</li>
<li>The gradient needs a fall. A policy that drifts without falling within an episode learns nothing from it.</li>
<li>Far from training a fall may be mended in part only. On a late motor a gradient step can spoil a policy that
stands; where dead velocity sensors make a policy fall, only imagined rollouts mend that, in part. RESULTS.md names the
worlds.</li>
<li>What the meta-trained policy can do cost a long training in simulation; the table of costs counts it.</li>
<li>Each shipped policy is one training with one seed. The intervals are over worlds and trials, not over trainings. The taught recipe
alone was run from three seeds; RESULTS.md has all of them.</li>
<li>Everything played on this page is computed when you ask for it, with the seed you give; the same seed gives the same episode.</li>
</ul>
<h3>What it is not for</h3>
<p>It is a demonstration and a teaching tool. Do not let it steer anything that can hurt someone or break. A policy that must fail
before it learns has no place where failing is dangerous.</p>
<h3>Bias</h3>
<p>No data of people is in it, neither in training nor on this page. Its bias is that of its training worlds: it is better inside
their ranges; before any step the meta-trained policy falls at once where only the motor or only the sensors are turned round. The named
worlds were looked at during development, so the held-out worlds are the stricter test.</p>
"""

PROGRAM = """
<h2>From a program</h2>
<pre tabindex="0" aria-label="Example in Python"><code>from gradio_client import Client
client = Client("http://127.0.0.1:7860")  # or this page's address
client.predict(reversed_motor=True, policy="meta", seed=3, api_name="/run")
client.predict(wind=2.5, policy="memory", episodes=20, api_name="/verify")
client.predict(reversed_motor=True, mode="both", num_adapt_steps=3, api_name="/adapt")</code></pre>
<p><code>/meta_train</code> trains; <code>client.view_api()</code> lists every argument. Every field of the world is a named argument
in its own unit, angles in radians.</p>
"""
