"""Random writes to the catalogue, over every way that Django has to a table, and over none of them.

Each takes a `Random`, so that the same seed does the same. `write` is for a thread of a test, `tell` for a process of
its own.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from django.db import Error, connection, connections, models, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Friendship, User
from products.models import Article, Category, Picture, Price, Product, Review, Stock, Tag, Text
from scaling.replicas import primary, unit_of_work

SYLLABLES = ("rye", "Öl", "corn", "Malt", "ba", "Nut", "fig", "zo", "spelt", "é", "brioche", "Mond")
MOST_ROWS = 40  # of a kind: what is too many is deleted
UNIQUE = None if connection.vendor == "mysql" else ["product_id"]

Write = Callable[[Random], object]
WRITES: list[Write] = []


class Nothing(Exception):
    """There is no row to do it to."""


class Regret(Exception):
    """A transaction is rolled back."""


def write(random: Random) -> str:
    """Do one of them. Answers its name, or what stood against it."""
    chosen = random.choice(WRITES)
    try:
        with unit_of_work(), primary():
            chosen(random)
    except (Nothing, Regret, ProtectedError, Error) as error:
        return type(error).__name__
    return chosen.__name__


def tell(seed: int, count: int, threads: int) -> None:
    """So many writes by each of so many threads, and what they were."""
    done: Counter[str] = Counter()

    def work(number: int) -> None:
        random = Random(f"{seed} {number}")
        for _ in range(count):
            done[write(random)] += 1
        connections.close_all()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    sys.stdout.write(f"{dict(done)}\n")


def is_write(function: Write) -> Write:
    WRITES.append(function)
    return function


def any_of(random: Random, model: type[models.Model]) -> Any:
    ids = list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:MOST_ROWS])
    row = model._default_manager.filter(pk=random.choice(ids)).first() if ids else None
    if row is None:
        raise Nothing
    return row


def some_of(random: Random, model: type[models.Model]) -> Sequence[Any]:
    return [any_of(random, model) for _ in range(random.randint(0, 3))]


def words(random: Random) -> str:
    return " ".join(random.choice(SYLLABLES) for _ in range(random.randint(1, 3)))


def soon(random: Random) -> timedelta:
    return timedelta(milliseconds=random.randint(50, 900))


def raw(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


# ---------------------------------------------------------------- products


@is_write
def product_made(random: Random) -> None:
    new_product(random, random.choice([None, *range(1, 6)]))


def new_product(random: Random, pk: int | None) -> Product:
    name = words(random)
    is_published = random.random() < 0.8
    product = Product(pk=pk, name=name, slug=slugify(name) or "x", about=words(random), is_published=is_published)
    product.category = any_of(random, Category)
    with transaction.atomic():
        product.save()
        if random.random() < 0.9:
            product.prices.create(cents=random.randint(1, 999), starts_at=timezone.now() - timedelta(days=1))
        product.tags.set(some_of(random, Tag))
    return product


@is_write
def product_deleted(random: Random) -> None:
    any_of(random, Product).delete()


@is_write
def product_deleted_and_made_again(random: Random) -> None:
    product = any_of(random, Product)
    pk = product.pk
    with transaction.atomic():
        product.delete()
        new_product(random, pk)


@is_write
def product_saved(random: Random) -> None:
    product = any_of(random, Product)
    product.name, product.is_published = words(random), not product.is_published
    product.save()


@is_write
def product_renamed(random: Random) -> None:
    Product.objects.filter(pk=any_of(random, Product).pk).update(name=words(random))


@is_write
def product_moved(random: Random) -> None:
    Product.objects.filter(pk=any_of(random, Product).pk).update(category=any_of(random, Category))


@is_write
def products_published(random: Random) -> None:
    Product.objects.filter(is_published=False).update(is_published=True)


@is_write
def products_in_bulk(random: Random) -> None:
    products = list({product.pk: product for product in some_of(random, Product)}.values())
    for product in products:
        product.name, product.baked_at = words(random), random.choice([None, "06:30", "17:05"])
    Product.objects.bulk_update(products, ["name", "baked_at"])


@is_write
def products_of_a_category_updated(random: Random) -> None:
    Product.objects.filter(category__slug=any_of(random, Category).slug).update(about=words(random))


@is_write
def products_of_a_tag_deleted(random: Random) -> None:
    Product.objects.filter(tags=any_of(random, Tag), reviews__rating__lt=3).delete()


@is_write
def product_made_in_raw_sql(random: Random) -> None:
    raw(
        "INSERT INTO products_product (name, slug, about, category_id, is_published, created_at)"
        " VALUES (%s, 'raw', 'raw', %s, 1, '2026-01-01 00:00:00')",
        words(random),
        any_of(random, Category).pk,
    )


# ---------------------------------------------------------------- prices


@is_write
def price_created(random: Random) -> None:
    any_of(random, Product).prices.create(cents=random.randint(1, 999))


@is_write
def promotion(random: Random) -> None:
    """It may begin and end while we look."""
    starts_at = timezone.now() + random.choice([-1, 1]) * soon(random)
    ends_at = max(starts_at, timezone.now()) + random.choice([soon(random), timedelta(days=1)])
    any_of(random, Product).prices.create(cents=1, label=words(random), starts_at=starts_at, ends_at=ends_at)


@is_write
def promotion_moved(random: Random) -> None:
    rows = Price.objects.filter(pk=any_of(random, Price).pk, ends_at__isnull=False)
    rows.update(ends_at=F("starts_at") + random.choice([soon(random), timedelta(days=2)]))


@is_write
def prices_in_bulk(random: Random) -> None:
    Price.objects.bulk_create(Price(product=each, cents=random.randint(1, 999)) for each in some_of(random, Product))


@is_write
def prices_through_a_relation(random: Random) -> None:
    Price.objects.filter(product__category=any_of(random, Category)).update(cents=F("cents") + 1)


@is_write
def prices_deleted(random: Random) -> None:
    any_of(random, Product).prices.all().delete()


@is_write
def price_in_raw_sql(random: Random) -> None:
    raw("UPDATE products_price SET cents = cents + 7 WHERE product_id = %s", any_of(random, Product).pk)


@is_write
def price_in_a_transaction_that_is_rolled_back(random: Random) -> None:
    with transaction.atomic():
        any_of(random, Product).prices.update(cents=5)
        raise Regret


@is_write
def several_in_one_transaction(random: Random) -> None:
    with transaction.atomic():
        for each in random.sample(WRITES, 3):
            if each is not several_in_one_transaction:
                each(random)


# ---------------------------------------------------------------- what hangs on a product


@is_write
def text_written(random: Random) -> None:
    kind = random.choice(Text.Kind.values)
    any_of(random, Product).texts.update_or_create(kind=kind, defaults={"body": words(random)})


@is_write
def pictures_replaced(random: Random) -> None:
    product = any_of(random, Product)
    with transaction.atomic():
        product.pictures.all().delete()
        Picture.objects.bulk_create(Picture(product=product, stem=words(random), alt="x", position=n) for n in (2, 1))


@is_write
def stock_moved(random: Random) -> None:
    Stock.objects.filter(product=any_of(random, Product)).update(quantity=random.choice([0, 1, 5, 6, 90]))


@is_write
def stock_upserted(random: Random) -> None:
    rows = [Stock(product=product, quantity=random.choice([0, 3, 9])) for product in some_of(random, Product)]
    Stock.objects.bulk_create(rows, update_conflicts=True, update_fields=["quantity"], unique_fields=UNIQUE)


@is_write
def stock_deleted(random: Random) -> None:
    any_of(random, Stock).delete()


@is_write
def review_written(random: Random) -> None:
    about = {"rating": random.randint(1, 5), "body": words(random)}
    any_of(random, Product).reviews.update_or_create(author=any_of(random, User), defaults=about)


@is_write
def reviews_hidden(random: Random) -> None:
    Review.objects.filter(author=any_of(random, User)).update(is_hidden=random.random() < 0.5)


@is_write
def user_renamed(random: Random) -> None:
    User.objects.filter(pk=any_of(random, User).pk).update(name=words(random))


@is_write
def user_made(random: Random) -> None:
    user = User(email=f"{random.getrandbits(40)}@example.com", name=words(random))
    user.save()


@is_write
def user_deleted(random: Random) -> None:
    User.objects.filter(is_staff=False, pk=any_of(random, User).pk).delete()


@is_write
def friendship_begun(random: Random) -> None:
    one, other = any_of(random, User), any_of(random, User)
    if one != other:
        state = random.choice(Friendship.State.values)
        Friendship.objects.update_or_create(follower=one, followed=other, defaults={"state": state})


@is_write
def friendship_ended(random: Random) -> None:
    any_of(random, Friendship).delete()


# ---------------------------------------------------------------- many to many


@is_write
def tags_added(random: Random) -> None:
    any_of(random, Product).tags.add(*some_of(random, Tag))


@is_write
def tags_set(random: Random) -> None:
    any_of(random, Product).tags.set(some_of(random, Tag))


@is_write
def tags_cleared(random: Random) -> None:
    any_of(random, Product).tags.clear()


@is_write
def products_of_a_tag_set(random: Random) -> None:
    any_of(random, Tag).products.set(some_of(random, Product))


@is_write
def tag_made(random: Random) -> None:
    any_of(random, Product).tags.get_or_create(slug=random.choice("abcdefgh"), defaults={"name": words(random)})


@is_write
def tag_renamed(random: Random) -> None:
    tag = any_of(random, Tag)
    tag.name, tag.slug = words(random), random.choice("abcdefgh")
    tag.save()


@is_write
def tag_deleted(random: Random) -> None:
    any_of(random, Tag).delete()


@is_write
def related_set(random: Random) -> None:
    any_of(random, Product).related.set(some_of(random, Product))


@is_write
def related_from_the_other_side(random: Random) -> None:
    any_of(random, Product).product_set.add(*some_of(random, Product))


@is_write
def related_cleared(random: Random) -> None:
    any_of(random, Product).related.clear()


# ---------------------------------------------------------------- categories and articles


@is_write
def category_made(random: Random) -> None:
    if Category.objects.count() < MOST_ROWS / 4:
        Category.objects.create(name=words(random), slug="c", position=random.randint(0, 9))


@is_write
def category_renamed(random: Random) -> None:
    Category.objects.filter(pk=any_of(random, Category).pk).update(name=words(random))


@is_write
def category_moved(random: Random) -> None:
    category = any_of(random, Category)
    category.position = random.randint(0, 9)
    category.save(update_fields=["position"])


@is_write
def category_deleted(random: Random) -> None:
    any_of(random, Category).delete()


@is_write
def category_emptied_and_deleted(random: Random) -> None:
    category, other = any_of(random, Category), any_of(random, Category)
    with transaction.atomic():
        if category != other:
            category.products.update(category=other)
            category.delete()


@is_write
def article_made(random: Random) -> None:
    at = timezone.now() + random.choice([-1, 1]) * soon(random)
    Article.objects.create(title=words(random), slug="a", summary="s", body=words(random), published_at=at)


@is_write
def article_rewritten(random: Random) -> None:
    Article.objects.filter(pk=any_of(random, Article).pk).update(body=words(random))


@is_write
def article_published_anew(random: Random) -> None:
    article = any_of(random, Article)
    article.published_at = timezone.now() + random.choice([-soon(random), soon(random), timedelta(days=3)])
    article.save()


@is_write
def article_deleted(random: Random) -> None:
    any_of(random, Article).delete()
