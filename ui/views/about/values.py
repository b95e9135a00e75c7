"""What the four equations (model/policy/ssm.py) computed at the last step of an episode."""

from typing import Any

import numpy as np
import torch

from model import StateSpaceModel
from model.policy.ssm import Step, reference_steps
from ui.fields import short_name
from ui.runs.episode import Recording, sigmoid
from ui.views.about.architecture import sizes
from ui.views.episode_words import differences
from ui.words import count

SCALE = {"x": 1.0, "h": 3.0, "m": 1.0, "z": 2.0}  # where the cells' colours end
INPUTS = (("position", "m"), ("velocity", "m/s"), ("angle", "rad"), ("turning", "rad/s"), ("its last push", "of −1 to 1"))


@torch.inference_mode()
def last_step(recording: Recording, model: StateSpaceModel) -> Step:
    """The equations once more, at the last step that `model` decided in `recording`, from the hidden state recorded before it."""
    t = recording.steps - 1
    before = None if t == 0 else torch.from_numpy(recording.hidden[t - 1])
    (step,) = reference_steps(model.params(), torch.from_numpy(recording.inputs(t, model.input_dim)[None]), before)
    return Step(*(term.numpy() for term in step))


def prob_right(s: Step) -> float:
    """The probability of pushing right."""
    return sigmoid(float(s.y[1] - s.y[0]))


def signed(value: float) -> str:
    """A number with its sign, in the page's minus."""
    return f"{value:+.2f}".replace("-", "−")


def size(vector: np.ndarray) -> str:
    """A vector's length."""
    return f"{float(np.linalg.norm(vector)):.2f}"


def sentences(inputs: np.ndarray, s: Step) -> dict[str, str]:
    """What each part of the drawing held, in words."""

    def sides(y: np.ndarray) -> str:
        return f"left {signed(y[0])}, right {signed(y[1])}"

    given = ", ".join(f"{name} {signed(v)} {unit}" for (name, unit), v in zip(INPUTS, inputs, strict=False))
    return {
        "x": f"Then: {given}; scaled to {', '.join(signed(v) for v in s.x)}.",
        "B": f"Then: it added a vector of length {size(s.added)}.",
        "A": f"Then: of the state before, a vector of length {size(s.kept)} was kept.",
        "h": f"Then: |h| = {size(s.h)}; the largest of its numbers was {signed(s.h[np.abs(s.h).argmax()])}.",
        "mix": f"Then: |m| = {size(s.m)}; every number lies between −1 and 1.",
        "mlp": f"Then: it added a vector of length {size(s.network)}.",
        "z": f"Then: |z| = {size(s.z)}.",
        "C": f"Then: it added {sides(s.features)}.",
        "D": f"Then: it added {sides(s.through)}.",
        "y": (
            f"Then: logits {sides(s.y)}, so right with probability {prob_right(s):.3f}; "
            f"values {signed(s.y[2])} long, {signed(s.y[3])} short."
        ),
    }


def last_step_value(recording: Recording, model: StateSpaceModel | None, of: str = "the episode on the Play tab") -> dict[str, Any]:
    """What the drawing shows: whose step it is, colours in -1 .. 1 for each cell, a sentence for each part. No model acts at random."""
    where = ", ".join(differences(recording.world))
    whose = f"the last step of {of} ({count(recording.steps, 'step')}; {short_name(recording.policy)}; {where})"
    if model is None:
        return {"whose": f"Values: none. Random actions read no sensors: {whose}.", "cells": {}, "words": {}, "outputs": {}, "sizes": {}}
    s = last_step(recording, model)
    cells = {name: np.clip(getattr(s, name) / scale, -1, 1).round(3).tolist() for name, scale in SCALE.items()}
    words = sentences(recording.inputs(recording.steps - 1, model.input_dim), s)
    outputs = dict(zip(("left", "right", "long", "short"), map(signed, s.y.tolist()), strict=True)) | {"p": f"{prob_right(s):.3f}"}
    return {"whose": f"Values: {whose}.", "cells": cells, "words": words, "outputs": outputs, "sizes": sizes(model)}
