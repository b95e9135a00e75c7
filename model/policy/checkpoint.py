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
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from model.config import quoted

SUFFIXES = (".safetensors", ".pth")


class CheckpointError(ValueError):
    """A checkpoint file that is missing, damaged, or made for another architecture.

    plain: the same for people who know no parameter's name, where there is a shorter way to say it; else empty.
    """

    def __init__(self, sentence: str, plain: str = ""):
        super().__init__(sentence)
        self.plain = plain


class LfsPointerError(CheckpointError):
    """What should be weights is the small text that Git LFS keeps in their place until they are fetched."""


POINTER = b"version https://git-lfs"
UNREADABLE = "This file is damaged or no checkpoint"
OTHER_MODEL = "This checkpoint was made for another architecture"
WRAPPERS = ("model_state_dict", "state_dict", "model")  # under which training programs file the parameters among other things
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def _file(path: str | Path) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise CheckpointError(f"path must be the name of a file, got {quoted(path)}")
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise CheckpointError(f"path must end in {' or '.join(SUFFIXES)}, got {path}")
    return path


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
    path = _file(path)
    if path.suffix == ".safetensors":
        write_atomically(path, serialise(model, metadata))
    else:
        data = io.BytesIO()
        torch.save(model.state_dict(), data)
        write_atomically(path, data.getvalue())


class Checkpoint(NamedTuple):
    """What a file holds: its name or path, parameters by name, and what `serialise` put in its header: "sizes" and the rest."""

    name: str
    tensors: dict[str, Tensor]
    metadata: dict[str, Any]

    @property
    def sizes(self) -> Any:
        """The sizes that the header states; else those that the parameters' shapes tell; None where neither does."""
        if "sizes" in self.metadata:
            return self.metadata["sizes"]
        try:
            (inputs, state), outputs, hidden = self.tensors["B"].shape, self.tensors["C"].shape[1], self.tensors["mlp_in_weight"].shape[1]
        except (KeyError, ValueError, IndexError):
            return None
        return {"state_dim": state, "input_dim": inputs, "output_dim": outputs, "hidden_dim": hidden}


def read(path: str | Path) -> Checkpoint:
    """A checkpoint file's content. Raises CheckpointError where it is missing or none."""
    path = _file(path)
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist")
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} can't be read: {error.strerror}", UNREADABLE) from None


def parse(data: bytes, name: str) -> Checkpoint:
    """The content of a file of this name or path, whose suffix tells its format.

    Parameters that another program has filed under "model", "state_dict" and the like, or given a prefix, as torch.compile and
    DataParallel do ("_orig_mod.", "module."), are found. Raises CheckpointError for what is no checkpoint.
    """
    if data.startswith(POINTER):
        cure = "run git lfs install and git lfs pull where it was cloned"
        plain = "This file is a Git LFS pointer, not the checkpoint itself; download the file that it stands for"
        raise LfsPointerError(f"checkpoint {name} is a Git LFS pointer, not the weights: {cure}", plain)
    try:
        if name.endswith(".safetensors"):
            content, metadata = safetensors.torch.load(data), _metadata(data)
        else:
            content, metadata = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True), {}
    except pickle.UnpicklingError:
        raise CheckpointError(f"checkpoint {name} can't be read: it must hold a state_dict and no other objects", UNREADABLE) from None
    except (OSError, EOFError, ValueError, RuntimeError, RecursionError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"checkpoint {name} can't be read: {first_line(error)}", UNREADABLE) from None
    while isinstance(content, dict) and (inner := [content[w] for w in WRAPPERS if isinstance(content.get(w), dict)]):
        content = inner[0]
    if not isinstance(content, dict) or not all(isinstance(n, str) and isinstance(t, Tensor) for n, t in content.items()):
        raise CheckpointError(f"checkpoint {name} must hold named tensors, got {type(content).__name__}", UNREADABLE)
    if len({n.rpartition(".")[0] for n in content}) == 1:  # one prefix for all: no parameter of ours has a dot in its name
        content = {n.rpartition(".")[2]: t for n, t in content.items()}
    return Checkpoint(name, content, metadata)


def _metadata(data: bytes) -> dict[str, Any]:
    """The entry of `serialise` in the header of a safetensors file: 8 bytes of its length, then JSON."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = json.loads(header.get("__metadata__", {}).get("model", "{}"))
    if not isinstance(metadata, dict):
        raise ValueError("its header holds no settings")
    return metadata


def first_line(error: Exception) -> str:
    """What an exception says, as one short line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def load_into(model: nn.Module, path: str | Path) -> nn.Module:
    """Load a checkpoint in place; names, shapes and finiteness must match exactly, else nothing changes."""
    found = read(path)
    if isinstance(found.sizes, dict) and found.sizes != model.sizes:
        other = ", ".join(f"{size} {found.sizes.get(size)}" for size in model.sizes if found.sizes.get(size) != model.sizes[size])
        own = "load_checkpoint makes a model of these sizes"
        raise CheckpointError(f"checkpoint {found.name} has other sizes than this model: {other}; {own}", OTHER_MODEL)
    return fill(model, found)


def fill(model: nn.Module, found: Checkpoint) -> nn.Module:
    """Give the model a checkpoint's parameters, as float32. CheckpointError leaves it as it was."""
    expected = dict(model.named_parameters())
    if found.tensors.keys() != expected.keys():
        odd = sorted(found.tensors.keys() ^ expected.keys())[0]
        what = "lacks" if odd in expected else "has the unknown"
        raise CheckpointError(f"checkpoint {found.name} {what} parameter {odd[:80]}: it was made for another architecture", OTHER_MODEL)
    for name, parameter in expected.items():
        given = found.tensors[name]
        if given.shape != parameter.shape:
            shapes = f"{tuple(parameter.shape)}, got {tuple(given.shape)}"
            plain = "The weights in this checkpoint must have the sizes that it states, and have others"
            raise CheckpointError(f"checkpoint {found.name}: {name} must have shape {shapes}", plain)
        if given.dtype not in FLOATS or given.layout != torch.strided:
            kind = str(given.dtype).removeprefix("torch.")
            plain = f"The weights in this checkpoint must be float32, not {kind}"
            raise CheckpointError(f"checkpoint {found.name}: {name} must be dense and float32, got {kind}", plain.replace("_", " "))
        if not given.float().isfinite().all():
            plain = "The weights in this checkpoint must be finite, and some are not"
            raise CheckpointError(f"checkpoint {found.name}: {name} must be finite, got a value that is not", plain)
    with torch.no_grad():
        for name, parameter in expected.items():
            parameter.copy_(found.tensors[name])
    return model


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
