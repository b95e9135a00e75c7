"""A visitor's trained (or uploaded) model and what can be downloaded with it."""

import base64
import binascii
import csv
import dataclasses
import io
import math
from dataclasses import dataclass
from typing import Any

from model import CheckpointError, MetaEpoch, StateSpaceModel
from model.maml.to_file import LOG_COLUMNS, log_row
from model.policy.checkpoint import UNREADABLE, parse
from model.policy.inputs import SENSORS
from model.policy.pretrained import model_of
from ui.field import echoed
from ui.training_settings import TRAIN, MetaSettings

MAX_UPLOAD = 1_000_000  # bytes; the largest model of the page has 0.2 MB
TOO_LARGE = f"a checkpoint must have at most {MAX_UPLOAD / 1e6:g} MB"
MOST_STEPS = TRAIN["inner_steps"].maximum + 1
LIKE = MetaEpoch(0, 0.0, 0.0, 0.0, (), 0, 0, 0.0, False)  # of what kind each value of a log is
WRONG_LOG = "the log of this training is not one that this page made"
SPOKEN = {"state_dim": "state size", "hidden_dim": "hidden size", "input_dim": "number of inputs", "output_dim": "number of outputs"}


@dataclass(frozen=True)
class Trained:
    """A checkpoint as bytes, the model that it holds, and the training that made it (none for an uploaded one)."""

    checkpoint: bytes
    model: StateSpaceModel
    settings: MetaSettings | None = None
    epochs: tuple[MetaEpoch, ...] = ()

    @property
    def name(self) -> str:
        """A file name that says what is in it."""
        if self.settings is None:
            return "uploaded"
        return "-".join(["meta", *self.settings.families, str(self.settings.config.seed)])

    def log(self) -> bytes:
        """The epochs as CSV, the columns of the shipped weights' logs."""
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(LOG_COLUMNS)
        writer.writerows(log_row(e) for e in self.epochs)
        return table.getvalue().encode()


def model_from_bytes(data: bytes, name: str = "upload.safetensors") -> StateSpaceModel:
    """The model of a checkpoint made by this page. CheckpointError, one sentence, for anything else, however made."""
    if not isinstance(data, bytes) or len(data) > MAX_UPLOAD:
        raise CheckpointError(TOO_LARGE)
    found = parse(data, name)
    _check_sizes(found.sizes, name)  # before a model of that size is made
    return model_of(found).requires_grad_(False)


def model_from_base64(weights: Any) -> StateSpaceModel:
    """The policy that a browser hands over: the base64 of a safetensors file. Raises ValueError, one sentence."""
    if not isinstance(weights, str) or len(weights) > MAX_UPLOAD * 4 / 3:
        raise CheckpointError(TOO_LARGE)
    try:
        return model_from_bytes(base64.b64decode(weights, validate=True), "yours.safetensors")
    except binascii.Error:
        raise CheckpointError("weights must be base64", UNREADABLE) from None


def epochs_from_json(records: Any) -> tuple[MetaEpoch, ...]:
    """The epochs that a browser hands over with what it trained; null is a loss that was not finite. Raises ValueError, one sentence."""

    def fits(value: Any, like: Any) -> bool:
        if isinstance(like, tuple):
            return isinstance(value, list) and len(value) <= MOST_STEPS and all(fits(v, 0.0) for v in value)
        return type(value) in ((int, float) if isinstance(like, float) else (type(like),))

    def read(row: Any) -> MetaEpoch:
        if not isinstance(row, dict) or row.keys() != set(LOG_COLUMNS):
            raise ValueError(WRONG_LOG)
        row = row | ({"meta_loss": math.nan} if row["meta_loss"] is None else {})
        if not all(fits(row[name], like) for name, like in dataclasses.asdict(LIKE).items()):
            raise ValueError(WRONG_LOG)
        return MetaEpoch(**{name: tuple(map(float, v)) if isinstance(v, list) else v for name, v in row.items()})

    if not isinstance(records, list) or not 0 < len(records) <= TRAIN["num_epochs"].maximum:
        raise ValueError(WRONG_LOG)
    return tuple(map(read, records))


def _check_sizes(sizes: Any, name: str) -> None:
    own = {"input_dim": (SENSORS, SENSORS + 1), "output_dim": (4, 4)}
    expected = {name: own[name] if name in own else (TRAIN[name].minimum, TRAIN[name].maximum) for name in SPOKEN}
    if not isinstance(sizes, dict) or sizes.keys() != expected.keys():
        plain = "This checkpoint must say which sizes its model has; it was not made by this page"
        raise CheckpointError(f"checkpoint {name} must name {', '.join(expected)} in the header", plain)
    for key, (low, high) in expected.items():
        if type(sizes[key]) is not int or not low <= sizes[key] <= high:
            bound = f"{low}" if low == high else f"a whole number between {low} and {high}"
            plain = f"The {SPOKEN[key]} of this checkpoint must be {bound}{echoed(sizes[key])}"
            raise CheckpointError(f"checkpoint {name}: {key} must be {bound}, got {str(sizes[key])[:40]}", plain)
