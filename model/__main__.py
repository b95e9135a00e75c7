"""The commands: python -m model train | adapt | evaluate | benchmark."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from model import (
    WORLDS,
    CheckpointError,
    HybridAdaptationConfig,
    HybridAdapter,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    World,
    adaptation_config,
    evaluate_policy,
    load_checkpoint,
    load_pretrained,
)
from model.config import check_choice, check_number, exact, field_infos
from model.console import run
from model.imitation.config import ImitationConfig
from model.imitation.recipe import ALL_RECIPES
from model.maml.meta_config import MetaTrainingConfig
from model.maml.to_file import Training, read_state
from model.policy.pretrained import SHIPPED, WEIGHTS

TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def parse_value(text: str, kind: type, name: str) -> bool | float | str:
    """A command-line text as a value for the checks of model.config, which know the bounds."""
    if kind is bool:
        if text.lower() in TRUE + FALSE:
            return text.lower() in TRUE
        raise ValueError(f"{name} must be true or false, got {text}")
    try:
        return float(text)
    except ValueError:
        return text  # the field's own check names the bound


def add_config_options(parser: argparse.ArgumentParser, cls: type, skip: tuple[str, ...] = ()) -> None:
    """One option for each field of a config; its help tells unit, bounds and the config's default; a recipe or start may have another."""
    for info in field_infos(cls):
        if info.name in skip:
            continue
        unit = f" {info.unit}" if info.unit else ""
        limits = "true or false" if isinstance(info.default, bool) else f"{exact(info.minimum)} to {exact(info.maximum)}{unit}"
        parser.add_argument(f"--{info.name}", metavar="VALUE", help=f"{info.help} ({limits}; usually {info.default})".replace("%", "%%"))


def changed_fields(args: argparse.Namespace, cls: type) -> dict:
    """The fields of `cls` that the command line names."""
    given = {i.name: (getattr(args, i.name, None), type(i.default)) for i in field_infos(cls)}
    return {name: parse_value(text, kind, name) for name, (text, kind) in given.items() if text is not None}


def world_from(args: argparse.Namespace) -> World:
    """The world of --world and --set."""
    kinds = {i.name: type(i.default) for i in World.fields()}
    changes = {}
    for item in args.set:
        name, equals, text = item.partition("=")
        if not equals or name not in kinds:
            raise ValueError(f"--set must be field=value with a field of {', '.join(kinds)}, got {item}")
        changes[name] = parse_value(text, kinds[name], name)
    return dataclasses.replace(WORLDS[check_choice("world", args.world, WORLDS)], **changes)


def train(args: argparse.Namespace) -> dict:
    """Train a checkpoint by a recipe."""
    recipe = ALL_RECIPES[args.recipe]
    known = {i.name for i in field_infos(type(recipe.config))}
    for info in (*field_infos(MetaTrainingConfig), *field_infos(ImitationConfig)):
        if info.name not in known and getattr(args, info.name) is not None:
            raise ValueError(f"{info.name} is no setting of --recipe {args.recipe}")
    config = dataclasses.replace(recipe.config, **changed_fields(args, type(recipe.config)))
    out = Path(args.out) if args.out else WEIGHTS / f"{args.recipe}.safetensors"
    if out.suffix != ".safetensors" or not out.parent.is_dir():
        raise ValueError(f"--out must be a .safetensors file in an existing folder, got {out}")
    polishing = recipe.polish_epochs
    if args.polish_epochs is not None:
        polishing = check_number("polish_epochs", parse_value(args.polish_epochs, int, "polish_epochs"), 0, 100_000, int)
    configs = recipe.configs(config, polishing)
    training = Training(args.recipe, configs, out, read_state(out, args.recipe, configs) if args.resume else None, recipe.learner)
    total = sum(c.num_epochs for c in configs)
    bar = tqdm(total=total, unit="epoch", disable=args.json, file=sys.stderr, initial=training.epochs_done)
    record = None
    epochs = training.epochs()
    try:
        for record in epochs:
            bar.update()
            speed = record.env_steps / record.seconds
            bar.set_postfix_str(f"{record.progress}, {speed:,.0f} steps/s")
    except KeyboardInterrupt:
        bar.write("stopped; the best parameters so far are kept, and --resume goes on", file=sys.stderr)
    finally:
        epochs.close()
        bar.close()
    if record is None:
        raise ValueError("stopped before the first epoch; nothing was written")
    return {"checkpoint": str(out), **dataclasses.asdict(record)}


