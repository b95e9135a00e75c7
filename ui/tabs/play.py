"""The Play tab: watch a policy balance the pole, break its world, watch it fall."""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import urlencode

import gradio as gr
import numpy as np

from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.field import check
from ui.fields import FIELDS, short_name
from ui.runs.episode import Recording, returns, to_csv
from ui.server.files import new_file
from ui.server.jobs import HEAVY, heavy
from ui.server.session import Session
from ui.settings import MAKERS_ONLY, Choice, choice_from_page, from_query, stand_in, to_query
from ui.tabs.controls import PolicyControls, WorldControls, control, message_area
from ui.tabs.events import COPY_LINK, IN_BROWSER, PRIVATE, QUIET, REFUSED, file_button, fits, follow_address, soon
from ui.tabs.next_step import NextStep
from ui.views.animation import gif
from ui.views.messages import notice, problem, stale_note, unopened
from ui.views.next_steps import after_episode
from ui.views.player import Shown, caption, differences, player, player_value
from ui.views.terms import act_line, terms_hint
from ui.words import OF_ALL

TAB = "Play"


def first_session() -> Session:
    """What stands on the stage when the page opens: the meta-trained policy in the standard world."""
    return Session().play(Choice())


def link_of(choice: Choice) -> str:
    """The query that opens the page on this choice."""
    return urlencode({"tab": "play", **to_query(choice)})


def value_of(session: Session) -> dict:
    """The session's recording as the player shows it."""
    return player_value(Shown(session.recording))


def verdict(values: np.ndarray, choice: Choice) -> str:
    """The outcome of many episodes: a sentence, then a small table."""
    n, how = len(values), "" if choice.policy == "random" else f"; {'greedy' if choice.greedy else 'sampled'} actions"
    std = float(values.std(ddof=1)) if n > 1 else 0.0
    who = html.escape(short_name(choice.policy))
    sentence = f"{who} stood for {values.mean():.1f} ± {std:.1f} {OF_ALL} steps (mean ± standard deviation, n = {n}{how})."
    full = int((values >= MAX_EPISODE_STEPS).sum())
    cells = {"Mean": f"{values.mean():.1f}", "Std": f"{std:.1f}", "Min": f"{values.min():.0f}", "Max": f"{values.max():.0f}"}
    cells |= {f"All {MAX_EPISODE_STEPS}": f"{full} of {n}"}
    head, row = ("".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) for tag, texts in (("th", cells), ("td", cells.values())))
    where = html.escape(", ".join(differences(choice.world)))
    table = f"<table><tr>{head}</tr><tr>{row}</tr></table>"
    return f'<div class="verdict">{stale_note("Press Verify.")}<p>{sentence} World: {where}.</p>{table}</div>'


