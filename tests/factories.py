"""Rows for tests, and the cast: Steve the customer, Ada the baker, Mallory with no rights."""

import datetime
from itertools import count

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Friendship
from products.models import Article, Category, Price, Product, Review, Stock, Tag, Text
from shop.models import Slot

PASSWORD = "warm-bread-7am"
_number = count(1)


def make_category(name="Bread", **changes):
    return Category.objects.create(name=name, **{"slug": slugify(name)} | changes)


def make_tag(name="Vegan"):
    return Tag.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0]


def make_product(name="Country sourdough", *, price=520, stock=10, tags=(), category=None, texts=None, **changes):
    """A published product. `price` in cents, or None for none; `tags` as names or rows; `texts` as {kind: body}."""
    fields = {"slug": slugify(name), "about": "A loaf that takes a day and a night."} | changes
    product = Product.objects.create(name=name, category=category or _bread(), **fields)
    if price is not None:
        make_price(product, price, starts_at=timezone.now() - datetime.timedelta(days=30))
    Stock.objects.create(product=product, quantity=stock)
    product.tags.set([make_tag(tag) if isinstance(tag, str) else tag for tag in tags])
    for kind, body in (texts or {}).items():
        Text.objects.create(product=product, kind=kind, body=body)
    return product


def _bread():
    return Category.objects.filter(slug="bread").first() or make_category()


def make_price(product, cents, **changes):
    return Price.objects.create(product=product, cents=cents, **changes)


def make_promotion(product, cents=410, **changes):
    """A price that began an hour ago and ends in three days."""
    now = timezone.now()
    times = {"starts_at": now - datetime.timedelta(hours=1), "ends_at": now + datetime.timedelta(days=3)}
    return make_price(product, cents, **{"label": "Sourdough week"} | times | changes)


def make_user(name="Steve", *, password=PASSWORD, **changes):
    email = changes.pop("email", None) or f"{slugify(name) or 'somebody'}-{next(_number)}@example.com"
    return get_user_model().objects.create_user(email, password, name=name, **changes)


def steve():
    return _cast("Steve")


def ada():
    return _cast("Ada", is_staff=True, is_superuser=True)


def mallory():
    return _cast("Mallory")


def _cast(name, **changes):
    email = f"{name.lower()}@example.com"
    return get_user_model().objects.filter(email=email).first() or make_user(name, email=email, **changes)


def make_review(product=None, author=None, *, rating=5, body="Gone before we were home.", **changes):
    product, author = product or make_product(), author or make_user()
    return Review.objects.create(product=product, author=author, rating=rating, body=body, **changes)


def make_follow(follower, followed, state=Friendship.State.ACCEPTED, **changes):
    return Friendship.objects.create(follower=follower, followed=followed, state=state, **changes)


def make_article(title="A starter called Brenda", **changes):
    fields = {
        "slug": slugify(title),
        "summary": "How we keep her fed.",
        "body": "She lives in a bucket by the oven.\n\n## Breakfast\n\nFlour and water, at five.",
    }
    return Article.objects.create(title=title, **fields | changes)


def make_slot(starts_at=None, **changes):
    """A slot tomorrow at eight, or the one that is there already."""
    start = starts_at or tomorrow_at(8)
    return Slot.objects.get_or_create(starts_at=start, defaults=changes)[0]


def tomorrow_at(hour, minute=0):
    day = timezone.localdate() + datetime.timedelta(days=1)
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour, minute)))
