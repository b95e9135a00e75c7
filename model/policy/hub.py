"""Weights from the Hugging Face Hub, where `huggingface_hub` is installed (it comes with the page's gradio; the package does without)."""

from __future__ import annotations

from pathlib import Path

from model.policy.checkpoint import CheckpointError, first_line
from model.policy.pretrained import load_checkpoint
from model.policy.ssm import StateSpaceModel


def from_hub(repository: str, filename: str = "meta.safetensors", revision: str | None = None) -> StateSpaceModel:
    """The model of a checkpoint in a model repository ("owner/name"), in eval mode; a local folder serves as one too.

    Raises CheckpointError if huggingface_hub is missing, the file can't be had, or it is not a checkpoint of this package.
    """
    if Path(repository).is_dir():
        return load_checkpoint(Path(repository) / filename)
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise CheckpointError("loading from the Hub needs the package huggingface_hub: pip install huggingface_hub") from None
    try:
        path = hf_hub_download(repository, filename, revision=revision)
    except Exception as error:  # the client raises a family of network, name and permission errors
        raise CheckpointError(f"{filename} of {repository} can't be had from the Hub: {first_line(error)}") from None
    return load_checkpoint(path)
