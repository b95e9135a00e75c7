"""An adaptation as a Python program that makes the same numbers."""

from __future__ import annotations

from dataclasses import asdict, fields

from model import HybridAdaptationConfig, StandardAdaptationConfig, World
from ui.runs.adaptation import EVALUATION_EPISODES, AdaptRun, Curve, Segment
from ui.views.learnt_words import cut_short

LOADING = {
    "untrained": ("import torch\n\n", "StateSpaceModel", "StateSpaceModel(generator=torch.Generator().manual_seed(0)).eval()"),
    "yours": ("", "load_checkpoint", 'load_checkpoint("yours.safetensors")  # the policy that you had kept'),
}


def world_code(world: World) -> str:
    """A world as its constructor's call, with only what differs from the standard one."""
    changed = {name: value for name, value in asdict(world).items() if value != getattr(World(), name)}
    return f"World({', '.join(f'{n}={v!r}' for n, v in changed.items())})"


def config_code(segment: Segment) -> str:
    """A config as its constructor's call, with the steps that were really made."""
    values = {f.name: getattr(segment.config, f.name) for f in fields(segment.config)} | {"num_adapt_steps": segment.steps}
    page = ("adapt_lr", "num_adapt_steps", "episodes_per_step", "experience_weight")
    shown = [f"{f.name}={values[f.name]!r}" for f in fields(segment.config) if f.name in page or values[f.name] != f.default]
    return f"{type(segment.config).__name__}({', '.join(shown)})"


def _curve_code(curve: Curve, seed: int) -> list[str]:
    hybrid = curve.mode == "hybrid"
    lines = ["", f"# {curve.mode}: after each gradient step, the mean return of {EVALUATION_EPISODES} greedy episodes and the steps used"]
    lines += ["model = start", *(["buffer = ExperienceBuffer()"] if hybrid else [])]
    done = 0
    for segment in curve.segments:
        if segment.steps == 0 and len(curve.segments) > 1:
            continue
        adapter = "HybridAdapter(config, buffer)" if hybrid else "StandardAdapter(config)"
        before = curve.points[done].env_steps
        index, env = (f"{done} + step.index", f"{before} + step.env_steps") if done else ("step.index", "step.env_steps")
        lines += [
            f"config = {config_code(segment)}",
            f"for step in {adapter}.adapt(model, world, seed={segment.seed}):",
            f"    returns = evaluate_policy(step.model, world, episodes={EVALUATION_EPISODES}, seed={seed})",
            f'    print("{curve.mode}", {index}, returns.mean(), {env})',
            "model = step.model",
        ]
        done += segment.steps
    if hybrid:
        lines += ["# What the buffer taught it: from model import DynamicsModel; DynamicsModel().fit(buffer.joined()).summary()"]
    if any(cut_short(p) for p in curve.points):
        lines += ["# On the page a step's practice was stopped; this program practises to the end, and differs from there on."]
    return lines


def snippet(run: AdaptRun) -> str:
    """A program that repeats the run: the same worlds, seeds, steps, and so the same policies."""
    imports, name, load = LOADING.get(run.settings.start, ("", "load_pretrained", f'load_pretrained("{run.settings.start}")'))
    names = {"World", "evaluate_policy", name}
    for curve in run.curves:
        hybrid = curve.mode == "hybrid"
        config = HybridAdaptationConfig if hybrid else StandardAdaptationConfig
        names |= {config.__name__, *(("HybridAdapter", "ExperienceBuffer") if hybrid else ("StandardAdapter",))}
    lines = [f"{imports}from model import {', '.join(sorted(names))}", "", f"world = {world_code(run.settings.world)}", f"start = {load}"]
    for curve in run.curves:
        lines += _curve_code(curve, run.settings.seed)
    return "\n".join(lines) + "\n"
