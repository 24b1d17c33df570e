"""Baskets: each is a hash of its own on `keep`, and the session holds only its id.

A session is saved whole, so of two tabs adding at once the later would win and the other's line be gone. Here every
change is one script inside the server: nothing is read, changed elsewhere and written back. A guest's basket is found
by the session, a customer's by `basket-of:<user id>`, so that it is there on every device.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from scaling.stores import keep

from . import basket_scripts as scripts

MAX_QUANTITY = 12
MAX_LINES = 40
CAKE = "cake:"  # before the key of a cake's job: the name of its line
KEPT_SECONDS = 30 * 24 * 3600


class Line(NamedTuple):
    """How many, and what one cost in cents when it was put in."""

    quantity: int
    cents: int


class BasketFull(Exception):
    """There are MAX_LINES different things in it already."""


@dataclass(frozen=True, slots=True)
class Basket:
    """The basket with this id; "" is the empty basket of somebody who never put anything in one."""

    id: str

    @property
    def key(self) -> str:
        return f"basket:{self.id}"

    def add(self, product_id: int, quantity: int, cents: int) -> int:
        """Put in `quantity` more and return how many there are now, at most MAX_QUANTITY. Raises BasketFull."""
        args = (product_id, quantity, cents, MAX_QUANTITY, MAX_LINES, KEPT_SECONDS)
        held = keep().eval(scripts.ADD, 1, self.key, *args)
        if not held:
            raise BasketFull
        return held

    def add_cake(self, job_key: str, cents: int) -> None:
        """Put in the cake that this job draws: a line of its own, and one of it. Raises BasketFull."""
        args = (CAKE + job_key, 1, cents, 1, MAX_LINES, KEPT_SECONDS)
        if not keep().eval(scripts.ADD, 1, self.key, *args):
            raise BasketFull

    def remove_cake(self, job_key: str) -> None:
        if self.id:
            keep().eval(scripts.SET, 1, self.key, KEPT_SECONDS, CAKE + job_key, 0)

    def set(self, quantities: dict[int, int]) -> None:
        """Change how many of what is in it; 0 takes a line out, and a product that is not in it stays out."""
        pairs = (number for pair in quantities.items() for number in pair)
        if self.id and quantities:
            keep().eval(scripts.SET, 1, self.key, KEPT_SECONDS, *pairs)

    def remove(self, product_id: int) -> None:
        self.set({product_id: 0})

    def lines(self) -> dict[int, Line]:
        """Product ids and their lines, the lowest id first."""
        return self.contents()[0]

    def contents(self) -> tuple[dict[int, Line], dict[str, int]]:
        """The lines of products; and the cakes: job keys, and what each cost in cents when it was put in."""
        held = keep().hgetall(self.key) if self.id else {}
        lines = {name.decode(): _line(text) for name, text in held.items()}
        cakes = {name.removeprefix(CAKE): line.cents for name, line in lines.items() if name.startswith(CAKE)}
        products = {int(name): line for name, line in lines.items() if not name.startswith(CAKE)}
        return dict(sorted(products.items())), dict(sorted(cakes.items()))

    def count(self) -> int:
        return _pieces(keep().hvals(self.key)) if self.id else 0

    def clear(self) -> None:
        keep().delete(self.key)


def basket_of(request: HttpRequest, *, opened: bool = False) -> Basket:
    """The visitor's basket. With `opened` a guest who has none gets one, which starts a session.

    A guest who has signed in since finds the guest's things in the customer's own basket.
    """
    session = request.session
    user_id = session.get(SESSION_KEY)
    if user_id:
        # Taken out of the session and deleted as it is poured over: doing it twice adds nothing twice.
        guests = session.pop("basket", "")
        return Basket(_own(user_id, guests))
    if opened and "basket" not in session:
        session["basket"] = secrets.token_hex(16)
    return Basket(session.get("basket", ""))


def count(request: HttpRequest) -> int:
    """How many pieces the visitor's basket holds: one round trip, no SQL."""
    user_id = request.session.get(SESSION_KEY)
    if not user_id or "basket" in request.session:
        return basket_of(request).count()
    return _pieces(keep().eval(scripts.OWN_VALUES, 1, _pointer(user_id)))


def retire(request: HttpRequest, key: str, ordered: dict[int, int], cakes: Iterable[str] = ()) -> None:
    """The basket `key` has become an order: take out what was ordered and carry the rest on under a new id.

    The new id follows from the old one, so that two clicks at once agree on it; nobody can work it out from a key.
    """
    following = salted_hmac("shop.baskets.retire", key).hexdigest()[:32]
    user_id = request.session.get(SESSION_KEY)
    amounts = ordered | {CAKE + job_key: 1 for job_key in cakes}
    pairs = (part for pair in amounts.items() for part in pair)
    keys = (f"basket:{key}", f"basket:{following}", _pointer(user_id or "nobody"))
    keep().eval(scripts.RETIRE, 3, *keys, key, following, KEPT_SECONDS, *pairs)
    if request.session.get("basket") == key:
        request.session["basket"] = following


def _own(user_id: str, guests: str) -> str:
    keys = (_pointer(user_id), f"basket:{guests}")
    args = (secrets.token_hex(16), KEPT_SECONDS, MAX_QUANTITY, MAX_LINES)
    return keep().eval(scripts.OWN, 2, *keys, *args).decode()


def _pointer(user_id: str) -> str:
    return f"basket-of:{user_id}"


def _line(text: bytes) -> Line:
    quantity, _, cents = text.partition(b":")
    return Line(int(quantity), int(cents))


def _pieces(values: list[bytes]) -> int:
    return sum(_line(text).quantity for text in values)
