"""What can be chosen for a cake: the label, the price, the allergens and the colour of each choice.

The form, the till, the sketch and the picture all read these tables; a choice is added here and nowhere else.
A key, once sold, stays: orders hold it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_CANDLES = 20
CANDLE_CENTS = 50
WAX = ("#e0567e", "#3f9fb8", "#eda52c", "#8468c0", "#5aa966")
SPRINKLES = ("#ff5d8f", "#ffd23f", "#3bceac", "#5aa9ff", "#fffaf0", "#ff8c42")


@dataclass(frozen=True, slots=True)
class Choice:
    """One ticket of the form. `cents` come on top of the others; `colour` is sRGB, `#rrggbb`."""

    label: str
    cents: int = 0
    colour: str = "#ffffff"
    allergens: tuple[str, ...] = ()
    serves: int = 0


TIERS: Mapping[int, Choice] = {
    1: Choice("One tier", 38_00, serves=8),
    2: Choice("Two tiers", 64_00, serves=18),
    3: Choice("Three tiers", 98_00, serves=32),
}
_BATTER = ("wheat (gluten)", "egg", "milk")
SPONGES: Mapping[str, Choice] = {
    "vanilla": Choice("Vanilla sponge", 0, "#e9c178", _BATTER),
    "cocoa": Choice("Cocoa sponge", 4_00, "#6f4227", _BATTER),
    "almond": Choice("Almond sponge", 6_00, "#d9b27c", (*_BATTER, "almonds (nuts)")),
    "velvet": Choice("Red velvet sponge", 6_00, "#a03430", _BATTER),
}
CREAMS: Mapping[str, Choice] = {
    "cream": Choice("Vanilla cream", 0, "#fff3e2", ("milk",)),
    "raspberry": Choice("Raspberry cream", 2_00, "#dd7390", ("milk",)),
    "cocoa": Choice("Cocoa cream", 2_00, "#6b3a20", ("milk",)),
    "lemon": Choice("Lemon cream", 2_00, "#ffe58a", ("milk",)),
}
GLAZES: Mapping[str, Choice] = {
    "chocolate": Choice("Dark chocolate glaze", 3_00, "#4a2212", ("milk", "soya")),
    "raspberry": Choice("Raspberry glaze", 3_00, "#ee9db4"),
    "vanilla": Choice("Vanilla glaze", 0, "#fff0d8", ("milk",)),
    "mint": Choice("Mint glaze", 3_00, "#8fd0bd", ("milk",)),
    "caramel": Choice("Salted caramel glaze", 3_00, "#b9692a", ("milk",)),
}
TOPPINGS: Mapping[str, Choice] = {
    "cherries": Choice("Cherries", 4_00, "#b3122f"),
    "berries": Choice("Raspberries and blueberries", 5_00, "#b52a4b"),
    "sprinkles": Choice("Sugar sprinkles", 1_50, "#ff5d8f"),
    "plain": Choice("Nothing on top", 0, "#fff3e2"),
}
PLATES: Mapping[str, Choice] = {
    "porcelain": Choice("White porcelain", 0, "#f4f2ee"),
    "gold": Choice("Porcelain with a gold rim", 2_00, "#d9b45b"),
    "sage": Choice("Sage stoneware", 0, "#93a892"),
    "slate": Choice("Dark slate", 0, "#4b4f55"),
}
MOODS: Mapping[str, Choice] = {
    "linen": Choice("Daylight on linen", 0, "#efe6d8"),
    "party": Choice("A party table", 0, "#d8456b"),
    "evening": Choice("By candlelight", 0, "#3b2a3f"),
}