def adapt(args: argparse.Namespace) -> list[dict]:
    """Adapt a policy to a world and show each step."""
    hybrid = args.mode == "hybrid"
    cls = HybridAdaptationConfig if hybrid else StandardAdaptationConfig
    if not hybrid and args.experience_weight is not None:
        raise ValueError(f"experience_weight belongs to --mode hybrid, got --mode {args.mode}")
    config = adaptation_config("meta" if args.checkpoint else args.policy, args.mode, **changed_fields(args, cls))
    world = world_from(args)
    model = load_checkpoint(args.checkpoint) if args.checkpoint else load_pretrained(args.policy)
    adapter = HybridAdapter(config) if hybrid else StandardAdapter(config)
    rows = []
    try:
        for step in adapter.adapt(model, world, args.seed):
            returns = evaluate_policy(step.model, world, args.episodes, args.seed)
            support = float(np.mean(step.support_returns)) if step.index else None
            row = {
                "step": step.index,
                "greedy_return": float(returns.mean()),
                "support_return": support,
                "loss": step.loss if step.index else None,
                "env_steps": step.env_steps,
                "seconds": step.seconds,
            }
            rows.append(row)
            if not args.json:
                learnt = f"   learnt from returns of {support:.1f} on average" if step.index else ""
                print(f"step {step.index}: greedy return {row['greedy_return']:6.1f}   environment steps {step.env_steps:6d}{learnt}")
    except NonFiniteParameters as error:
        print(f"stopped: {error}", file=sys.stderr)
    return rows


def evaluate(args: argparse.Namespace) -> dict:
    """Measure what the README states, and write weights/results.json."""
    from model.experiments.runner import run_study  # imported when needed: it is the largest module

    say = None if args.json else print
    return run_study(args.split, args.quick, args.seed, say, chosen=args.part, read_again=args.read_again)


def benchmark(args: argparse.Namespace) -> dict:
    """Measure speed and cost, and write weights/benchmark.json."""
    from model.experiments.benchmark import PARTS, run_benchmark

    unknown = [name for name in args.part if name not in PARTS]
    if unknown:
        raise ValueError(f"--part must be one of {', '.join(PARTS)}, got {unknown[0]}")
    return run_benchmark(args.part, args.seed, report=None if args.json else print)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model", description="A State Space Model policy, meta-trained to adapt to broken CartPole worlds."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable, seed: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        sub.set_defaults(run=run)
        if seed:
            sub.add_argument("--seed", metavar="N", default="0", help="seed of everything random (default 0)")
        sub.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
        sub.add_argument(
            "--threads",
            type=int,
            default=1,
            choices=range(1, 65),
            metavar="N",
            help="torch threads (default 1; more are hardly faster, and round sums in another order)",
        )
        return sub

    sub = command("train", train, seed=False)
    sub.add_argument("--recipe", choices=ALL_RECIPES, default="meta", help="; ".join(f"{n}: {r.help}" for n, r in ALL_RECIPES.items()))
    sub.add_argument("--out", metavar="FILE", help="where to write the checkpoint (default weights/<recipe>.safetensors)")
    sub.add_argument(
        "--polish_epochs",
        metavar="N",
        help="epochs of the last training, at a lower learning rate (default: the recipe's; 0: none follows the first)",
    )
    sub.add_argument("--resume", action="store_true", help="go on with the unfinished training of --out")
    add_config_options(sub, MetaTrainingConfig)
    add_config_options(sub, ImitationConfig, tuple(i.name for i in field_infos(MetaTrainingConfig)))

    sub = command("adapt", adapt)
    sub.add_argument("--world", metavar="NAME", default="reversed_motor", help=f"one of {', '.join(WORLDS)} (default reversed_motor)")
    sub.add_argument("--set", metavar="FIELD=VALUE", action="append", default=[], help="change a field of the world; may be repeated")
    sub.add_argument(
        "--mode",
        choices=("standard", "hybrid"),
        default="standard",
        help="steps on fresh episodes; hybrid: then imagined rollouts of a fitted dynamics model",
    )
    sub.add_argument("--policy", choices=SHIPPED, default="meta", help="the shipped weights to start from (default meta)")
    sub.add_argument("--checkpoint", metavar="FILE", help="start from this checkpoint instead (.safetensors or .pth)")
    sub.add_argument(
        "--episodes", type=int, default=20, help="greedy episodes that measure each step; not counted as environment steps (default 20)"
    )
    add_config_options(sub, HybridAdaptationConfig)

    sub = command("evaluate", evaluate)
    sub.add_argument("--split", choices=("validation", "test", "sealed"), default="test", help="the worlds to measure on (default test)")
    sub.add_argument("--read_again", action="store_true", help="read the sealed split although it was read before; the results say so")
    sub.add_argument(
        "--quick", action="store_true", help="a smoke test of under 2 minutes: one part of each kind, made small; writes nothing"
    )
    sub.add_argument(
        "--part",
        metavar="NAME",
        action="append",
        default=[],
        help="measure only this, as presets or hybrid/comparison/meta; may be repeated",
    )

    sub = command("benchmark", benchmark)
    sub.add_argument("--part", metavar="NAME", action="append", default=[], help="measure only this; may be repeated (default: everything)")
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        if args.command != "train":
            text = args.seed
            args.seed = int(text) if text.isdigit() else -1
            if not 0 <= args.seed < 2**32:
                raise ValueError(f"seed must be a whole number between 0 and {2**32 - 1}, got {text}")
        torch.set_num_threads(args.threads)
        result = args.run(args)
    except CheckpointError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename or 'the result'} can't be read or written: {error.strerror or error}", file=sys.stderr)
        return 1
    except ValueError as error:
        parser.exit(2, f"error: {error}\n")
    if args.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    run(main)
