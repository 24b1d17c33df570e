"""Colours of the cake: `#rrggbb` as it is named, linear light as it is mixed, and how far two stand apart."""

_LUMINANCE = (0.2126, 0.7152, 0.0722)


def linear(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of `#rrggbb` as linear light, 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2: 1 for the same, 21 for black on white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    return sum(weight * value for weight, value in zip(_LUMINANCE, linear(colour), strict=True))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
