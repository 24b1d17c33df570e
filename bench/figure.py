"""What a proof answers: figures, each with the bound it was held against."""

from dataclasses import dataclass

SECONDS = " s"


@dataclass(frozen=True)
class Figure:
    """`what` is the claim, `figure` what was measured and `bound` what was promised, all three in words. One that
    `is_timed` is another on another machine: tests leave it to `make prove`."""

    what: str
    figure: str
    bound: str
    holds: bool
    is_timed: bool = False


def exactly(what: str, got: object, promised: object, *, is_timed: bool = False) -> Figure:
    return Figure(what, str(got), f"exactly {promised}", got == promised, is_timed)


def at_most(what: str, got: float, bound: float, unit: str = "", *, is_timed: bool = False) -> Figure:
    return Figure(what, f"{got:g}{unit}", f"at most {bound:g}{unit}", got <= bound, is_timed or unit == SECONDS)


def at_least(what: str, got: float, bound: float, unit: str = "", *, is_timed: bool = False) -> Figure:
    return Figure(what, f"{got:g}{unit}", f"at least {bound:g}{unit}", got >= bound, is_timed or unit == SECONDS)
