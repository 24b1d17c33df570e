"""A design: everything that makes one birthday cake, checked once, priced and hashed.

Equal designs are one picture: the digest is taken of the canonical form, so two customers who want the same cake
share one render. The form's version is part of it: a changed renderer would otherwise hand out pictures of old.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from . import options
from .colours import contrast
from .inscription import checked
from .options import Choice

# Raise it when the renderer draws the same design otherwise.
FORM = 2
# Letters must stand out from what they are written on, as large print must (WCAG 1.4.3).
LEAST_CONTRAST = 3.0
_TABLES: dict[str, Mapping[Any, Choice]] = {
    "tiers": options.TIERS,
    "sponge": options.SPONGES,
    "cream": options.CREAMS,
    "glaze": options.GLAZES,
    "topping": options.TOPPINGS,
    "plate": options.PLATES,
    "mood": options.MOODS,
}
_NUMBERS = ("tiers", "candles")
MAX_DIGITS = 3


class Unsuitable(ValueError):
    """A field of a design cannot be made. `field` names it; the message is for the customer."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Design:
    """A cake that can be baked. Make one with `Design.of`, which checks."""

    inscription: str
    tiers: int
    sponge: str
    cream: str
    glaze: str
    topping: str
    candles: int
    plate: str
    mood: str

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """The design of a form's values, numbers as digits or int; other keys are ignored. Raises `Unsuitable`, and
        `Unwritable` for the inscription, both `ValueError`s with the name of their `field`."""
        taken: dict[str, Any] = {field: _value(field, values.get(field)) for field in cls.__dataclass_fields__}
        for field, table in _TABLES.items():
            if taken[field] not in table:
                raise Unsuitable(field, "Choose one of those that are offered.")
        if not 0 <= taken["candles"] <= options.MAX_CANDLES:
            raise Unsuitable("candles", f"Choose 0 to {options.MAX_CANDLES} candles.")
        return cls(**taken | {"inscription": checked(taken["inscription"])})

    def as_dict(self) -> dict[str, str | int]:
        """What `of` takes, plain enough for JSON."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """64 hex digits that are equal for equal cakes, in every process."""
        canonical = json.dumps([FORM, self.as_dict()], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def price_cents(self) -> int:
        return sum(cents for _, cents in self.lines())

    def lines(self) -> list[tuple[str, int]]:
        """The bill: a label and cents a line, 0 for what is included."""
        return list(self._lines())

    @property
    def allergens(self) -> tuple[str, ...]:
        """Everything harmful that is in it, each once, in the order of the recipe."""
        return tuple(dict.fromkeys(name for choice in self.choices() for name in choice.allergens))

    @property
    def letters(self) -> Choice:
        """What the letters are piped with: the cream, or a plain light or dark one where that would not be read."""
        glaze = options.GLAZES[self.glaze].colour
        creams = (options.CREAMS[key] for key in (self.cream, "cream", "cocoa"))
        return next(cream for cream in creams if contrast(cream.colour, glaze) >= LEAST_CONTRAST)

    @property
    def letters_colour(self) -> str:
        return self.letters.colour

    def choices(self) -> Iterator[Choice]:
        """The chosen of each table, in the order of the form."""
        for field, table in _TABLES.items():
            yield table[getattr(self, field)]

    def _lines(self) -> Iterator[tuple[str, int]]:
        tiers = options.TIERS[self.tiers]
        yield f"{tiers.label}, for {tiers.serves}", tiers.cents
        for field in ("sponge", "cream", "glaze"):
            choice = _TABLES[field][getattr(self, field)]
            yield choice.label, choice.cents
        if self.topping != "plain":
            yield options.TOPPINGS[self.topping].label, options.TOPPINGS[self.topping].cents
        if self.candles:
            yield f"{self.candles} candle{'s' * (self.candles > 1)}", self.candles * options.CANDLE_CENTS
        yield options.PLATES[self.plate].label, options.PLATES[self.plate].cents


def _value(field: str, value: object) -> str | int:
    if field in _NUMBERS:
        return _number(field, value)
    if not isinstance(value, str):
        raise Unsuitable(field, "This is missing.")
    return value


def _number(field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    digits = value.strip() if isinstance(value, str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise Unsuitable(field, "This must be a number.")
    return int(digits)
