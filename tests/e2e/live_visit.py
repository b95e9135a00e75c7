"""A visit on the Live tab, or on the page that runs alone."""

ROOT = ".live[data-phase]"


class Live:
    """A visit on the Live tab, or on the page that runs alone."""

    def __init__(self, page):
        self.page = page

    def data(self, name: str) -> str:
        return self.page.get_attribute(ROOT, f"data-{name}")

    def number(self, name: str) -> float:
        return float(self.data(name))

    @property
    def says(self) -> str:
        return self.page.inner_text(".live-say")

    @property
    def lengths(self) -> list[int]:
        return [int(n) for n in self.data("lengths").split()]

    def press(self, act: str) -> None:
        self.page.click(f"[data-act={act}]")

    def speed(self, value: str) -> None:
        self.page.get_by_label("Speed", exact=True).select_option(value)

    def until(self, condition: str, arg=None) -> None:
        """Wait for a condition on the page's data: d.falls and so on, all text."""
        self.page.wait_for_function(f"(a) => {{ const d = document.querySelector('{ROOT}').dataset; return {condition}; }}", arg=arg)

    def slide(self, name: str, value: float) -> None:
        self.page.locator(f"[data-field={name}] input").evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })); }", value
        )
