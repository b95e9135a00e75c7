"""axe-core finds nothing on any tab, nor in results and errors."""

from __future__ import annotations

import pytest

from tests.e2e.adapt_visit import DONE
from tests.e2e.test_accessibility import OPEN_ALL, PHONE, READY, choose


@pytest.fixture
def faults(axe):
    """faults(page): what axe-core finds in sight, of moderate impact or worse: rule, element and why."""

    def found(page) -> list[str]:
        page.wait_for_function("() => document.getAnimations().every((a) => a.playState !== 'running')")  # colours fade
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:120]}; {node['failureSummary'][:200]}"
            for rule in axe(page, options={"resultTypes": ["violations"]}).response["violations"]
            for node in rule["nodes"]
            if rule["impact"] in ("moderate", "serious", "critical")
        ]

    return found


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop, light", "phone, dark"])
def test_axe_finds_nothing_on_any_tab_in_results_and_errors(shared, faults, options):
    page = shared(**options).page
    found = {}
    for tab in READY:
        choose(page, tab)
        page.evaluate(OPEN_ALL)
        if tab == "Adapt":
            page.click("#adapt-run")
            page.wait_for_function(DONE)
            page.evaluate(OPEN_ALL)
            page.mouse.move(0, 0)
        if problems := faults(page):
            found[tab] = problems
    choose(page, "Play")
    page.click("#play-verify")
    page.wait_for_selector("#play-verdict table")
    seed = page.get_by_role("spinbutton", name="Seed").locator("visible=true")
    seed.fill("-1")
    page.wait_for_selector(".field-seed .beside:visible")
    if problems := faults(page):
        found["results and errors"] = problems
    seed.fill("0")
    page.wait_for_selector("#play-stage .player:not(.stale)")
    assert not found
