"""How the stage is drawn, once for both who draw it: assets/stage.js on a canvas and ui/views/render.py for files.

m: metres of the world, to scale. px: pixels of the picture, whatever the scale.
"""

from dataclasses import dataclass

SHORT_EPISODE = 50  # steps; a fall within a fifth of a second is no more than a flicker
SLOWLY = 0.25  # the speed at which an episode shorter than that is played


@dataclass(frozen=True)
class Stage:
    """Sizes of one cart's picture."""

    half_view: float = 2.85  # m from the middle to the edge
    least_pole: float = 1.2  # m of pole that always fit; a longer one zooms the picture out, so that it looks long beside the track
    above_pole: tuple[float, float] = (1.04, 0.3)  # times the pole's length, and m for the cart and air
    margin: int = 74  # px of the height that the pole does not use
    ground: int = 30  # px from the ground to the lower edge
    tick: int = 5  # px
    track_end: int = 56  # px that a track's end stands up
    force: float = 0.055  # m of arrow for each N
    arrow: float = 4.5  # px
    arrow_head: tuple[float, float] = (2.4, 0.62)  # its length in widths, and half its breadth in lengths
    least_arrow: float = 2.0  # px; a shorter one is not drawn
    arrow_gap: int = 5  # px between the cart and an arrow
    wind_above: int = 9  # px from the cart's top to the wind's arrow
    cart: tuple[float, float] = (0.5, 0.24)  # m wide and high at 1 kg; both grow with the cube root of the mass
    least_cart: tuple[int, int] = (26, 15)  # px
    corner: int = 4  # px
    wheel: float = 0.2  # of the cart's height
    least_wheel: int = 3  # px
    wheel_at: float = 0.28  # of the cart's width from its middle
    pole: float = 0.075  # m thick at CartPole's 0.1 kg; grows with the square root of the mass
    pole_mass: float = 0.1  # kg
    pole_px: tuple[float, float] = (3.5, 22)  # px, the least and the most
    limit_line: tuple[float, float] = (0.45, 1.04)  # m at least, and times the pole's length
    hub: float = 0.3  # of the pole's thickness
    least_hub: float = 2.2  # px
    reversed_half: tuple[float, float] = (0.3, 20)  # half the crossed arrows' length: of the cart's width, and px at most
    reversed_at: tuple[float, float] = (0.52, 0.36)  # of the cart's height, and of that half length up and down
    reversed_arrow: float = 2.2  # px
    turn_steps: int = 15  # steps that a ring is seen around a cart whose motor has reversed by itself
    turn_ring: tuple[int, int] = (4, 2)  # px: its distance and its line
    line: float = 1.5  # px of the track's lines
    limit_dash: tuple[int, int] = (2, 5)
    sensed_line: float = 2.0  # px of the pole that the sensors report
    sensed_dash: tuple[int, int] = (7, 6)
    ghost_line: float = 2.0  # px of an imagined cart and pole
    ghost_dash: tuple[int, int] = (3, 4)
    end_dash: tuple[int, int] = (4, 4)


STAGE = Stage()


def pixels_per_metre(pole_length: float, width: int, height: int) -> float:
    """The scale at which the whole track and the whole pole are seen."""
    times, more = STAGE.above_pole
    return min(width / (2 * STAGE.half_view), (height - STAGE.margin) / (max(pole_length, STAGE.least_pole) * times + more))
