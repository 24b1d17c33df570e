"""The strokes of the sketch: SVG elements with attributes only, since the site's policy allows no style in a page."""

import html
import math
from collections.abc import Iterable

# How flat a circle on the table looks: the eye stands a little above it.
FLAT = 0.31
CENTRE = 280.0
INK = "#2b1810"


def number(value: float) -> str:
    """A coordinate as short as it can be told."""
    return f"{value:z.1f}".removesuffix(".0")


def element(tag: str, /, *body: str, **attributes: str | float) -> str:
    """One element; an underscore in a name becomes a hyphen, values are escaped, `body` is not."""
    told = (
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value) if isinstance(value, str) else number(value)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{''.join(told)}>{''.join(body)}</{tag}>" if body else f"<{tag}{''.join(told)}/>"


def group(parts: Iterable[str], **attributes: str | float) -> str:
    return element("g", *parts, **attributes)


def path(*steps: str | float, **attributes: str | float) -> str:
    """A path of letters and numbers."""
    data = " ".join(step if isinstance(step, str) else number(step) for step in steps)
    return element("path", d=data, **attributes)


def ring(height: float, radius: float, /, **attributes: str | float) -> str:
    """A circle that lies at a height, as it is seen."""
    return element("ellipse", cx=CENTRE, cy=height, rx=radius, ry=radius * FLAT, **attributes)


def on_ring(height: float, radius: float, degrees: float) -> tuple[float, float]:
    """A point of such a circle: 0 degrees is right, 90 in front."""
    angle = math.radians(degrees)
    return CENTRE + radius * math.cos(angle), height + radius * FLAT * math.sin(angle)
