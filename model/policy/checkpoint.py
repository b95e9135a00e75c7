"""Checkpoints: parameters and sizes in one file, read strictly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

SUFFIXES = (".safetensors", ".pth")


class CheckpointError(ValueError):
    """A checkpoint file that is missing, damaged, or made for another architecture.

    plain: the same for people who know no parameter's name, where there is a shorter way to say it; else empty.
    """

    def __init__(self, sentence: str, plain: str = ""):
        super().__init__(sentence)
        self.plain = plain


UNREADABLE = "This file is damaged or no checkpoint"
OTHER_MODEL = "This checkpoint was made for another architecture"


def _checked_suffix(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise CheckpointError(f"path must end in {' or '.join(SUFFIXES)}, got {path.name}")
    return path.suffix


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never half of it."""
    path, temporary = Path(path), None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)  # Windows replaces only by a file that is closed
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)  # after a full disk, or Ctrl-C: nothing half-written stays


def serialise(model: nn.Module, metadata: Mapping[str, Any] | None = None) -> bytes:
    """The model as the bytes of a safetensors file; its sizes and `metadata` stand in the header, as JSON.

    They share one entry there: safetensors writes several in no fixed order, and equal models shall give equal files.
    """
    header = {"model": json.dumps({"sizes": model.sizes, **(metadata or {})})}
    return safetensors.torch.save({name: p.detach().contiguous() for name, p in model.named_parameters()}, metadata=header)


def save(model: nn.Module, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint atomically: .safetensors (with metadata) or .pth (a plain state_dict)."""
    path = Path(path)
    if _checked_suffix(path) == ".safetensors":
        write_atomically(path, serialise(model, metadata))
    else:
        data = io.BytesIO()
        torch.save(model.state_dict(), data)
        write_atomically(path, data.getvalue())


def read_metadata(path: str | Path) -> dict[str, Any]:
    """What `serialise` put in a checkpoint's header: "sizes" and the rest. Raises CheckpointError if it can't be read."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get("model", "{}"))
        if not isinstance(metadata, dict):
            raise ValueError("its header holds no settings")
        return metadata
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"checkpoint {Path(path).name} can't be read: {first_line(error)}", UNREADABLE) from None


def first_line(error: Exception) -> str:
    """What an exception says, as one short line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _read_tensors(path: Path) -> dict[str, Tensor]:
    suffix = _checked_suffix(path)
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist")
    try:
        tensors = safetensors.torch.load_file(path) if suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, ValueError, RuntimeError, pickle.UnpicklingError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"checkpoint {path.name} is damaged or not a checkpoint: {first_line(error)}", UNREADABLE) from None
    if not isinstance(tensors, dict) or not all(isinstance(t, Tensor) for t in tensors.values()):
        raise CheckpointError(f"checkpoint {path.name} must hold named tensors, got {type(tensors).__name__}", UNREADABLE)
    return tensors


def load_into(model: nn.Module, path: str | Path) -> nn.Module:
    """Load a checkpoint in place; names, shapes, dtype and finiteness must match exactly, else nothing changes."""
    path = Path(path)
    tensors = _read_tensors(path)
    expected = dict(model.named_parameters())
    if tensors.keys() != expected.keys():
        odd = sorted(tensors.keys() ^ expected.keys())[0]
        what = "lacks" if odd in expected else "has the unknown"
        raise CheckpointError(f"checkpoint {path.name} {what} parameter {odd[:80]}: it was made for another architecture", OTHER_MODEL)
    for name, parameter in expected.items():
        given = tensors[name]
        if given.shape != parameter.shape:
            shapes = f"{tuple(parameter.shape)}, got {tuple(given.shape)}"
            plain = "The weights in this checkpoint must have the sizes that it states, and have others"
            raise CheckpointError(f"checkpoint {path.name}: {name} must have shape {shapes}", plain)
        if given.dtype != torch.float32:
            dtype = str(given.dtype).removeprefix("torch.")
            plain = f"The weights in this checkpoint must be float32, not {dtype}"
            raise CheckpointError(f"checkpoint {path.name}: {name} must be float32, got {dtype}", plain.replace("_", " "))
        if not torch.isfinite(given).all():
            plain = "The weights in this checkpoint must be finite, and some are not"
            raise CheckpointError(f"checkpoint {path.name}: {name} must be finite, got a value that is not", plain)
    with torch.no_grad():
        for name, parameter in expected.items():
            parameter.copy_(tensors[name])
    return model


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
