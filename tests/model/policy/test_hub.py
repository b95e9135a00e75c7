"""Weights from the Hub: a repository's file is loaded strictly, and what goes wrong is one sentence."""

import sys
import types

import pytest
import torch

from model import CheckpointError, load_pretrained
from model.policy.hub import from_hub
from model.policy.pretrained import WEIGHTS, pretrained_path


def test_a_local_folder_serves_as_a_repository(tmp_path):
    model = from_hub(str(WEIGHTS), "memory.safetensors")
    assert not model.training and torch.equal(model.B, load_pretrained("memory").B)
    with pytest.raises(CheckpointError, match="does not exist"):
        from_hub(str(tmp_path))


def test_a_repositorys_file_is_loaded_and_what_goes_wrong_is_one_sentence(monkeypatch):
    def download(repository, filename, revision=None):
        if (repository, filename, revision) != ("somebody/something", "meta.safetensors", "v1"):
            raise OSError("no route to host\nand a second line")
        return str(pretrained_path("meta"))

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(hf_hub_download=download))  # no test asks the network
    assert torch.equal(from_hub("somebody/something", revision="v1").B, load_pretrained("meta").B)
    with pytest.raises(CheckpointError, match=r"^meta.safetensors of a/b can't be had from the Hub: no route to host$"):
        from_hub("a/b")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match="needs the package huggingface_hub"):
        from_hub("a/b")
