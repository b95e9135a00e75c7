"""Everything that the scripts of assets/live/ and assets/train/ take from Python, as one JSON object: they type none of these numbers."""

from dataclasses import asdict
from typing import Any

from model import DESCRIPTIONS, WORLDS, StandardAdaptationConfig, StateSpaceModel
from model.config import field_infos
from model.experiments import notice
from model.imitation import teacher
from model.maml import inner_step
from model.maml.live_rules import LiveRules
from model.policy.inputs import SENSORS
from model.policy.params import GROUPS
from model.policy.recurrence import COLUMN_BOUND
from model.policy.ssm import MAX_DIM
from model.rl.advantages import SHORT_DISCOUNT
from model.worlds import cartpole, disturbances
from ui.field import for_scripts
from ui.fields import FIELDS, LINK_NAMES
from ui.views.train_config import WORKER_SCRIPTS, train_config

SCRIPTS = (*WORKER_SCRIPTS, *(f"live/{name}.js" for name in ("teacher", "learn", "protocol", "changes")))
"""The scripts of assets/ that know no page, in the order in which to load them; then call ssmLive.configure(live_config())."""


def live_config() -> dict[str, Any]:
    """What `ssmLive.configure` takes. Units as in model/: m, kg, s, N, rad.

    physics: the time step (s), the limits of angle (rad) and track (m), the range of the start states, an episode's steps.
    disturbances: what its random draws are made of. fields: those of a world, as `for_scripts` has them.
    worlds: name -> description and fields.
    policy: the architecture's fixed sizes and its bound; groups of parameters, the last for all others.
    learn: the constants of the inner step. teacher: the regulator's; notice: when a change counts as noticed.
    rules: the protocol's numbers; rates: the least and the largest learning rate. train: those of meta-training (train_config.py).
    """
    sizes, adaptation = StateSpaceModel().sizes, StandardAdaptationConfig()
    rate = next(info for info in field_infos(LiveRules) if info.name == "lr")
    return {
        "physics": {
            "tau": cartpole.TAU,
            "x_limit": cartpole.X_LIMIT,
            "angle_limit": cartpole.ANGLE_LIMIT,
            "start_range": cartpole.START_RANGE,
            "episode_steps": cartpole.MAX_EPISODE_STEPS,
        },
        "disturbances": {
            "noise_sd": list(disturbances.NOISE_SD),
            "first_reversal": disturbances.FIRST_REVERSAL,
            "spacing": disturbances.SPACING,
            "period": disturbances.PERIOD,
            "channels": disturbances.CHANNELS,
            "push": disturbances.PUSH,
            "reversal": disturbances.REVERSAL,
            "shifts": list(disturbances.SHIFTS),
            "factors": list(disturbances.FACTORS),
        },
        "fields": [for_scripts(f) for f in FIELDS["world"].values()],
        "worlds": {name: {"description": DESCRIPTIONS[name], "fields": asdict(world)} for name, world in WORLDS.items()},
        "policy": {
            "sensors": SENSORS,
            "output_dim": sizes["output_dim"],
            "max_dim": MAX_DIM,
            "column_bound": COLUMN_BOUND,
            "groups": list(GROUPS),
        },
        "learn": {
            "discount": adaptation.discount_factor,
            "short_discount": SHORT_DISCOUNT,
            "inner_lambda": inner_step.INNER_LAMBDA,
            "fall_decay": inner_step.FALL_DECAY,
            "max_ratio": inner_step.MAX_RATIO,
            "inner_scale": inner_step.INNER_SCALE,
            "max_grad_norm": adaptation.max_grad_norm,
            "min_grad_norm": adaptation.min_grad_norm,
        },
        "teacher": {
            "cost": teacher.COST.tolist(),
            "push_cost": teacher.PUSH_COST,
            "discount": teacher.DISCOUNT,
            "doublings": teacher.DOUBLINGS,
        },
        "notice": {"clear": notice.CLEAR, "in_a_row": notice.IN_A_ROW},
        "link_names": sorted(LINK_NAMES),
        "train": train_config(),
        "rules": asdict(LiveRules()),
        "rates": [rate.minimum, rate.maximum],
    }
