"""The whole page: one stage, a few acts. `build` returns the Blocks and what `launch` needs beside it."""

import os
import threading
from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import LocalFont
from starlette.middleware import Middleware

from ui import api
from ui.field import choices
from ui.fields import FIELDS, TABS
from ui.lesson import ROUTES
from ui.links import link_query
from ui.runs.adaptation import warm_up
from ui.runs.policies import load_all
from ui.server.gate import EXCEPTION_HANDLERS, Gate
from ui.server.jobs import MAX_THREADS
from ui.server.session import Session
from ui.tabs.about import build_about
from ui.tabs.adapt import AdaptTab
from ui.tabs.adapt_controls import SUITED
from ui.tabs.compare import CompareTab, offered
from ui.tabs.controls import connect_same, connect_worlds
from ui.tabs.events import IN_BROWSER, OF_SESSION
from ui.tabs.live import LiveTab
from ui.tabs.meta_train import MetaTrainTab
from ui.tabs.play import PlayTab, first_session
from ui.tabs.yours import BACK, KEPT, Yours
from ui.training_settings import TRAIN
from ui.views.assets import script, text
from ui.views.colours import css_variables
from ui.views.live_scripts import live_scripts
from ui.views.player import scripts
from ui.views.terms import with_terms

TITLE = "SSM-MetaRL playground"
LEAD = "A small [[State Space Model]] balances a pole. Break its [[world]], watch it fall, and let it learn to stand again."
STYLES = ("style.css", "terms.css", "live.css", "adapt.css", "compare.css", "meta.css", "train.css", "about.css", "connection.css")
VISITS = 1000  # that are remembered; each holds 1 to 10 MB, most of it Gradio's own
AT_ONCE = "4"  # events of one kind
AFTER = 3.0  # s from the page's building to what the first visitor may want, but the first page does not need


def theme() -> gr.themes.Base:
    """Gradio's base theme with our one accent colour; its fonts are served by the app itself."""
    # Bold in place of SemiBold: the SemiBold file that Gradio ships lacks most letters.
    fonts = [LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"]
    shades = ["#eefaf6", "#d3f1e7", "#a8e2d0", "#6fceb2", "#2fbf95", "#0f8f6f", "#00755a", "#005f49", "#004a39", "#00372b", "#00241c"]
    accent = gr.themes.Color(*shades, name="accent")
    return gr.themes.Base(primary_hue=accent, neutral_hue="slate", radius_size="sm", font=fonts).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_500",
        button_primary_text_color="white",
        body_background_fill="#f7f8f9",
        body_background_fill_dark="#0f1419",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_info_text_color="#5b6775",
        block_info_text_color_dark="#a3afbb",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
    )


def act(name: str) -> gr.Tab:
    """A tab of the page, by its id."""
    return gr.Tab(TABS[name], id=name)


def build() -> tuple[gr.Blocks, dict[str, Any]]:
    """The page, and the keyword arguments for its launch. Raises CheckpointError when a shipped model can't be read."""
    os.environ.setdefault("GRADIO_DEFAULT_CONCURRENCY_LIMIT", AT_ONCE)  # page.queue would build the whole app once more
    load_all()
    first = first_session()
    with gr.Blocks(title=TITLE, delete_cache=(300, 600)) as page:
        session = gr.State(first)  # until an hour after the page is closed: who works elsewhere on it for long is not forgotten
        gr.HTML(f'<header class="masthead"><h1>{TITLE}</h1><p>{with_terms(LEAD, "masthead")}</p></header>')
        with gr.Tabs(elem_id="acts") as tabs:
            with act("live") as live_tab:
                live = LiveTab(session)
            with act("play") as tab:
                play = PlayTab(session, first, tab)
            with act("adapt") as tab:
                adapt = AdaptTab(session, tab)
            with act("compare") as tab:
                compare = CompareTab(session, tab)
            with act("meta-train") as meta_tab:
                meta_train = MetaTrainTab(session)
            with act("about") as tab:
                build_about(session, first, tab)
        # What tabs share: one world and one seed, the visitor's own policy, the next step.
        worlds = [play.world, adapt.controls.world, compare.world]
        seeds = [play.policy.seed, adapt.controls.seed, compare.seed]
        connect_worlds(*worlds)
        connect_same(*seeds)
        policy, start = play.policy.policy, adapt.controls.start
        yours = Yours(
            {
                policy: choices(FIELDS["play"]["policy"], yours=True),
                start: adapt.controls.starts(yours=True),
                **dict.fromkeys(compare.chosen, offered(yours=True)),
                meta_train.controls.fields["start"]: choices(TRAIN["start"], yours=True),
            }
        )
        live.connect(live_tab, tabs, worlds, seeds, adapt.controls.mode, yours)
        adapt.connect([play.world, compare.world], [play.policy.seed, compare.seed], yours)
        meta_train.connect_use(yours, adapt.controls)
        steps = [step.button.click for step in (play.next, adapt.next, adapt.sweep.next, compare.next)]
        chosen, there = [policy, start, *adapt.controls.suiting], adapt.controls.world.outputs
        js = f"(...chosen) => window.ssmNext({SUITED}, ...chosen)"
        gr.on(steps, None, [*chosen, *play.world.outputs, *there], [*chosen, *there], js=js, **IN_BROWSER)
        # What a link opens, and what the visitor's browser gives back.
        meta_train.connect_page(page, meta_tab, yours.weights)
        opens = {"play": play, "adapt": adapt, "compare": compare}

        def open_link(session: Session, weights: Any, request: gr.Request) -> dict:
            query = link_query(request.query_params)
            session, back = yours.given_back(session, weights)
            tab = query.get("tab", "play")
            shown = opens[tab].opened(session, query) if tab in opens else {}
            led = "tab" in query and tab in list(TABS)[1:]  # the first is open already; what is no tab, Live says
            if session.model is not None:
                back |= {play.session: session, live.stage: live.brought(session), **shown, **yours.offered(shown)}
            return {**shown, **back, **({tabs: gr.Tabs(selected=tab)} if shown or led else {})} or gr.skip()

        filled = dict.fromkeys([tabs, live.stage, *play.outputs, *adapt.outputs, *compare.outputs, *yours.outputs])
        opened = page.load(open_link, [session, yours.weights], list(filled), js=KEPT, **OF_SESSION)
        opened.then(None, yours.weights, None, js=BACK, **IN_BROWSER)
        api.add_endpoints()
    page.api_open = False
    later = threading.Timer(AFTER, warm_up)
    later.daemon = True
    later.start()
    # Gradio would put its container before each selector of its css. While the page is made, its footer waits below what is in sight.
    frame = f"<style>main.contain {{ min-height: 100vh; }} {text('contrast.css', 'print.css')}</style>"
    launch = {
        "theme": theme(),
        "css": css_variables() + text(*STYLES),
        "head": scripts() + script("connection.js") + live_scripts() + script("terms.js", "about.js") + frame,
        "ssr_mode": False,
        "footer_links": ["api"],
        "run_history": False,
        "max_file_size": "1mb",
        "app_kwargs": {
            "routes": ROUTES,
            "middleware": [Middleware(Gate, page=page)],
            "openapi_url": None,
            "exception_handlers": EXCEPTION_HANDLERS,
        },
        "state_session_capacity": VISITS,
        "max_threads": MAX_THREADS,
    }
    return page, launch
