"""The words that the page uses in a sense of its own, and how one explains itself where it stands."""

import html
import re
from types import MappingProxyType

from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.runs.episode import STEPS_PER_SECOND

GLOSSARY: MappingProxyType[str, str] = MappingProxyType(
    {
        "State Space Model": "A model that carries a hidden state from step to step by a linear rule, and decides from it.",
        "policy": "What decides: it reads the sensors at every step and pushes left or right.",
        "world": "One set of physics, motor and sensors that the cart and the pole obey.",
        "step": f"One decision: sensors are read, the cart is pushed. There are {STEPS_PER_SECOND} a second.",
        "episode": f"One try, from the start until the fall, the end of the track, or {MAX_EPISODE_STEPS} steps.",
        "return": f"How many steps an episode lasted, {MAX_EPISODE_STEPS} at the most. A mean of {SOLVED:g} counts as solved.",
        "environment step": "A step that was really played. What learning costs is counted in them.",
        "hidden state": "The numbers that the policy carries from one step to the next: its memory within an episode.",
        "gradient step": "One small change of all parameters, in the direction that makes what went well likelier.",
        "parameters": "The numbers that make up the policy. Learning changes them and nothing else.",
        "loss": "The number that a gradient step lowers: it falls as what went well becomes likelier.",
        "gradient norm": "The length of the gradient: how much the episodes ask the parameters to change.",
        "learning rate": "How far a gradient step goes.",
        "support set": "The episodes that a gradient step learns from.",
        "query set": "New episodes in the same world, played after the step. They tell how much it helped.",
        "meta-training": "Training over many worlds so that a gradient step in any of them helps a lot.",
        "imitation": "Learning from the answers of a teacher: here, at every step, which push it would choose.",
        "epoch": "One round of meta-training: many worlds are played, then the start moves once.",
        "inner learning rate": "The learning rate of the gradient steps in each world, during meta-training.",
        "outer learning rate": "How far each epoch moves the start from which the worlds' gradient steps go.",
        "meta-loss": "The number that an epoch lowers: how badly all its worlds go after their gradient steps.",
        "validation worlds": "Worlds of the same kinds that the training never saw, kept to check it.",
        "adaptation": "What the meta-trained policy does in a new world: play episodes, take gradient steps on them.",
        "experience buffer": "All episodes of this world so far, kept to learn from again.",
        "imagined rollouts": "Episodes played in a dynamics model that was fitted to the experience buffer, and learnt from by PPO.",
        "seed": "The number that all chance comes from. The same seed gives the same episode.",
        "greedy": "Always the likelier action.",
        "sampled": "Each action drawn with the policy's own probability, as in Adapt and in meta-training.",
        "decision map": "A picture of what the policy would do: over two sensors, the probability of pushing right.",
        "logits": "The two scores, left and right. Their difference decides how probable each push is.",
        "value": "How long the policy expects to stand from here: 1 means it never falls.",
    }
)


def slug(word: str) -> str:
    """A word as part of an id."""
    return re.sub(r"\W+", "-", word.lower()).strip("-")


def term(name: str, where: str, shown: str = "") -> str:
    """A word of the glossary as HTML that explains itself: point at it, tap it, or tab to it. Esc closes.

    where: the tab, once for each word on it, so that ids are unique. shown: the word as the sentence needs it, "policies".
    Raises KeyError for a word that the glossary lacks.
    """
    tip = f"term-{where}-{slug(name)}"
    return (
        f'<span class="term"><span class="word" role="button" tabindex="0" aria-describedby="{tip}">{html.escape(shown or name)}</span>'
        f'<span class="tip" role="tooltip" id="{tip}">{html.escape(GLOSSARY[name])}</span></span>'
    )


def with_terms(text: str, where: str) -> str:
    """HTML in which every [[word]] or [[word|as shown]] is a term where it stands first, and plain after that."""
    seen: set[str] = set()

    def explained(match: re.Match) -> str:
        name, shown = match[1], match[2] or match[1]
        first = name not in seen
        seen.add(name)
        return term(name, where, shown) if first else html.escape(shown)

    return re.sub(r"\[\[([^\]|]+)(?:\|([^\]]+))?\]\]", explained, text)


def act_line(text: str, where: str) -> str:
    """The line that says what a tab is for; text as for `with_terms`."""
    return f'<p class="act-line">{with_terms(text, where)}</p>'


def terms_hint(text: str, where: str) -> str:
    """A small line beside controls, whose own labels can't explain a word; text as for `with_terms`."""
    return f'<p class="hint">{with_terms(text, where)}</p>'
