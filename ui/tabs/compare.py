"""The Compare tab: several policies in one world, from the same start, in step."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.fields import FIELDS, short_name
from ui.links import MAKERS_ONLY, stand_in
from ui.runs.race import Race, race
from ui.server.jobs import HEAVY, JOBS, heavy
from ui.server.session import Session
from ui.settings import (
    MOST_RACERS,
    RACER_MODES,
    RACERS,
    RAN,
    Racer,
    RaceSettings,
    chosen_of,
    race_from_page,
    race_from_query,
    race_to_query,
)
from ui.tabs.controls import WorldControls, control, message_area, unchecked
from ui.tabs.events import IN_BROWSER, QUIET, copy_link, seen, stop_button
from ui.tabs.next_step import NextStep
from ui.tabs.state import TabState
from ui.views.adaptation import paced
from ui.views.messages import notice, problem, unopened
from ui.views.next_steps import after_race
from ui.views.player import player
from ui.views.race import race_value, start_value
from ui.views.race_words import progress, result_html, table
from ui.views.terms import act_line, terms_hint

FIRST = RaceSettings()


def link_of(settings: RaceSettings, ran: bool = False) -> str:
    """The query that opens these settings, and the result where it is wanted."""
    return urlencode({**race_to_query(settings), **({RAN: "1"} if ran else {})})


def offered(yours: bool = False) -> list[tuple[str, str]]:
    """The policies to choose from."""
    return [(short_name(policy), policy) for policy in RACERS if yours or policy != "yours"]


class CompareTab:
    """Built inside its gr.Tab; `session` is the page's gr.State."""

    def __init__(self, session: gr.State, tab: gr.Tab):
        self.session = session
        who = "who stands without learning, who after a [[gradient step]], who never?"
        gr.HTML(act_line(f"Several [[policy|policies]] in one [[world]], from the same start: {who}", "compare"))
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.player = player(elem_id="race-stage")
                self.result = gr.HTML("", elem_id="race-result", elem_classes="result")
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                self._build_controls()
                with gr.Row(elem_classes="pair race-go"):
                    self.race = gr.Button("Race", variant="primary", elem_id="race-run", scale=2, min_width=100)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="race-stop", scale=1, min_width=80)
                self.next = NextStep("race", result=True)
                self.message = message_area("race-message")
                self.copy = gr.Button("Copy link", size="sm")
                self.state = TabState("compare", link_of(FIRST))
        self._connect(tab)

    def _build_controls(self) -> None:
        """The world, who races as it is, who adapts and how, the steps and the seed."""
        self.world = WorldControls(FIRST.world, folded=True)
        chosen = f"Up to {MOST_RACERS} racers, each with the settings that were chosen for it on [[validation worlds]] (Taught: Memory's)."
        ways = "Gradient learns from fresh [[episode|episodes]]; hybrid adds [[imagined rollouts]], from an [[experience buffer]]."
        gr.HTML(terms_hint(f"{chosen} {ways}", "compare-how"))
        labels = {mode: Racer("meta", mode).how.capitalize() for mode in RACER_MODES} | {"none": "As they are"}
        self.chosen = []
        for mode, value in zip(RACER_MODES, chosen_of(FIRST.racers), strict=True):
            group = gr.CheckboxGroup(offered(), value=value, label=labels[mode], elem_id=f"race-{mode}")
            self.chosen.append(unchecked(group, "racers"))
        with gr.Row(elem_classes="pair"):
            self.steps = control(FIELDS["compare"]["num_adapt_steps"], number=True, info=None, min_width=100)
            self.seed = control(FIELDS["compare"]["seed"])

    @property
    def inputs(self) -> list:
        """The whole comparison: world, racers of each mode, steps, seed."""
        return [*self.world.inputs, *self.chosen, self.steps, self.seed]

    @property
    def results(self) -> list:
        """What changes with a comparison."""
        return [self.player, self.result, self.message, self.race, self.stop, self.state.box, *self.next.outputs]

    @property
    def outputs(self) -> list:
        """The same and the controls."""
        return [*self.results, *self.world.outputs, *self.chosen, self.steps, self.seed]

    def _connect(self, tab: gr.Tab) -> None:
        given = [self.session, self.state.box, *self.inputs]
        # One after another, and of those that wait only the last: two at once could end in the wrong order.
        order = {"concurrency_id": "compare", "concurrency_limit": 1, "trigger_mode": "always_last", **QUIET}
        gr.on([self.state.soon.click, tab.select], self.shown, given, [self.player, self.message, self.state.box, *self.chosen], **order)
        self.state.follow([*self.world.events, *(c.input for c in (*self.chosen, self.steps, self.seed))])
        self.race.click(self.raced, [self.session, *self.inputs], self.results, js=seen("race-stage"), **HEAVY, **QUIET)
        stop_button(self.stop, self.message, "Stopping after the step that is under way.", JOBS.stop)
        self.copy.click(None, None, self.message, js=copy_link("compare"), **IN_BROWSER)

    def _settings(self, session: Session, inputs: tuple) -> RaceSettings:
        preset, *rest = inputs
        n = len(self.world.fields)
        fields, chosen, (steps, seed) = rest[:n], rest[n:-2], rest[-2:]
        return race_from_page(preset, fields, chosen, steps, seed, session.model is not None)

    def shown(self, session: Session, state: Any, *inputs) -> dict:
        """The lanes before a race, unless they or its result stand there already; a policy of one's own joins the lists."""
        offers = {} if session.model is None else {group: gr.update(choices=offered(yours=True)) for group in self.chosen}
        try:
            settings = self._settings(session, inputs)
        except ValueError as error:
            return {**offers, self.message: problem(error), self.state.box: self.state.of(refused=True)}
        query = link_of(settings)
        if isinstance(state, dict) and query == state.get("stage"):
            return {**offers, **self.state.mended(state, self.message)}
        told = self.state.of(now=query, stage=query, refused=False)
        return {**offers, self.message: "", self.state.box: told, self.player: start_value(settings, session.policy_model)}

    @heavy("race")
    def raced(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        """The comparison, step by step."""
        try:
            settings = self._settings(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error), self.state.box: self.state.of(refused=True)}
            return
        stop = JOBS.of(request).stop
        yield self._busy(True)
        run: Race | None = None
        for run in paced(race(settings, session.policy_model, stop), stop, wait=False):
            yield {self.message: notice(progress(run)), **self._busy(True), **self.next.waiting()}
        yield self.updates(run)

    def updates(self, run: Race) -> dict:
        """What a race that has ended shows; the controls may have changed meanwhile, so that the stage follows them again."""
        query, link = link_of(run.settings), link_of(run.settings, ran=run.ended == "finished")
        told = {"now": query, "stage": query, "of": query, "link": link, "refused": False, "then": "sync"}
        return {
            self.player: race_value(run),
            self.result: result_html(run) + table(run),
            self.message: "",
            self.state.box: self.state.of(**told),
            **self._busy(False),
            **self.next.updates(after_race(run)),
        }

    def _busy(self, busy: bool) -> dict:
        return {self.race: gr.update(interactive=not busy), self.stop: gr.update(interactive=busy)}

    def opened(self, session: Session, asked: Mapping[str, str]) -> dict:
        """What a link leads to: its lanes; its race too where it asks for the result."""
        query, missing = stand_in(asked, "race", session.model is not None)
        try:
            settings = race_from_query(query, session.model is not None)
        except ValueError as error:
            # The first lanes stand there, so that coming to the tab finds nothing to do and leaves the message.
            told = self.state.of(now=link_of(FIRST), stage=link_of(FIRST))
            return {self.message: problem(unopened(error)), self.state.box: told, self.player: start_value(FIRST, session.policy_model)}
        now = link_of(settings)
        return {
            self.player: start_value(settings, session.policy_model),
            self.state.box: self.state.of(now=now, stage=now, then="race-run" if query.get(RAN) == "1" and not missing else ""),
            self.message: notice(MAKERS_ONLY) if missing else "",
            **self.world.updates(settings.world),
            **dict(zip(self.chosen, chosen_of(settings.racers), strict=True)),
            self.steps: settings.num_adapt_steps,
            self.seed: settings.seed,
        }
