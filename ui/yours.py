"""A link to a visitor's own policy, opened elsewhere: the policy is made again, stage by stage, and then the link opens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from model import StateSpaceModel
from model.policy.checkpoint import serialise
from ui.chain import Retraining, retraining
from ui.checks import check_name
from ui.fields import AdaptSettings, query_of
from ui.made import MADE, stages_of
from ui.runs.policies import SHIPPED, choices, shared_model
from ui.runs.recipe import rerun, segments_from_query
from ui.runs.trained import model_from_bytes
from ui.server.fairness import JOBS, TRAINING, Job
from ui.server.session import Session
from ui.server.training_kept import new_token
from ui.server.training_run import run_training
from ui.server.visitors import address_of
from ui.tabs.adapt.tab import AdaptTab
from ui.tabs.events import QUIET
from ui.tabs.meta_train.controls import MetaControls
from ui.tabs.meta_train.tab import MetaTrainTab
from ui.tabs.play import PlayTab
from ui.views.messages import notice, problem, unopened
from ui.views.training import phase_words, spoken_seconds
from ui.words import count

Stage = Retraining | list[AdaptSettings] | str
STARTS = (*SHIPPED, "untrained")


def read_stages(text: str) -> list[Stage]:
    """The stages of a link: a training, the segments of an adaptation, or a shipped policy's name. Raises FieldError."""
    stages: list[Stage] = []
    for kind, fields in stages_of(text):
        follows = bool(stages)
        if kind == "trained":
            stages.append(retraining(fields, follows))
        elif kind == "adapted":
            stages.append(segments_from_query({"ran": "1", **fields, "tab": "adapt"}, follows))
        else:
            stages.append(check_name("starting point", fields.get("name"), STARTS))
    return stages


def promise(stages: list[Stage]) -> str:
    """What making the policy will take."""
    seconds = sum(s.seconds for s in stages if isinstance(s, Retraining))
    if seconds:
        return f"This link trains the policy that it starts from first, in about {spoken_seconds(seconds)}."
    return "This link adapts the policy that it starts from first."


def make(stages: list[Stage], job: Job, address: str) -> Iterator[str | StateSpaceModel]:
    """Sentences on how far it is, and at last the policy. ValueError where a stage can't be made again."""
    model: StateSpaceModel | None = None
    for stage in stages:
        if isinstance(stage, str):
            model = shared_model(stage)
        elif isinstance(stage, Retraining):
            for done in _train(stage, model, job, address):
                yield done
                model = done if isinstance(done, StateSpaceModel) else model
        else:
            start = model if stage[0].start == "yours" else shared_model(stage[0].start)
            for run in job.in_turns(rerun(stage, start, threading.Event())):
                yield f"Adapting it: {count(run.reached, 'gradient step')} made."
            if run.reached != sum(s.num_adapt_steps for s in stage):
                raise ValueError("The adaptation that made it could not be repeated to its end; please try again later.")
            model = run.curves[0].last.model
    yield model


def _train(stage: Retraining, model: StateSpaceModel | None, job: Job, address: str) -> Iterator[str | StateSpaceModel]:
    settings = stage.settings
    start = {"random": None, "yours": model}.get(settings.start) if settings.start != "meta" else shared_model("meta")
    states = run_training(settings, new_token(), start and serialise(start), address=address, only=stage.epochs)
    for state in job.while_wanted(states):
        at = f"Training it: epoch {len(state.epochs)} of {stage.epochs}."
        yield at if state.phase == "training" else phase_words(state)
    if state.problem or len(state.epochs) != stage.epochs:
        raise ValueError(state.problem or "The training that made it took too long here; please try again later.")
    yield model_from_bytes(state.best)


class YoursLink:
    """Build it inside the page's Blocks context, after the tabs that it opens."""

    def __init__(self, page: gr.Blocks, session: gr.State, play: PlayTab, adapt: AdaptTab, meta_train: MetaTrainTab):
        self.session, self.play, self.adapt, self.meta_train = session, play, adapt, meta_train
        self.query = gr.Textbox("", visible="hidden", elem_id="yours-query")
        page.load(self._ask, self.session, self.query, **QUIET)
        start = meta_train.controls.fields["start"]
        made = [session, play.message, adapt.message, play.policy.policy, adapt.controls.start, start]
        done = self.query.change(self._make, [session, self.query], made, **TRAINING, **QUIET)
        opened = done.then(self._open, [session, self.query], [*play.link_outputs, *adapt.link_outputs], **QUIET)
        adapt.connect_result(opened)

    def _ask(self, session: Session, request: gr.Request) -> Any:
        """The query of a link that needs a policy made."""
        query = dict(request.query_params)
        needs = "yours" in (query.get("start"), query.get("policy")) and session.model is None
        return urlencode(query) if needs and query.get(MADE) else gr.skip()

    def _make(self, request: gr.Request, session: Session, text: str) -> Iterator[dict]:
        query = query_of(text)
        message = self.adapt.message if query.get("tab") == "adapt" else self.play.message
        try:
            stages = read_stages(query.get(MADE, ""))
            first = promise(stages)
            yield {message: notice(first)}
            with JOBS.enter(request, "policy") as job:
                for done in make(stages, job, address_of(request)):
                    if isinstance(done, str):
                        yield {message: notice(f"{first} {done}")}
        except ValueError as error:
            yield {message: problem(unopened(error, "The policy of this link can't be made again"))}
            return
        yield {
            self.session: session.with_model(done, query[MADE]),
            message: notice("The policy is made: it is “Yours”."),
            self.play.policy.policy: gr.update(choices=choices(yours=True)),
            self.adapt.controls.start: gr.update(choices=self.adapt.controls.starts(yours=True)),
            self.meta_train.controls.fields["start"]: gr.update(choices=MetaControls.starts(yours=True)),
        }

    def _open(self, session: Session, text: str) -> dict:
        """Open the link, now that there is what it starts from."""
        query = query_of(text)
        if session.model is None:
            return gr.skip()
        return (self.adapt if query.get("tab") == "adapt" else self.play)._open_link(session, SimpleNamespace(query_params=query))
