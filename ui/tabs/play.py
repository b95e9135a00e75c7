"""The Play tab: watch a policy balance the pole, break its world, watch it fall."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.field import check, choices
from ui.fields import FIELDS
from ui.links import MAKERS_ONLY, stand_in
from ui.runs.episode import returns, to_csv
from ui.server.files import new_file
from ui.server.jobs import HEAVY, heavy
from ui.server.session import Session
from ui.settings import Choice, choice_from_page, from_query, to_query
from ui.tabs.controls import PolicyControls, WorldControls, control, message_area
from ui.tabs.events import IN_BROWSER, OF_SESSION, PRIVATE, QUIET, copy_link, file_button, now
from ui.tabs.next_step import NextStep
from ui.tabs.state import TabState
from ui.views.animation import gif
from ui.views.episode_words import caption
from ui.views.messages import notice, problem, unopened
from ui.views.next_steps import after_episode
from ui.views.player import Shown, player, player_value
from ui.views.terms import act_line, terms_hint
from ui.views.verdict import verdict


def first_session() -> Session:
    """What stands on the stage when the page opens: the meta-trained policy in the standard world."""
    return Session().play(Choice())


def link_of(choice: Choice) -> str:
    """The query that opens the page on this choice."""
    return urlencode({"tab": "play", **to_query(choice)})


class PlayTab:
    """Built inside its gr.Tab; `session` is the page's gr.State, `first` what it holds when the page opens."""

    def __init__(self, session: gr.State, first: Session, tab: gr.Tab):
        self.session = session
        line = "Watch a [[policy]] balance the pole. Then break its [[world]]: reverse the motor, tilt a sensor, add wind."
        gr.HTML(act_line(line, "play"))
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.player = player(player_value(Shown(first.recording)), elem_id="play-stage")
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                self.next = NextStep("play", after_episode(first.recording))
                self.world = WorldControls(first.choice.world)
                self.policy = PolicyControls()
                self.run = gr.Button("Run", variant="primary", elem_id="play-run")
                self.message = message_area("play-message")
                with gr.Row(elem_classes="small-buttons"):
                    self.copy = gr.Button("Copy link", size="sm", min_width=80, elem_id="play-copy")
                    self.gif = gr.Button("Save GIF", size="sm", min_width=80, elem_id="play-gif")
                    self.csv = gr.Button("Save CSV", size="sm", min_width=80, elem_id="play-csv")
                with gr.Row(elem_classes="pair"):
                    self.episodes = control(FIELDS["play"]["episodes"], number=True, scale=1)
                    self.verify = gr.Button("Verify", elem_id="play-verify", scale=2, min_width=90)
                words = "Verify plays many episodes of this choice at once and gives their mean [[return]]."
                self.verdict = gr.HTML(terms_hint(words, "play-verify"), elem_id="play-verdict", elem_classes="result")
                self.file = file_button("play-file")
                self.state = TabState("play", link_of(first.choice))
        self._connect(tab)

    @property
    def inputs(self) -> list:
        """The whole choice: world, policy, mode, seed."""
        return [*self.world.inputs, *self.policy.inputs]

    @property
    def stage(self) -> list:
        """What changes with an episode."""
        return [self.session, self.player, self.message, self.state.box, *self.next.outputs]

    @property
    def outputs(self) -> list:
        """The same and the controls."""
        return [*self.stage, *self.world.outputs, *self.policy.inputs]

    def _connect(self, tab: gr.Tab) -> None:
        order = {**OF_SESSION, "trigger_mode": "always_last"}
        stage = [*self.stage, self.policy.policy]
        gr.on([self.run.click, self.policy.seed.submit], self.played, [self.session, *self.inputs], stage, js=now("play-soon"), **order)
        gr.on([self.state.soon.click, tab.select], self.shown, [self.session, self.state.box, *self.inputs], stage, **order)
        self.state.follow([*self.world.events, *(c.input for c in self.policy.inputs)])
        verdict = [self.verdict, self.state.box, self.message]
        self.verify.click(self.verified, [self.session, self.episodes, *self.inputs], verdict, **PRIVATE)
        self.copy.click(None, None, self.message, js=copy_link("play"), **IN_BROWSER)
        self.gif.click(self.gif_file, self.session, [self.file, self.message], **HEAVY, **QUIET)
        self.csv.click(self.csv_file, self.session, [self.file, self.message], **QUIET)

    def updates(self, session: Session) -> dict:
        """What changes when the session's episode comes on the stage."""
        return {
            self.session: session,
            self.player: player_value(Shown(session.recording)),
            self.message: "",
            self.state.box: self.state.of(now=link_of(session.choice), refused=False),
            **self.next.updates(after_episode(session.recording)),
        }

    def _choice(self, session: Session, inputs: tuple) -> Choice:
        preset, *values, policy, mode, seed = inputs
        return choice_from_page(preset, values, policy, mode, seed, session.model is not None)

    def played(self, session: Session, *inputs) -> dict:
        """The episode of what the controls show; of what they can't be, one sentence."""
        try:
            return self.updates(session.play(self._choice(session, inputs)))
        except ValueError as error:
            return {self.message: problem(error), self.state.box: self.state.of(refused=True)}

    def shown(self, session: Session, state: Any, *inputs) -> dict:
        """The episode that the controls describe, unless it stands there already; a policy of one's own joins the list."""
        offered = {} if session.model is None else {self.policy.policy: gr.update(choices=choices(FIELDS["play"]["policy"], yours=True))}
        if self._differs(session, inputs):
            return {**self.played(session, *inputs), **offered}
        return {**self.state.mended(state, self.message), **offered}

    def _differs(self, session: Session, inputs: tuple) -> bool:
        try:
            return session.recording is None or self._choice(session, inputs) != session.choice
        except ValueError:
            return True

    def verified(self, session: Session, episodes, *inputs) -> dict:
        """Many episodes of it at once."""
        try:
            choice, n = self._choice(session, inputs), check(FIELDS["play"]["episodes"], episodes)
        except ValueError as error:
            return {self.message: problem(error)}
        values = returns(session.policy_model(choice.policy), choice.world, n, choice.seed, choice.greedy)
        return {self.verdict: verdict(values, choice), self.state.box: self.state.of(of=link_of(choice)), self.message: ""}

    def _save(self, session: Session, suffix: str, data: bytes) -> dict:
        query = to_query(session.choice)
        path = new_file(f"cartpole-{query['policy']}-{query['world']}-{query['seed']}.{suffix}", data)
        return {self.file: gr.DownloadButton(value=path), self.message: notice(f"The {suffix.upper()} is ready.")}

    @heavy("picture")
    def gif_file(self, request: gr.Request, session: Session) -> dict:
        session = session.played()
        return self._save(session, "gif", gif(session.recording, caption(session.recording)))

    def csv_file(self, session: Session) -> dict:
        session = session.played()
        return self._save(session, "csv", to_csv(session.recording).encode())

    def opened(self, session: Session, asked: Mapping[str, str]) -> dict:
        """What a link leads to: what it asks for, played. Nothing where it speaks of no choice."""
        query, missing = stand_in(asked, "policy", session.model is not None)
        try:
            choice = from_query(query, session.model is not None)
        except ValueError as error:
            return {self.message: problem(unopened(error))}
        if choice is None:
            return {}
        shown = {**self.updates(session.play(choice)), **self.world.updates(choice.world), **self.policy.updates(choice)}
        return {**shown, self.message: notice(MAKERS_ONLY)} if missing else shown
