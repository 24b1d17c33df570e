"""The home page: what comes out of the oven today, the shelves, and the journal, in one round trip."""

from datetime import time
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from products.data import JOURNAL, all_shelves
from products.shelf import listing_of
from products.views import public
from scaling.cache import fetch

TODAYS_BAKE = 14
LATEST_ARTICLES = 4
BEST = 1


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    shelves, bake, best, journal = fetch(
        all_shelves(),
        listing_of(None, "", "baked").slice(0, TODAYS_BAKE - 1),
        listing_of(None, "", "rating").slice(0, BEST - 1),
        JOURNAL.slice(0, LATEST_ARTICLES - 1),
    )
    now = timezone.localtime()
    context = {
        "shelves": shelves.cards,
        "hero": best.cards[0] if best.cards else None,
        "bake": ledger(bake.cards, now.time()),
        "now": f"{now:%H:%M}",
        "journal": journal.cards,
    }
    return public(render(request, "home.html", context))


def ledger(cards: list[dict], now: time) -> list[dict]:
    """Today's bake by the time it leaves the oven; `later` is what has not come out yet."""
    baked = [card for card in cards if card["baked"]]
    return [
        {"time": moment, "later": time.fromisoformat(moment) > now, "cards": list(group)}
        for moment, group in groupby(baked, key=lambda card: card["baked"])
    ]
