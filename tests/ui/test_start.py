"""A page that can't start says why, in one sentence."""

from __future__ import annotations

import sys

import pytest

import app
import model.policy.pretrained
from ui.runs.policies import shared_model


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty place for weights, with nothing remembered from before."""
    monkeypatch.setattr(model.policy.pretrained, "WEIGHTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["app.py"])
    shared_model.cache_clear()
    yield tmp_path
    shared_model.cache_clear()


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint"])
def test_missing_or_damaged_weights(weights, content, capsys):
    if content is not None:
        (weights / "meta.safetensors").write_bytes(content)
    assert app.main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "meta.safetensors" in error and "python -m model train --recipe meta" in error
    assert "Traceback" not in error
