"""What the scripts of assets/train/ take from Python: the recipes and the numbers of meta-training, which none of them types again."""

import inspect
from dataclasses import asdict
from typing import Any

import torch

from model.maml import guard, meta_batch, meta_config
from model.policy import ssm
from model.rl import ppo
from model.worlds import families, sampling
from ui.runs.training_show import EVERY, shown_worlds
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings
from ui.views.colours import ROLES
from ui.views.training import NAMES as NUMBERS
from ui.views.training import SHOW_SPEED, returns_chart
from ui.views.training_lines import SMOOTH, after_label

NAMES = ("kernels", "sequence", "inner_step", "meta_gradient", "worlds", "perform", "train", "crew")
SCRIPTS = tuple(f"train/{name}.js" for name in NAMES)
"""The scripts of assets/train/ that know no page, in the order in which to load them."""
WORKER_SCRIPTS = ("live/disturbances.js", "live/world.js", "live/policy.js", *SCRIPTS)
"""What a worker is made of."""


def settings_for_scripts(settings: MetaSettings) -> dict[str, Any]:
    """A training's settings as the scripts take them.

    chart: the curves before there are any. after: the words for what an inner step leads to. shown: the worlds in which the best so
    far plays. values: as the page's controls hold them.
    """
    return {
        "families": list(settings.families),
        "start": settings.start,
        "config": asdict(settings.config),
        "chart": returns_chart(settings),
        "after": after_label(settings),
        "shown": [asdict(world) for world in shown_worlds(settings)],
        "values": settings.values(),
    }


def train_config() -> dict[str, Any]:
    """`ssmLive.config.train`.

    first: of random weights. start_scale: on the first states of every second episode. adam: PyTorch's defaults. worlds: the ranges
    that families vary over. recipes: name -> title and settings; recipe: the first one. drawn: how all of it is shown.
    """
    adam = inspect.signature(torch.optim.Adam).parameters
    return {
        "outer_lambda": meta_batch.OUTER_LAMBDA,
        "gradient_limit": meta_batch.GRADIENT_LIMIT,
        "log_ratio_limit": ppo.LOG_RATIO_LIMIT,
        "last_lr_share": meta_config.LAST_LR_SHARE,
        "short_advantage_share": meta_config.SHORT_ADVANTAGE_SHARE,
        "start_scale": meta_batch.start_scale(2)[1].tolist(),
        "first": {"max_decay": ssm.MAX_DECAY, "read_out_gain": ssm.READ_OUT_GAIN, "input_scale": list(ssm.INPUT_SCALE)},
        "guard": {"decay": guard.DECAY, "collapse": guard.COLLAPSE, "good": guard.GOOD},
        "adam": {"betas": list(adam["betas"].default), "eps": adam["eps"].default},
        "worlds": {
            "ranges": {name: list(bounds) for name, bounds in sampling.TRAINING_RANGES.items()},
            "sometimes_zero": list(sampling.SOMETIMES_ZERO),
            "physics": list(families.PHYSICS),
            "gravity_thousandths": list(sampling.SPLITS["train"]),
            "longest_delay": families.LONGEST_DELAY,
        },
        "drawn": {
            "smooth": SMOOTH,
            "dashes": {role: list(ROLES[role].dash) for role in ROLES},
            "names": list(NUMBERS),
            "speed": SHOW_SPEED,
            "every": EVERY,
        },
        "recipes": {name: {"title": title, **settings_for_scripts(settings)} for name, (title, settings) in RECIPES.items()},
        "recipe": FIRST_RECIPE,
    }
