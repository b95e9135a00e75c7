"""Small pieces of sentences, and the names that the page has for fields and modes."""

from __future__ import annotations

from types import MappingProxyType

from model.worlds.cartpole import MAX_EPISODE_STEPS

OF_ALL = f"of {MAX_EPISODE_STEPS}"  # "9 of 500"

# "Standard" is a world and a policy; what an adaptation learns from names it better.
MODE_NAMES: MappingProxyType[str, str] = MappingProxyType({"standard": "Fresh episodes", "hybrid": "Fresh + buffer", "both": "Both"})

_LABELS = {
    "force_mag": "Motor force",
    "pole_half_length": "Pole half-length",
    "adapt_lr": "Learning rate",
    "num_adapt_steps": "Gradient steps",
    "episodes_per_step": "Episodes per step",
    "experience_weight": "Experience weight",
    "fresh_step": "Gradient step before practice",
    "mode": "Adaptation",
    "families": "World families",
    "reversed_jupiter": "Reversed Jupiter",
    "mirrored_jupiter": "Mirrored Jupiter",
    "start": "Starting point",
    "step": "Gradient step",
    "num_epochs": "Epochs",
    "tasks_per_epoch": "Worlds per epoch",
    "episodes_per_task": "Episodes per world",
    "inner_lr": "Inner learning rate",
    "outer_lr": "Outer learning rate",
    "max_steps_per_episode": "Steps per episode",
    "long_episodes_share": "Share of long episodes",
    "ran": "The list of its steps",
    "made": "The recipe of its policy",
    "state_dim": "State size",
    "hidden_dim": "Hidden size",
}


def count(n: int, what: str) -> str:
    """A number with its noun: 1 step, 2 steps; thousands with a comma."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def spoken(name: str) -> str:
    """A field's name, or a snake_case name, as the page shows it."""
    return _LABELS.get(name, name[:1].upper() + name[1:].replace("_", " "))
