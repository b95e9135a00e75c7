"""A policy with a larger hidden state that acts as before."""

from __future__ import annotations

import torch

from model.policy.ssm import StateSpaceModel


def with_states(model: StateSpaceModel, state_dim: int, generator: torch.Generator | None = None) -> StateSpaceModel:
    """The same policy, in its mode, with state_dim states and mixing units: the further ones are a new model's, and nothing reads them yet.

    Raises ValueError for fewer states than the policy has.
    """
    S = model.state_dim
    if state_dim < S:
        raise ValueError(f"state_dim must be at least {S}, got {state_dim}")
    wide = StateSpaceModel(**{**model.sizes, "state_dim": state_dim}, generator=generator)
    old, new = model.params(), wide.params()
    for name in ("state_bias", "initial_state", "mix_bias", "mlp_out_bias", "B", "mlp_out_weight"):
        new[name][..., :S] = old[name]
    for name in ("C", "mlp_in_weight"):
        new[name][:S], new[name][S:] = old[name], 0.0
    new["mlp_out_weight"][:, S:] = 0.0
    new["A"][:S, :S] = old["A"]  # a new model's is diagonal
    mix, inputs = new["mix_weight"], new["mix_weight"][state_dim:]
    mix[:S, :S], mix[S:state_dim, :S], inputs[:, :S] = old["mix_weight"][:S], 0.0, old["mix_weight"][S:]
    for name in ("D", "input_scale", "mlp_in_bias", "output_bias"):
        new[name] = old[name]
    return wide.train(model.training).with_params(new)
