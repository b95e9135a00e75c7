"""One visitor never touches another, nor the shipped models."""

from __future__ import annotations

import copy
from dataclasses import replace

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


def test_a_session_is_a_value():
    first = Session()
    second = first.play(Choice(seed=5))
    assert first.recording is None and second.recording.seed == 5
    with pytest.raises(AttributeError):
        second.choice = Choice()


def test_a_choice_changed_elsewhere_is_noticed():
    played = Session().play(Choice(seed=5))
    assert Session().stale and not played.stale
    assert replace(played, choice=Choice(WORLDS["moon"], seed=5)).stale


def test_your_own_model_is_yours_alone():
    own = shared_model("untrained").with_params({n: p + 1 for n, p in shared_model("untrained").params().items()})
    mine = Session().with_model(own)
    assert mine.policy_model("yours") is own
    assert copy.deepcopy(Session()).policy_model("yours") is None
