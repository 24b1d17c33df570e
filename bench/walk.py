"""What one visitor does at a shop of several clones, step by step: signing in, filling the basket, ordering."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .opened import PATIENCE_SECONDS, wait_until
from .visitor import Page
from .wandering import Proxied, Wandering

PASSWORD = "a-crust-of-rye-9"
PIECES = 2
AGAIN_SECONDS = 0.1
SHOWN, DONE = {200}, {302, 303}


@dataclass
class Walk:
    """Of somebody who is about to open an account, or has one. `wrong` is what was not as it should be, in words;
    `met` are those who answered, and `later` counts answers that asked to come again shortly."""

    visitor: Wandering | Proxied
    email: str
    product: int
    is_new: bool
    met: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0
    later: int = 0
    order: str = ""

    def go(self, *, meanwhile: Callable[[str], None]) -> None:
        """All steps; `meanwhile` is called before each, with its name."""
        page = None
        for name, step in STEPS.items():
            meanwhile(name)
            page = self._answered(name, step, page)
            if self.wrong:
                return

    def _answered(self, name: str, step: "Step", page: Page | None) -> Page:
        """A visitor who is asked to come again does so."""

        def answer() -> Page | None:
            began = time.monotonic()
            answered = step.do(self, page)
            self.met.append(self.visitor.last)
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answered.status != 503 or "Retry-After" not in answered.headers:
                return answered
            self.later += 1
            time.sleep(AGAIN_SECONDS)  # a 503 asks people for 20 s: nothing else says when
            return None

        answered = wait_until(answer, PATIENCE_SECONDS, f"an answer to “{name}”")
        if answered.status not in step.statuses:
            self.wrong.append(f"{name}: {answered.status}")
        elif step.shows and step.shows(self) not in answered.text:
            self.wrong.append(f"{name}: without {step.shows(self)}")
        return answered

    def _door(self, page: Page | None) -> Page:
        return self.visitor.get(f"/account/{'sign-up' if self.is_new else 'sign-in'}/")

    def _sign_in(self, page: Page) -> Page:
        who = {"name": self.name, "email": self.email} if self.is_new else {"username": self.email}
        return self.visitor.send(page, **who, password=PASSWORD, follow=False)

    def _add(self, page: Page) -> Page:
        return self.visitor.post("/basket/add/", {"product": self.product, "n": PIECES}, follow=False)

    def _order(self, page: Page) -> Page:
        self.form = page
        slot = page.form("slot").choices["slot"][-1]
        answer = self._send(slot)
        self.order = answer.headers.get("Location", "")
        return answer

    def _again(self, page: Page) -> Page:
        """The same form once more, as the back button would."""
        answer = self._send(self.form.form("slot").choices["slot"][-1])
        if answer.status in DONE and answer.headers["Location"] != self.order:
            self.wrong.append(f"sent again, it is another order: {answer.headers['Location']}")
        return answer

    def _send(self, slot: str) -> Page:
        return self.visitor.send(self.form, slot=slot, name=self.name, email=self.email, follow=False)

    @property
    def name(self) -> str:
        return self.email.partition("@")[0]


@dataclass(frozen=True)
class Step:
    """`do` takes the page before; the answer has one of `statuses`, and says what `shows` tells."""

    do: Callable[[Walk, Page | None], Page]
    statuses: set[int] = field(default_factory=lambda: SHOWN)
    shows: Callable[[Walk], str] | None = None


def _look(path: str) -> Callable[[Walk, Page | None], Page]:
    return lambda walk, page: walk.visitor.get(path)


def _me(pieces: int) -> Callable[[Walk], str]:
    """What /me.json says at its end of who is signed in and how much is in the basket."""
    return lambda walk: f'"basket": {pieces}'


STEPS = {
    "the door": Step(Walk._door),
    "signing in": Step(Walk._sign_in, DONE),
    "adding": Step(Walk._add, DONE),
    "the basket": Step(_look("/me.json"), shows=_me(PIECES)),
    "the account": Step(_look("/account/"), shows=lambda walk: walk.name),
    "the checkout": Step(_look("/checkout/"), shows=lambda walk: walk.email),
    "ordering": Step(Walk._order, DONE),
    "the order": Step(lambda walk, page: walk.visitor.get(walk.order), shows=lambda walk: walk.name),
    "ordering again": Step(Walk._again, DONE),
    "afterwards": Step(_look("/me.json"), shows=_me(0)),
    "the account again": Step(_look("/account/"), shows=lambda walk: walk.name),
}
