"""The Play tab: watch a policy balance the pole, break its world, watch it fall."""

from __future__ import annotations

import html
from urllib.parse import urlencode

import gradio as gr
import numpy as np

from ui.shared.controls import PolicyControls, WorldControls, hint, notice, problem, unchecked
from ui.shared.episode import returns, to_csv
from ui.shared.files import new_file
from ui.shared.inputs import Choice, check_episodes, choice_from_page, from_query, to_query
from ui.shared.player import Shown, caption, differences, player, player_value
from ui.shared.policies import POLICIES
from ui.shared.render import gif
from ui.shared.session import Session

# Gradio's own checks answer with a toast; ui/inputs.py alone checks, and its sentence stands beside the controls.
PRIVATE = {"api_visibility": "private", "preprocess": False}
QUIET = {"show_progress": "hidden", **PRIVATE}

COPY_LINK = """async (query) => {
  const url = location.origin + location.pathname + "?" + query;
  const say = (text) => `<p class="notice" role="status">${text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)}</p>`;
  try { await navigator.clipboard.writeText(url); return say("Link copied."); } catch { return say("Copy this link: " + url); }
}"""

# A DownloadButton downloads what it holds when it is clicked, and a file made on that very click comes too late. So the file
# is made first; when it reaches the hidden button, the button is clicked.
CLICK_FILE = """() => { setTimeout(() => document.querySelector("#play-file").click(), 0); }"""


def first_session() -> Session:
    """What stands on the stage when the page opens: the meta-trained policy in the standard world."""
    return Session().play(Choice())


def value_of(session: Session) -> dict:
    """The session's recording as the player shows it."""
    return player_value(Shown(session.recording))


def verdict(values: np.ndarray, choice: Choice) -> str:
    """The outcome of many episodes: a sentence, then a small table."""
    n, how = len(values), "" if choice.policy == "random" else f"; {'greedy' if choice.greedy else 'sampled'} actions"
    std = float(values.std(ddof=1)) if n > 1 else 0.0
    who = html.escape(caption_of(choice))
    sentence = f"{who} stood for {values.mean():.1f} ± {std:.1f} of 500 steps (mean ± standard deviation, n = {n}{how})."
    full = int((values >= 500).sum())
    cells = {"Mean": f"{values.mean():.1f}", "Std": f"{std:.1f}", "Min": f"{values.min():.0f}", "Max": f"{values.max():.0f}"}
    cells |= {"All 500": f"{full} of {n}"}
    head, row = ("".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) for tag, texts in (("th", cells), ("td", cells.values())))
    where = html.escape(", ".join(differences(choice.world)))
    return f'<div class="verdict"><p>{sentence} World: {where}.</p><table><tr>{head}</tr><tr>{row}</tr></table></div>'


def caption_of(choice: Choice) -> str:
    """The policy's short name."""
    return POLICIES[choice.policy].split(" (")[0]


