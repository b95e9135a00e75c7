"""A visitor never touches the shipped models."""

import pytest
import torch

from model import WORLDS
from ui.fields import POLICIES
from ui.runs.policies import shared_model
from ui.server.session import Session
from ui.settings import Choice


@pytest.mark.parametrize("policy", [p for p in POLICIES if p not in ("yours", "random")])
def test_playing_leaves_the_shared_model_as_it_was(policy):
    before = shared_model(policy).params()
    Session().play(Choice(WORLDS["reversed_motor"], policy, False, 1))
    assert all(torch.equal(before[name], p) for name, p in shared_model(policy).params().items())
    assert not any(p.requires_grad for p in shared_model(policy).parameters())
