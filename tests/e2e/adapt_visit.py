"""A visit on the Adapt tab."""

from typing import Self

DONE = "() => document.querySelector('#adapt-result .outcome') && !document.querySelector('#adapt-run').disabled"


class Adapting:
    """A visit on the Adapt tab."""

    def __init__(self, visit):
        self.visit, self.page = visit, visit.page

    @classmethod
    def opened(cls, visit) -> Self:
        visit.page.get_by_role("tab", name="Adapt").click()
        visit.page.wait_for_selector("#adapt-stage .player[data-run]")
        return cls(visit)

    def break_it(self, world: str) -> None:
        """Press one of the worlds' buttons and wait until the stage shows it."""
        before, same = self.page.get_attribute("#adapt-stage .player", "data-run"), world == "Reversed motor"
        self.page.get_by_role("button", name=world).click()
        shown = "document.querySelector('#adapt-stage .player').dataset.run !== old"
        settled = f"([old, same]) => same ? !document.querySelector('#adapt-stage .stale') : {shown}"
        self.page.wait_for_function(settled, arg=[before, same])

    def set(self, name: str, value: str) -> None:
        """Type into a slider's number box."""
        self.page.locator(f"#{name} input[type=number]").fill(value)
        self.page.locator(f"#{name} input[type=number]").press("Tab")

    def mode(self, name: str) -> None:
        self.page.locator("#adapt-mode").get_by_role("radio", name=name).check()

    def adapt(self, button: str = "#adapt-run") -> str:
        """Press a button that adapts and wait for the sentence."""
        before = self.page.get_attribute("#adapt-stage .player", "data-run")
        self.page.click(button)
        self.page.wait_for_function(f"old => ({DONE})() && document.querySelector('#adapt-stage .player').dataset.run !== old", arg=before)
        return self.page.inner_text("#adapt-result .outcome")

    @property
    def stages(self) -> list[str]:
        return self.page.locator("#adapt-stage .who").all_inner_texts()

    def points(self, wanted: str) -> bool:
        """Whether the chart's lines come to have so many points; on a slow browser a moment after the run."""
        self.page.wait_for_function("wanted => document.querySelector('#adapt-curve .curves').dataset.points === wanted", arg=wanted)
        return True