class PlayTab:
    """Builds the tab; `session` is the page's gr.State. The page calls `connect_link` once, for the page's load event."""

    def __init__(self, session: gr.State, first: Session):
        self.session = session
        gr.HTML(
            '<p class="act-line">Watch it balance. Then break its world: reverse the motor, tilt a sensor, add wind, and press Run.</p>'
        )
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.player = player(value_of(first), elem_id="play-stage")
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                self.world = WorldControls(first.choice.world)
                self.policy = PolicyControls()
                self.run = gr.Button("Run", variant="primary", elem_id="play-run")
                self.message = gr.HTML("", elem_id="play-message", elem_classes="message")
                with gr.Row(elem_classes="small-buttons"):
                    self.copy = gr.Button("Copy link", size="sm", min_width=80, elem_id="play-copy")
                    self.gif = gr.Button("Save GIF", size="sm", min_width=80, elem_id="play-gif")
                    self.csv = gr.Button("Save CSV", size="sm", min_width=80, elem_id="play-csv")
                with gr.Row(elem_classes="pair"):
                    self.episodes = unchecked(gr.Number(10, label="Episodes", step=1, min_width=80, scale=1, elem_id="play-episodes"))
                    self.verify = gr.Button("Verify", elem_id="play-verify", scale=2, min_width=90)
                self.verdict = gr.HTML(
                    hint("Verify plays many episodes of this choice at once and gives their mean."), elem_classes="verdict-box"
                )
                self.file = gr.DownloadButton("File", visible="hidden", elem_id="play-file")
                self.link = gr.Textbox(urlencode(to_query(first.choice)), visible="hidden", elem_id="play-link")
        self._connect()

    @property
    def inputs(self) -> list:
        """The whole choice: world, policy, mode, seed."""
        return [*self.world.inputs, *self.policy.inputs]

    def _connect(self) -> None:
        stage = [self.session, self.player, self.message, self.link]
        self.run.click(self._run, [self.session, *self.inputs], stage, **QUIET)
        self.policy.seed.submit(self._run, [self.session, *self.inputs], stage, **QUIET)
        self.verify.click(self._verify, [self.session, self.episodes, *self.inputs], [self.verdict, self.message], **PRIVATE)
        self.copy.click(None, self.link, self.message, js=COPY_LINK, queue=False, **QUIET)
        for button, make in ((self.gif, self._gif), (self.csv, self._csv)):
            button.click(make, self.session, [self.file, self.message], **QUIET)
        self.file.change(None, js=CLICK_FILE, queue=False, **QUIET)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming back to a stage whose choice another tab has changed plays the new choice."""
        tab.select(self._return, self.session, [self.session, self.player, self.link], **QUIET)

    def connect_link(self, page: gr.Blocks) -> None:
        """Restore and play what the page's link encodes."""
        outputs = [self.session, self.player, self.message, self.link, *self.world.outputs, *self.policy.inputs]
        page.load(self._open_link, self.session, outputs, **QUIET)

    def _choice(self, session: Session, inputs: tuple) -> Choice:
        preset, *values, policy, mode, seed = inputs
        return choice_from_page(preset, values, policy, mode, seed, session.model is not None)

    def _run(self, session: Session, *inputs):
        try:
            session = session.play(self._choice(session, inputs))
        except ValueError as error:
            return gr.skip(), gr.skip(), problem(error), gr.skip()
        return session, value_of(session), "", urlencode(to_query(session.choice))

    def _return(self, session: Session):
        if not session.stale:
            return gr.skip(), gr.skip(), gr.skip()
        session = session.play(session.choice)
        return session, value_of(session), urlencode(to_query(session.choice))

    def _verify(self, session: Session, episodes, *inputs):
        try:
            choice, n = self._choice(session, inputs), check_episodes(episodes)
        except ValueError as error:
            return gr.skip(), problem(error)
        return verdict(returns(session.policy_model(choice.policy), choice.world, n, choice.seed, choice.greedy), choice), ""

    def _gif(self, session: Session):
        path = new_file(f"cartpole-{file_stem(session)}.gif", gif(session.recording, caption(session.recording)))
        return gr.DownloadButton(value=path), notice("The GIF is ready.")

    def _csv(self, session: Session):
        path = new_file(f"cartpole-{file_stem(session)}.csv", to_csv(session.recording).encode())
        return gr.DownloadButton(value=path), notice("The CSV is ready.")

    def _open_link(self, session: Session, request: gr.Request):
        untouched = [gr.skip()] * (len(self.world.outputs) + 3)
        try:
            choice = from_query(dict(request.query_params), session.model is not None)
        except ValueError as error:
            return gr.skip(), gr.skip(), problem(f"This link can't be opened: {error}."), gr.skip(), *untouched
        if choice is None:
            return *[gr.skip()] * 4, *untouched
        session = session.play(choice)
        controls = [*self.world.updates(choice.world), choice.policy, "greedy" if choice.greedy else "sampled", choice.seed]
        return session, value_of(session), "", urlencode(to_query(choice)), *controls


def file_stem(session: Session) -> str:
    """A file name that says what is in it: policy, world, seed."""
    query = to_query(session.choice)
    return f"{query['policy']}-{query['world']}-{query['seed']}"
