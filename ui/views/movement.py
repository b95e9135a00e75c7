"""What adaptation changed: how far the parameters moved, and the update rule that ran."""

import html

from model import HybridAdaptationConfig, StateSpaceModel
from model.policy.params import GROUPS, group_of
from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.fields import MODES
from ui.runs.adaptation import AdaptRun, Curve
from ui.views.learnt_words import rule_words
from ui.words import count

RULE = "θ′ = θ − lr · g · n / |g|"  # model.maml.inner_step.inner_step


def movement(before: StateSpaceModel, after: StateSpaceModel) -> dict[str, tuple[float, float]]:
    """For each group of parameters: |change| and |before|, Euclidean norms."""
    a, b = before.params(), after.params()
    squares = {group: [0.0, 0.0] for group in GROUPS}
    for name, p in a.items():
        squares[group_of(name)][0] += float((b[name] - p).double().square().sum())
        squares[group_of(name)][1] += float(p.double().square().sum())
    return {group: (change**0.5, size**0.5) for group, (change, size) in squares.items()}


def movement_html(run: AdaptRun) -> str:
    """How far each group moved, as bars to one scale."""
    moved = {c.mode: movement(c.before.model, c.last.model) for c in run.curves}
    shares = {m: {g: change / size if size else None for g, (change, size) in groups.items()} for m, groups in moved.items()}
    most = max((s for groups in shares.values() for s in groups.values() if s), default=0.0) or 1.0
    rows = []
    for group in GROUPS:
        bars = []
        for mode, groups in moved.items():
            share = shares[mode][group]
            text = f"{100 * share:.3g}%" if share is not None else f"{groups[group][0]:.2g} from 0"
            width = 100 * (share or 0.0) / most
            bars.append(f'<div class="bar" data-role="{mode}"><i style="width:{width:.1f}%"></i><span>{text}</span></div>')
        rows.append(f"<tr><th>{group.capitalize() if len(group) > 1 else group}</th><td>{''.join(bars)}</td></tr>")
    return f'<table class="movement">{"".join(rows)}</table>'


def rule_html(run: AdaptRun) -> str:
    """The update rule with the values of each mode's last step that moved."""
    return '<div class="rules">' + "".join(_rule(c) for c in run.curves) + "</div>"


def _rule(curve: Curve) -> str:
    """The last step that moved the parameters says more than one that found nothing to learn."""
    name, last = MODES[curve.mode], next((p for p in reversed(curve.points) if p.moved), curve.last)
    head = f'<p class="who" data-role="{curve.mode}">{name}, step {last.index}</p>'
    if last.index == 0:
        return f"{head}<p>No step has moved the parameters.</p>"
    config, lr = last.config, last.rate
    if lr == 0:
        then = rule_words(last).removeprefix("then ")
        then = f"no gradient step on fresh episodes came before. {then[:1].upper()}{then[1:]}"
        return f"{head}<p>θ′: what imagined rollouts made of θ; {then}.</p>"
    norm = last.step.grad_norm
    if not last.moved:
        return f"{head}<pre>θ′ = θ</pre><p>No episode fell, so there was nothing to learn.</p>"
    K, steps = config.episodes_per_step, int(last.step.support_returns.sum())
    least, most = config.min_grad_norm * (1 - steps / (K * MAX_EPISODE_STEPS)), config.max_grad_norm
    n = max(min(norm, most), least)
    lines = [RULE, f"θ′ = θ − {lr:g} · g · {n:.3g} / {norm:.3g}", f"|θ′ − θ| = {lr:g} · {n:.3g} = {lr * n:.3g}"]
    words = (
        f"g: gradient on {count(K, 'fresh episode')} ({steps:,} environment steps). n: its length |g|, but at most {most:g} "
        f"and at least {least:.3g}, the share of steps that the episodes missed"
    )
    if isinstance(config, HybridAdaptationConfig):
        words += f"; {rule_words(last)}"
    still = curve.last.index - last.index
    rest = f" The {count(still, 'step')} after it found nothing to learn." if still else ""
    return f"{head}<pre>{html.escape(chr(10).join(lines))}</pre><p>{words}.{rest}</p>"
