"""The shipped weights, and models made from checkpoint files."""

from __future__ import annotations

from pathlib import Path

from model.config import check_choice
from model.policy.checkpoint import Checkpoint, CheckpointError, LfsPointerError, fill, first_line, read
from model.policy.ssm import StateSpaceModel

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
PRETRAINED = ("meta", "memory", "standard")
"""Those that see the four sensors and learnt by policy gradient."""
SHIPPED = (*PRETRAINED, "taught")
TAUGHT_SEEDS = {seed: WEIGHTS / "seeds" / f"taught_{seed}.safetensors" for seed in (1, 2)}
"""The taught recipe from other seeds, measured beside `taught` (seed 0) for how much is luck: no choice among them was made."""


def load_checkpoint(path: str | Path) -> StateSpaceModel:
    """A new model with the sizes of a checkpoint, .safetensors or .pth, in eval mode. Raises CheckpointError."""
    return model_of(read(path))


def model_of(found: Checkpoint) -> StateSpaceModel:
    """A new model with a checkpoint's parameters, in eval mode."""
    try:
        model = StateSpaceModel(**(found.sizes or {}))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint {found.name} must name its sizes in the header: {first_line(error)}") from None
    return fill(model, found).eval()


def pretrained_path(name: str) -> Path:
    """Where the shipped checkpoint of this name lies."""
    return WEIGHTS / f"{check_choice('name', name, SHIPPED)}.safetensors"


def load_pretrained(name: str = "meta") -> StateSpaceModel:
    """The shipped weights in eval mode, a fresh copy each time.

    "meta": meta-trained with inner steps. "memory": the same worlds, zero inner steps (domain randomisation).
    "standard": zero inner steps, the standard world only. "taught": taught by imitation of a teacher that sees the true world;
    its fifth input is its previous push (inputs.py). Each has a recipe of its own (model/maml/recipes.py, model/imitation).
    Raises CheckpointError that names the file and the command that rebuilds it.
    """
    path = pretrained_path(name)
    try:
        return load_checkpoint(path)
    except LfsPointerError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{error}; rebuild it with: python -m model train --recipe {name} --out {path}") from None
