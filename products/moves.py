"""A whole move, up to the moment when the next store is read: both written, filled, compared, switched.

It can be stopped and killed anywhere: called again it goes on. Until it switches the former store is read, and right.
"""

import time
from collections.abc import Callable

from django.conf import settings

from scaling.progress import Bar

from . import copying, moving, phases
from .counting import count
from .data import PRODUCTS
from .moving import Phase, Standing
from .phases import MoveError
from .store_names import next_one
from .walks import Walk

NAME = "move"
PASSES = 5


class Move:
    """`say` takes a line for people, `bar` makes one for the terminal."""

    def __init__(self, say: Callable[[str], object], bar: Callable[[str], Bar]) -> None:
        self.say, self.bar = say, bar

    def tell(self) -> None:
        """What `run` would do."""
        standing = _wanted()
        source, target = (count(store, PRODUCTS.shape).documents for store in copying.stores_of(standing))
        self.say(f"Would copy {source:,} documents from {standing.source} to {standing.target} ({target:,} there),")
        self.say("write both meanwhile, compare them, and have the latter read. Nothing was done.")

    def run(self, walk: Walk) -> None:
        """Raises MoveError when it cannot, or when the two do not become the same."""
        standing = _wanted()
        of_both = f"{standing.source} {standing.target}"
        self.source, self.target = copying.stores_of(standing)
        if moving.ask().phase == Phase.ALONE:
            self.target.prepare()  # one that does not answer, or that we may not write, is not written
            walk.begin(of_both, is_afresh=True)
            phases.begin(standing.target)
            self.say(f"{standing.target} is written as well from now on.")
        move = moving.ask()
        if not walk.has_done(of_both):
            self._fill(walk, of_both)
        self._compare(walk)
        walk.renew()  # or somebody else has taken over
        phases.switch(move)
        self.say(f"{standing.target} is read now, and both are written. --finish ends it, --back reads the former.")

    def _fill(self, walk: Walk, of_both: str) -> None:
        if walk.begin(of_both):
            self.say(f"Goes on after product {walk.place}: {walk.done:,} were copied before.")
        before, began = walk.done, time.monotonic()
        with self.bar("Copied") as bar:
            bar.step(before)
            for number in copying.fill(walk, self.source, self.target):
                bar.step(number)
        self.say(f"Copied {walk.done - before:,} in {time.monotonic() - began:.1f} s.")

    def _compare(self, walk: Walk) -> None:
        """Pass after pass, until one finds nothing."""
        for _ in range(PASSES):
            differing = self._pass(walk)
            if not differing:
                return
        raise MoveError(
            f"{len(differing):,} still differ after {PASSES} passes, as product {differing[0]}. Both are written, and"
            " the former is read. If the next store holds what is not this shop's, empty it and call --move again."
        )

    def _pass(self, walk: Walk) -> list[int]:
        """Those that differed."""
        began, compared, differing = time.monotonic(), 0, []
        with self.bar("Compared") as bar:
            for number, odd in copying.compare(walk, self.source, self.target):
                compared += number
                differing += odd
                bar.step(number)
        self.say(f"Compared {compared:,} in {time.monotonic() - began:.1f} s: {len(differing):,} differed.")
        return differing


def _wanted() -> Standing:
    """The move that is under way, or the one that the settings ask for."""
    standing = moving.ask()
    if standing.phase == Phase.SWITCHED:
        raise MoveError(f"{standing.target} is read already: --finish ends the move, --back reads the former.")
    if standing.phase == Phase.BOTH:
        return standing
    if why := _refusal(standing.source, next_one()):
        raise MoveError(why)
    return Standing(Phase.BOTH, standing.source, next_one())


def _refusal(source: str, target: str) -> str:
    """Why nothing can be moved from here to there, in a line."""
    if not settings.NEXT_DOCUMENTS_URL:
        return "NEXT_DOCUMENTS_URL names no store to move to."
    if target == source:
        return f"The documents are in {target} already."
    return ""
