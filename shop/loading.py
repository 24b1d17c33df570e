"""The people of the demo bakery, whom they follow and what they said. What is there already is left as it is."""

import datetime
from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Friendship, User
from accounts.portraits import FOLDER, SIDE_PIXELS
from products import bakery
from products.loading import load_catalogue, store_pictures
from products.models import Product, Review
from scaling.pictures import picture_name, store_picture
from scaling.progress import along

from .loading_orders import load_orders
from .slots import open_slots

PASSWORD = "warm-bread-7am"  # noqa: S105 - of the demo accounts, told to everybody
CROWD = 500
MEMBER_DAYS = 420


def load_demo() -> str:
    """Have the whole demo bakery in the database and say what was added. Pictures come first, without a lock."""
    stems, portraits, now = store_pictures(), _store_portraits(), timezone.localtime()
    with transaction.atomic():
        people, are_new = load_people(portraits, now)
        new_products = load_catalogue(stems, now)
        open_slots()
        orders = load_orders(people, now)
        reviews = load_reviews(people, new_products, now)
    return f"{len(new_products)} products, {reviews} reviews, {orders} orders, {are_new} people"


def load_people(portraits: dict[str, str], now: datetime.datetime) -> tuple[dict[str, User], int]:
    """All the people by their short name, and how many of them are new."""
    there = set(_users().values_list("email", flat=True))
    new = {who: about for who, about in bakery.people().items() if email_of(who) not in there}
    User.objects.bulk_create(_user(who, about, portraits.get(who, "")) for who, about in new.items())
    people = {user.email.partition("@")[0]: user for user in _users()}
    User.objects.filter(pk__in=[people[who].pk for who in new]).update(
        created_at=now - datetime.timedelta(days=MEMBER_DAYS)
    )
    Friendship.objects.bulk_create(row for who in new for row in _follows(who, people))
    return people, len(new)


def load_reviews(people: dict[str, User], products: Iterable[Product], now: datetime.datetime) -> int:
    """What was said of these products. Who said it under `bought` has a collected order to show for it."""
    by_slug = {product.slug: product for product in products}
    rows = [
        _review(said, by_slug[said["product"]], people[said["by"]], now, is_verified=kind == "bought")
        for kind in ("bought", "tasted")
        for said in bakery.reviews(kind)
        if said["product"] in by_slug
    ]
    Review.objects.bulk_create(rows)
    Review.objects.filter(product__in=by_slug.values()).update(updated_at=F("created_at"))
    return len(rows)


def crowd() -> list[int]:
    """The keys of those who review the catalogue for measuring; they are made when they are missing."""
    emails = [f"customer-{n}@crowd.example" for n in range(1, CROWD + 1)]
    there = set(User.objects.filter(email__in=emails).values_list("email", flat=True))
    nobody = make_password(None)
    User.objects.bulk_create(
        User(email=email, name=f"Customer {n}", password=nobody)
        for n, email in enumerate(emails, start=1)
        if email not in there
    )
    return list(User.objects.filter(email__in=emails).order_by("email").values_list("pk", flat=True))


def email_of(who: str) -> str:
    return f"{who}@bakery.example"


def _users():
    return User.objects.filter(email__in=[email_of(who) for who in bakery.people()])


def _store_portraits() -> dict[str, str]:
    """The pictures of people who are missing, by their short name: each has a file of its own, to be changed."""
    there = set(_users().values_list("email", flat=True))
    wanted = {
        who: about["picture"]
        for who, about in bakery.people().items()
        if "picture" in about and email_of(who) not in there
    }
    originals = {path.stem: path for path in bakery.pictures()}
    return {who: _portrait(originals[picture]) for who, picture in along("Portraits", wanted.items())}


def _portrait(original) -> str:
    with original.open("rb") as file:
        stem = store_picture(file, folder=FOLDER, sizes=[SIDE_PIXELS])
    return picture_name(stem, SIDE_PIXELS)


def _user(who: str, about: dict, picture: str) -> User:
    role = about.get("role")
    is_baker = role == "baker"
    return User(
        email=email_of(who),
        name=about["name"],
        password=make_password(PASSWORD if role else None),
        picture=picture,
        is_staff=is_baker,
        is_superuser=is_baker,
    )


def _follows(who: str, people: dict[str, User]) -> list[Friendship]:
    about, state = bakery.people()[who], Friendship.State
    named = [(other, state.ACCEPTED) for other in about.get("follows", [])]
    named += [(other, state.ASKED) for other in about.get("asks", [])]
    return [Friendship(follower=people[who], followed=people[other], state=state) for other, state in named]


def _review(said: dict, product: Product, author: User, now: datetime.datetime, *, is_verified: bool) -> Review:
    # A few hours apart, so that they are not all of the same minute.
    earlier = datetime.timedelta(days=said["days"], minutes=len(said["body"]) * 7 % 600)
    return Review(
        product=product,
        author=author,
        rating=said["rating"],
        body=said["body"],
        is_verified=is_verified,
        created_at=now - earlier,
    )