class PlayTab:
    """Builds the tab; `session` is the page's gr.State. The page calls `connect_link` once, for the page's load event."""

    def __init__(self, session: gr.State, first: Session):
        self.session = session
        line = "Watch a [[policy]] balance the pole. Then break its [[world]]: reverse the motor, tilt a sensor, add wind."
        gr.HTML(act_line(line, "play"))
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.player = player(value_of(first), elem_id="play-stage")
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
                    self.episodes = control(FIELDS["play"]["episodes"], number=True, scale=1, elem_id="play-episodes")
                    self.verify = gr.Button("Verify", elem_id="play-verify", scale=2, min_width=90)
                words = "Verify plays many episodes of this choice at once and gives their mean [[return]]."
                self.verdict = gr.HTML(terms_hint(words, "play-verify"), elem_id="play-verdict")
                self.file = file_button("play-file")
                self.link = gr.Textbox(link_of(first.choice), visible="hidden", elem_id="play-link")
                self.verified = gr.Textbox("", visible="hidden")  # the link of what was verified
                self.refused = gr.Textbox("", visible="hidden")
                self.soon = gr.Button("Run", visible="hidden", elem_id="play-soon")
        self._connect()

    @property
    def inputs(self) -> list:
        """The whole choice: world, policy, mode, seed."""
        return [*self.world.inputs, *self.policy.inputs]

    @property
    def stage(self) -> list:
        """What changes when an episode comes on the stage."""
        return [self.session, self.player, self.message, self.link, self.refused, *self.next.outputs]

    @property
    def outputs(self) -> list:
        """What `showing` fills: the stage and the controls."""
        return [*self.stage, *self.world.outputs, *self.policy.inputs]

    def _connect(self) -> None:
        now = '(...inputs) => { window.ssmNow("play-soon"); return inputs; }'
        # One at a time, and of those that wait only the last: two could end in the wrong order.
        order = {"concurrency_id": "play", "concurrency_limit": 2, "trigger_mode": "always_last", **QUIET}
        given = [self.session, *self.inputs]
        gr.on([self.run.click, self.policy.seed.submit], self._run, given, self.stage, js=now, **order)
        self.soon.click(self._run, given, self.stage, **order)
        changes = [*self.world.events, *(c.input for c in self.policy.inputs)]
        gr.on(changes, None, None, None, js=soon("play-soon", "#play-stage .player"), **IN_BROWSER)
        verdict = [self.verdict, self.verified, self.message]
        self.verify.click(self._verify, [self.session, self.episodes, *self.inputs], verdict, **PRIVATE)
        self.link.change(None, self.link, None, js=follow_address(TAB), **IN_BROWSER)
        made = [self.link.change, self.verified.change, self.refused.change]
        gr.on(made, None, [self.verified, self.link, self.refused], None, js=fits("#play-verdict"), **IN_BROWSER)
        self.copy.click(None, self.link, self.message, js=COPY_LINK, **IN_BROWSER)
        self.gif.click(self._gif, self.session, [self.file, self.message], **HEAVY, **QUIET)
        self.csv.click(self._csv, self.session, [self.file, self.message], **QUIET)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming back to a stage whose choice another tab has changed plays the new choice."""
        tab.select(self._return, [self.session, self.refused, *self.inputs], self.stage, **QUIET)
        tab.select(None, self.link, None, js=follow_address(TAB), **IN_BROWSER)

    def connect_link(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Restore and play what the page's link encodes, and open this tab if the link leads here."""
        self.tabs = tabs
        page.load(self._open_link, self.session, self.link_outputs, **QUIET)

    @property
    def link_outputs(self) -> list:
        """What `_open_link` fills."""
        return [self.tabs, *self.outputs]

    def _choice(self, session: Session, inputs: tuple) -> Choice:
        preset, *values, policy, mode, seed = inputs
        return choice_from_page(preset, values, policy, mode, seed, session.model is not None)

    def _shown(self, session: Session) -> dict:
        """What `stage` becomes when the session's episode comes on it."""
        return {
            self.session: session,
            self.player: value_of(session),
            self.message: "",
            self.refused: "",
            self.link: link_of(session.choice),
            **self.next.updates(after_episode(session.recording)),
        }

    def showing(self, session: Session) -> dict:
        """The same with the controls, for a choice that was not made with them."""
        return {**self._shown(session), **self.world.updates(session.choice.world), **self.policy.updates(session.choice)}

    def _run(self, session: Session, *inputs) -> dict:
        try:
            return self._shown(session.play(self._choice(session, inputs)))
        except ValueError as error:
            return {self.message: problem(error), self.refused: REFUSED}

    def _return(self, session: Session, refused: str, *inputs) -> dict:
        if refused:  # another tab may have mended what could not be used
            return self._run(session, *inputs)
        return self._shown(session.played()) if session.stale else gr.skip()

    def _verify(self, session: Session, episodes, *inputs) -> dict:
        try:
            choice, n = self._choice(session, inputs), check(FIELDS["play"]["episodes"], episodes)
        except ValueError as error:
            return {self.message: problem(error)}
        values = returns(session.policy_model(choice.policy), choice.world, n, choice.seed, choice.greedy)
        return {self.verdict: verdict(values, choice), self.verified: link_of(choice), self.message: ""}

    def _save(self, session: Session, suffix: str, make: Callable[[Recording], bytes]) -> dict:
        session = session.played()  # another tab may have chosen what this one has not shown yet
        path = new_file(f"cartpole-{file_stem(session)}.{suffix}", make(session.recording))
        return {self.file: gr.DownloadButton(value=path), self.message: notice(f"The {suffix.upper()} is ready.")}

    @heavy("picture")
    def _gif(self, request: gr.Request, session: Session) -> dict:
        return self._save(session, "gif", lambda recording: gif(recording, caption(recording)))

    def _csv(self, session: Session) -> dict:
        return self._save(session, "csv", lambda recording: to_csv(recording).encode())

    def _open_link(self, session: Session, request: gr.Request) -> dict:
        query, missing = stand_in(request.query_params, "policy", session.model is not None)
        if query.get("tab") == "live":
            return gr.skip()
        here = {self.tabs: gr.Tabs(selected="play")} if query.get("tab", "play") == "play" else {}
        try:
            choice = from_query(query, session.model is not None)
        except ValueError as error:
            return {**here, self.message: problem(unopened(error))}
        if choice is None:
            return gr.skip()
        shown = {**here, **self.showing(session.play(choice))}
        return {**shown, self.message: notice(MAKERS_ONLY)} if missing else shown


def file_stem(session: Session) -> str:
    """A file name that says what is in it: policy, world, seed."""
    query = to_query(session.choice)
    return f"{query['policy']}-{query['world']}-{query['seed']}"
