"""The table of parameters, counted in the loaded model."""

import html

from model import StateSpaceModel
from model.policy.params import GROUPS, group_of

MEANING = {
    "A": "state transition: what stays of the hidden state",
    "B": "input projection: what the sensors add to it",
    "C": "output network: what the features decide",
    "D": "feedthrough: what the sensors decide directly",
    "mix_weight": "mixing layer",
    "mix_bias": "mixing layer, bias",
    "mlp_in_weight": "small network, in",
    "mlp_in_bias": "small network, in, bias",
    "mlp_out_weight": "small network, out",
    "mlp_out_bias": "small network, out, bias",
    "state_bias": "bias of the recurrence",
    "initial_state": "hidden state at the start",
    "input_scale": "scale of each sensor",
    "output_bias": "bias of the outputs",
}
SYMBOL = {
    "mix_weight": "Wₘ",
    "mix_bias": "bₘ",
    "mlp_in_weight": "W₁",
    "mlp_in_bias": "b₁",
    "mlp_out_weight": "W₂",
    "mlp_out_bias": "b₂",
    "state_bias": "b",
    "initial_state": "h₋₁",
    "input_scale": "s",
    "output_bias": "c",
}


def shape(model: StateSpaceModel, name: str) -> str:
    """A parameter's shape in words: "32 × 32"."""
    return " × ".join(map(str, getattr(model, name).shape))


def total(model: StateSpaceModel) -> int:
    """How many parameters the model has."""
    return sum(model.count_parameters().values())


def parameter_table(model: StateSpaceModel) -> str:
    """Every parameter of the model with its shape and count, the groups' sums, and the total, as an HTML table."""
    counts, rows = model.count_parameters(), []
    names = [name for name, _ in model.named_parameters()]
    for group in GROUPS:
        members = [name for name in names if group_of(name) == group]
        for name in members:
            cells = (SYMBOL.get(name, name), MEANING.get(name, name), shape(model, name), f"{getattr(model, name).numel():,}")
            rows.append("<tr><th scope=row>{}</th>{}</tr>".format(html.escape(cells[0]), "".join(f"<td>{c}</td>" for c in cells[1:])))
        if len(members) > 1:
            rows.append(f"<tr class=sum><th scope=row></th><td>{group} together</td><td></td><td>{counts[group]:,}</td></tr>")
    rows.append(f"<tr class=sum><th scope=row></th><td>all</td><td></td><td>{total(model):,}</td></tr>")
    head = "".join(f"<th scope=col>{text}</th>" for text in ("symbol", "what it is", "shape", "parameters"))
    return f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
