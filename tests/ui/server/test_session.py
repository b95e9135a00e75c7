"""One visitor never touches another, nor the shipped models."""

import copy

import pytest
import torch

from model import WORLDS
from ui.fields import POLICIES, SHIPPED
from ui.runs.policies import shared_model
from ui.server.session import Session
from ui.settings import Choice


@pytest.mark.parametrize("policy", [p for p in POLICIES if p not in ("yours", "random")])
def test_playing_leaves_the_shared_model_as_it_was(policy):
    before = shared_model(policy).params()
    Session().play(Choice(WORLDS["reversed_motor"], policy, False, 1))
    assert all(torch.equal(before[name], p) for name, p in shared_model(policy).params().items())
    assert not any(p.requires_grad for p in shared_model(policy).parameters())


def test_your_own_model_is_yours_alone():
    own = shared_model("untrained").with_params({n: p + 1 for n, p in shared_model("untrained").params().items()})
    before = {policy: shared_model(policy).params() for policy in SHIPPED}
    mine = Session().with_model(own)
    assert mine.policy_model("yours") is own
    assert all(torch.equal(p, shared_model(policy).params()[n]) for policy in SHIPPED for n, p in before[policy].items())
    assert copy.deepcopy(Session()).policy_model("yours") is None
