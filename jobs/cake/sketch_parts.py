"""The small things of the sketch: a swirl of cream, what lies on it, a candle, a note in the margin."""

from . import options
from .pencil import CENTRE, INK, element, group, path


def swirl(x: float, y: float, size: float, colour: str) -> str:
    """A dab of cream whose point bends a little, standing at (x, y)."""
    left = ("c", 0, -size * 0.6, size * 0.5, -size * 0.5, size * 0.5, -size)
    tip = ("c", size * 0.1, -size * 0.5, size * 0.5, -size * 0.5, size * 0.6, -size * 0.75)
    right = ("c", size * 0.1, size * 0.6, size * 0.9, size * 0.9, size * 0.9, size * 1.75)
    return path("M", x - size, y, *left, *tip, *right, "q", -size, size * 0.5, -size * 2, 0, "Z", fill=colour)


def decoration(topping: str, x: float, y: float) -> str:
    """What lies on a swirl whose point is at (x, y)."""
    return _DECORATIONS[topping](x, y)


def candle(x: float, y: float, colour: str) -> str:
    """A lit candle with twisted stripes, standing at (x, y)."""
    stripes: list[str | float] = ["M", x - 4, y - 4]
    for _ in range(4):
        stripes += ["l", 8, -7, "m", -8, -3]
    return (
        path("M", x - 4, y, "v", -46, "h", 8, "v", 46, "q", -4, 3, -8, 0, "Z", fill="#fffaf2")
        + path(*stripes, stroke=colour, stroke_width=3.6)
        + path("M", x, y - 46, "v", -6)
        + path("M", x, y - 72, "c", 7, 9, 7, 19, 0, 21, "c", -7, -2, -7, -12, 0, -21, "Z", fill="#f6b73c")
    )


def note(at: tuple[float, float], to: tuple[float, float], text: str) -> str:
    """Words in the margin, a dot where they point to and a curve between."""
    (x, y), (far, high) = at, to
    side = "end" if far < CENTRE else "start"
    beside = far - 6 if far < CENTRE else far + 6
    bow = path("M", x, y, "Q", (x + far) / 2, high - 6, far, high, stroke_width=1.2)
    dot = element("circle", cx=x, cy=y, r=2.5, fill=INK)
    ink: dict[str, str | float] = {"stroke": "none", "fill": INK, "font_size": 21.0, "text_anchor": side}
    return group([bow, dot, element("text", text, class_="it", x=beside, y=high + 5, **ink)], class_="note")


def _cherry(x: float, y: float) -> str:
    stem = path("M", x, y - 8, "q", 2, -9, 9, -13)
    shine = path("M", x - 4, y - 2, "q", 1, -3, 4, -3, stroke="#ffffff", stroke_width=2)
    return stem + element("circle", cx=x, cy=y, r=8.5, fill=options.TOPPINGS["cherries"].colour) + shine


def _berries(x: float, y: float) -> str:
    red = element("circle", cx=x - 4, cy=y, r=7, fill=options.TOPPINGS["berries"].colour)
    drupes = path("M", x - 8, y - 2, "q", 2, 3, 4, 0, "q", 2, 3, 4, 0, "m", -6, 4, "q", 2, 3, 4, 0, stroke_width=1)
    blue = element("circle", cx=x + 6, cy=y + 4, r=5.5, fill="#45548f")
    return red + drupes + blue + path("M", x + 4, y + 2, "q", 2, 2, 4, 0, stroke="#c9d0ee", stroke_width=1.4)


def _sprinkles(x: float, y: float) -> str:
    places = ((-6, 8, 4, -3), (-1, 2, 4, 3), (5, 9, 3, -4), (1, 12, 4, 1))
    return "".join(
        path("M", x + right, y + down, "l", along, up, stroke=colour, stroke_width=3)
        for (right, down, along, up), colour in zip(places, options.SPRINKLES, strict=False)
    )


def _nothing(x: float, y: float) -> str:
    return ""


_DECORATIONS = {"cherries": _cherry, "berries": _berries, "sprinkles": _sprinkles, "plain": _nothing}
