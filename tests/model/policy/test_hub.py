"""Weights from the Hub: the package does without huggingface_hub until it is asked for them."""

import sys
import types

import pytest
import torch

from model import CheckpointError, load_pretrained
from model.policy.hub import from_hub
from model.policy.pretrained import WEIGHTS, pretrained_path


def test_a_local_folder_serves_as_a_repository():
    model = from_hub(str(WEIGHTS), "memory.safetensors")
    assert not model.training
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), load_pretrained("memory").parameters(), strict=True))


def test_the_hubs_file_is_loaded_strictly(monkeypatch):
    asked = []

    def download(repository, filename, revision=None):
        asked.append((repository, filename, revision))
        return str(pretrained_path("meta"))

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=download))
    assert torch.equal(from_hub("somebody/something", revision="v1").B, load_pretrained("meta").B)
    assert asked == [("somebody/something", "meta.safetensors", "v1")]


def test_what_goes_wrong_is_one_sentence(monkeypatch, tmp_path):
    def fails(*args, **kwargs):
        raise OSError("no route to host\nand a second line")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=fails))
    with pytest.raises(CheckpointError, match=r"^meta.safetensors of a/b can't be had from the Hub: no route to host$"):
        from_hub("a/b")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match="needs the package huggingface_hub"):
        from_hub("a/b")
    with pytest.raises(CheckpointError, match="does not exist"):
        from_hub(str(tmp_path))
