"""The home page: what comes out of the oven today, the shelves, and the journal, in one round trip."""

from datetime import datetime, time
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from products.data import JOURNAL, all_shelves
from products.rendering import Cards, kept, rendered
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
    minute = timezone.localtime().replace(second=0, microsecond=0)
    objects = (slice_.cards for slice_ in (shelves, bake, best, journal))
    return public(HttpResponse(home_page(minute, *(tuple(cards) for cards in objects))))


@kept
def home_page(now: datetime, shelves: Cards, bake: Cards, best: Cards, journal: Cards) -> bytes:
    context = {
        "shelves": shelves,
        "hero": best[0] if best else None,
        "bake": ledger(bake, now.time()),
        "now": f"{now:%H:%M}",
        "journal": journal,
    }
    return rendered("home.html", context)


def ledger(cards: Cards, now: time) -> list[dict]:
    """Today's bake by the time it leaves the oven; `later` is what has not come out yet."""
    baked = [card for card in cards if card["baked"]]
    return [
        {"time": moment, "later": time.fromisoformat(moment) > now, "cards": list(group)}
        for moment, group in groupby(baked, key=lambda card: card["baked"])
    ]
