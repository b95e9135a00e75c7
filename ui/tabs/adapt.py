"""The Adapt tab: break the world, press Adapt, and watch the policy learn to stand again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.components import Component

from model import World
from model.policy.checkpoint import serialise
from ui.field import Field, FieldError, check, offered
from ui.links import MAKERS_ONLY, stand_in
from ui.runs.adaptation import MOST_STEPS, AdaptRun, Curve, Point, adapt, go_on, link_of
from ui.server.files import new_file
from ui.server.jobs import HEAVY, JOBS, heavy
from ui.server.session import STATE_SECONDS, Session
from ui.settings import RAN, AdaptSettings, adapt_from_query, adapt_to_query, preset_of
from ui.tabs.adapt_layout import FIRST, AdaptLayout, AdaptState, place
from ui.tabs.controls import WorldControls
from ui.tabs.events import IN_BROWSER, OF_SESSION, QUIET, copy_link, now, stop_button
from ui.tabs.seed_sweep import SeedSweepPart
from ui.tabs.state import TabState
from ui.tabs.yours import Yours
from ui.views.adaptation import paced, preview_value, stage_value
from ui.views.adaptation_words import progress
from ui.views.learnt import lesson
from ui.views.learnt_words import imagining_words
from ui.views.messages import forgotten, notice, problem, unopened
from ui.views.share import share_gif

EXPIRED = "The server no longer has the adapted policy of this run; press Adapt to start afresh."
# The maps follow the slider at once, the episodes when the server has played them.
SCRUB = '(...inputs) => { window.ssmMorph("adapt-stage", inputs.at(-1)); return inputs; }'


class AdaptTab(AdaptLayout):
    """Built inside its gr.Tab; `session` is the page's gr.State. The page calls `connect` once all tabs are there."""

    def __init__(self, session: gr.State, tab: gr.Tab):
        self.session = session
        self.shown = gr.State(None, time_to_live=STATE_SECONDS)  # an AdaptState; None: the first one
        super().__init__()
        self.sweep = SeedSweepPart(session, self.controls)
        self.state = TabState("adapt", urlencode(adapt_to_query(FIRST)))
        self.tab = tab

    # --- what is shown follows from the state ---

    def _changes(self, before: AdaptState, s: AdaptState, then: str = "") -> dict:
        """What differs between two states, and what the browser has to know. then: as in TabState."""
        was = self.updates(before)
        changed = {c: value for c, value in self.updates(s).items() if was[c] != value}
        of, link = (urlencode(adapt_to_query(s.run.settings)), link_of(s.run)) if s.run else ("", "")
        told = {"now": urlencode(adapt_to_query(s.settings)), "of": of, "link": link, "refused": s.refused, "then": then}
        return {self.shown: s, self.state.box: self.state.of(**told), **changed}

    def _staged(self, s: AdaptState, session: Session) -> AdaptState:
        """The state with the stage that its controls and its run ask for."""
        here = place(s.settings, session.model)
        if s.ended and here == place(s.run.settings, s.run.before.model):
            wanted, make = (s.run.id, s.step), partial(stage_value, s.run, s.step)
        else:
            wanted, make = here, partial(preview_value, session.policy_model(s.settings.start), s.settings)
        return s if wanted == s.on_stage else replace(s, stage=make(), on_stage=wanted)

    def _following(self, s: AdaptState | None, session: Session, inputs: tuple) -> AdaptState:
        """The state as the controls now have it. What the message says still holds while they do."""
        s = s or self.first
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            return replace(s, message=problem(error), refused=True)
        message = "" if s.refused or settings != s.settings else s.message
        return self._staged(replace(s, settings=settings, message=message, refused=False), session)

    # --- wiring ---

    @property
    def outputs(self) -> list:
        """All that the tab shows, the controls too."""
        return [self.shown, self.state.box, *self.updates(self.first), *self.controls.outputs]

    def connect(self, worlds: Sequence[WorldControls], seeds: Sequence[Component], yours: Yours) -> None:
        """Wire the tab. worlds, seeds: the other tabs' controls, which follow what is adapted to."""
        self.worlds, self.seeds, self.yours = worlds, seeds, yours
        shown = [self.shown, self.state.box, *self.updates(self.first)]
        given = [self.shown, self.session, *self.controls.inputs]
        # One after another, and of those that wait only the last: two at once could end in the wrong order.
        order = {"concurrency_id": "adapt", "concurrency_limit": 1, "trigger_mode": "always_last", **QUIET}
        self.state.soon.click(self.looked, [self.sweep.state, *given], [*shown, *self.sweep.outputs], **order)
        self.tab.select(self._enter, [self.sweep.state, *given], [*self.outputs, *self.sweep.outputs], **order)
        self.state.follow([*self.controls.world.events, *(c.input for c in self.controls.settings.values())])
        heavily = {"js": now("adapt-soon", "adapt-stage"), **HEAVY, **QUIET}
        there = [*seeds, *(c for world in worlds for c in world.outputs)]
        self.adapt.click(self._adapt, given, shown, **heavily)
        self.adapt.click(self._there, [self.session, *self.controls.inputs], there, **QUIET)
        self.use["further"].click(self._further, given, shown, **heavily)
        stop_button(self.stop, self.message, "Stopping; what was reached is kept.", JOBS.stop)
        self.step.input(self._show_step, [self.shown, self.session, self.step], shown, js=SCRUB, **order)
        self.use["reset"].click(self._reset, given, shown, **QUIET)
        self.use["copy"].click(None, None, self.message, js=copy_link("adapt"), **IN_BROWSER)
        chosen = [self.shown, self.which]
        self.use["download"].click(self._download, chosen, [self.file, *shown], **QUIET)
        self.use["share"].click(self._share, chosen, [self.file, *shown], **HEAVY, **QUIET)
        outputs = list(dict.fromkeys([self.session, *self.outputs, *there, *yours.outputs]))
        self.use["keep"].click(self._keep, [self.shown, self.session, self.which, *self.controls.inputs], outputs, **OF_SESSION)

    # --- handlers ---

    def _there(self, session: Session, *inputs) -> dict:
        """What is adapted to, on the other tabs too; at once, for by the turn of the run the controls may show another world."""
        try:
            return self._elsewhere(self.controls.read(session, inputs))
        except ValueError:  # which the run says
            return gr.skip()

    def _elsewhere(self, s: AdaptSettings) -> dict:
        """World and seed on the other tabs."""
        return {**dict.fromkeys(self.seeds, s.seed), **{c: v for world in self.worlds for c, v in world.updates(s.world).items()}}

    def looked(self, sweep: Any, s: AdaptState | None, session: Session, *inputs) -> dict:
        """The stage follows the controls, and the results that don't belong to them are dimmed; at a run's end also."""
        if s is not None and s.busy:  # its own end comes back here
            return gr.skip()
        after = self._following(s, session, inputs)
        # The message too: that a file is ready stands in no state. And the charts: a browser that is slow and takes several values of
        # one at once may keep the first.
        shown = self.updates(after)
        charts = {chart: shown[chart] for chart in (self.curve, self.rollouts, self.forecast)}
        told = {**self._changes(s or self.first, after), **charts, self.message: after.message}
        return {**told, **self.sweep.fitting(sweep, after.settings)}

    def _enter(self, sweep: Any, s: AdaptState | None, session: Session, *inputs) -> dict:
        """The same when the tab is opened. A standard world in which its start did not fall holds nothing to learn: the first one does."""
        s = s or self.first
        if s.busy:
            return gr.skip()
        after = self._following(s, session, inputs)
        played, asked = session.recording, after.settings
        fell = played is not None and played.fell and (played.world, played.policy) == (asked.world, asked.start)
        moved = asked.world == World() != s.settings.world and not fell
        if moved:
            after = self._staged(replace(after, settings=replace(after.settings, world=FIRST.world)), session)
        offered = {self.controls.start: gr.update(choices=self.controls.starts(yours=True))} if session.model is not None else {}
        there = self.controls.world.updates(FIRST.world) if moved else {}
        return {**self._changes(s, after), **offered, **there, **self.sweep.fitting(sweep, after.settings)}

    @heavy("adaptation")
    def _adapt(self, request: gr.Request, s: AdaptState | None, session: Session, *inputs) -> Iterator[dict]:
        s, before = self._following(s, session, inputs), s or self.first
        if s.refused:
            yield self._changes(before, s)
            return
        yield from self._live(request, before, s, partial(adapt, s.settings, session.policy_model(s.settings.start)), session)

    @heavy("adaptation")
    def _further(self, request: gr.Request, s: AdaptState | None, session: Session, *inputs) -> Iterator[dict]:
        if s is None or s.run is None:
            yield self._forgotten()
            return
        before, s = s, self._following(s, session, inputs)
        steps, why = s.run.target + s.settings.num_adapt_steps, ""
        if any(getattr(s.settings, name) != getattr(s.run.settings, name) for name in ("world", "mode", "start", "seed")):
            why = (
                "Adapt further goes on in the world and mode of this run, from its start and seed, and the controls show others: "
                "press Adapt, or keep this policy and choose it as the starting point"
            )
        elif steps > MOST_STEPS:
            why = f"This run would come to {steps} gradient steps, and {MOST_STEPS} are the most; press Adapt to start afresh"
        if s.refused or why:
            yield self._changes(before, s if s.refused else replace(s, message=problem(why)))
            return
        yield from self._live(request, before, s, partial(go_on, s.run, s.settings), session)

    def _live(self, request: gr.Request, before: AdaptState, s: AdaptState, runs: Callable, session: Session) -> Iterator[dict]:
        """The tab while a run goes on, and with its result. runs: the run as it grows, given a stop flag."""
        job = JOBS.of(request)
        stop, s = job.stop, replace(s, busy=True, message="")
        yield {**self._changes(before, s), self.message: "", **({self.player: s.stage} if job.waited else {})}
        for run in paced(runs(stop), stop, passes=lambda run: run.imagining is not None):
            said = progress(run) if run.imagining is None else imagining_words(run.imagining)
            before, s = s, replace(s, run=run, lesson=None, step=run.reached, message=notice(said))
            if not run.ended:
                yield self._changes(before, s)
        s = replace(s, settings=run.settings, lesson=lesson(run), message="", busy=False)
        s = self._staged(s, session)
        # While the run waited in line the page may have shown something else: then all of it is told.
        yield {**self._changes(before, s, then="sync"), **(self.updates(s) if job.waited else {})}  # the controls may have changed

    def _reset(self, s: AdaptState | None, session: Session, *inputs) -> dict:
        s = s or self.first
        after = replace(self._following(s, session, inputs), run=None, lesson=None)
        said = after.message if after.refused else notice("Back to before: the adapted policy is gone, the controls stay.")
        return self._changes(s, self._staged(replace(after, message=said), session))

    def _show_step(self, s: AdaptState | None, session: Session, step: Any) -> dict:
        """The stage with the policy of a gradient step."""
        if s is None or s.run is None:
            return self._forgotten()
        try:
            after = replace(s, step=check(Field("step", "Gradient step", 0, 0, s.run.reached), step), message="")
        except ValueError as error:
            after = replace(s, message=problem(error))
        return self._changes(s, self._staged(after, session))

    def _download(self, s: AdaptState | None, which: Any) -> dict:
        """The weights of the chosen step as a file."""
        return self._saved(s, which, ".safetensors", "The weights are ready.", _weights)

    @heavy("picture")
    def _share(self, request: gr.Request, s: AdaptState | None, which: Any) -> dict:
        """Before and after the chosen step as one moving picture."""
        return self._saved(s, which, ".gif", "The picture is ready.", lambda run, curve, point: share_gif(run, curve.mode, point))

    def _saved(self, s: AdaptState | None, which: Any, suffix: str, said: str, make: Callable[[AdaptRun, Curve, Point], bytes]) -> dict:
        if s is None or s.run is None:
            return self._forgotten()
        try:
            curve, point = _chosen(s, which)
        except ValueError as error:
            return self._changes(s, replace(s, message=problem(error)))
        q = s.run.settings
        name = f"adapted-{q.start}-{preset_of(q.world)}-{curve.mode}-{q.seed}-step{point.index}{suffix}"
        file = gr.DownloadButton(value=new_file(name, make(s.run, curve, point)))
        return {self.message: notice(said), self.file: file}  # the controls may show another world by now

    def _keep(self, s: AdaptState | None, session: Session, which: Any, *inputs) -> dict:
        """The policy of the chosen step becomes the visitor's own, with its world and seed on all tabs."""
        if s is None or s.run is None:
            return self._forgotten()
        try:
            _, point = _chosen(s, which)
        except ValueError as error:
            return self._changes(s, replace(s, message=problem(error)))
        run, session = s.run.settings, session.with_model(point.model)
        after = self._following(s, session, inputs)
        said = notice("Kept: it is “Yours” on the Play tab, and can be a starting point here.")
        after = replace(after, settings=replace(after.settings, world=run.world, seed=run.seed), message=said)
        here = {**self.controls.world.updates(run.world), self.controls.seed: run.seed}
        there = {**self._elsewhere(run), **self.yours.kept(session)}
        return {self.session: session, **self._changes(s, self._staged(after, session)), **here, **there}

    def _forgotten(self) -> dict:
        """The server has forgotten the visit: what the browser still shows is gone."""
        s = replace(self.first, message=forgotten(EXPIRED))
        return {**self._changes(self.first, s, then="sync"), **self.updates(s)}

    def opened(self, session: Session, asked: Mapping[str, str]) -> dict:
        """What a link leads to; its result too where it asks for that."""
        query, missing = stand_in(asked, "start", session.model is not None)
        try:
            settings = adapt_from_query(query, session.model is not None)
        except ValueError as error:
            return self._changes(self.first, replace(self.first, message=problem(unopened(error))))
        s = replace(self.first, settings=settings, message=notice(MAKERS_ONLY) if missing else "")
        then = "adapt-run" if query.get(RAN) == "1" and not missing else ""
        return {**self._changes(self.first, self._staged(s, session), then), **self.controls.updates(settings)}


def _chosen(s: AdaptState, which: Any) -> tuple[Curve, Point]:
    """The curve and the point that the visitor has chosen to use. Raises FieldError."""
    curve = s.run.curve(which) if isinstance(which, str) else None
    if curve is None:
        modes = ", ".join(c.mode for c in s.run.curves)
        raise FieldError("result to use", f"be one of {modes}", which, offered(which))
    return curve, curve.points[min(s.step, curve.last.index)]


def _weights(run: AdaptRun, curve: Curve, point: Point) -> bytes:
    about = {"made_by": "adaptation", **adapt_to_query(run.settings), "mode": curve.mode, "steps_made": str(point.index)}
    return serialise(point.model, about)
