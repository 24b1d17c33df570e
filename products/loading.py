"""The demo catalogue: from the files of `products.bakery` to rows. What is there already is left as it is."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scaling.progress import along

from . import bakery
from .models import Article, Category, Picture, Price, Product, Stock, Tag, Text
from .pictures import store


def store_pictures() -> dict[str, str]:
    """Keep all pictures of the bakery; their stems by name. Do it before a transaction: it is slow the first time."""
    with ThreadPoolExecutor() as pool:  # Pillow lets others run while it works
        kept = [(path.stem, pool.submit(_store, path)) for path in bakery.pictures()]
        return {name: stored.result() for name, stored in along("Pictures", kept)}


def _store(path: Path) -> str:
    with path.open("rb") as file:
        return store(file, name=path.stem)


def load_catalogue(stems: dict[str, str], now: datetime.datetime) -> list[Product]:
    """Add the tags, categories, articles and products that are missing. Returns the products that are new."""
    tags = _load_tags()
    _load_articles(stems, now)
    categories = _load_categories(stems)
    there = set(Product.objects.values_list("slug", flat=True))
    items = {item["slug"]: item for item in _items(categories) if item["slug"] not in there}
    Product.objects.bulk_create(_product(item, now) for item in items.values())
    new = list(Product.objects.filter(slug__in=items))
    Price.objects.bulk_create(row for product in new for row in _prices(product, items[product.slug], now))
    Text.objects.bulk_create(row for product in new for row in _texts(product, items[product.slug]))
    Stock.objects.bulk_create(Stock(product=product, quantity=items[product.slug]["stock"]) for product in new)
    Picture.objects.bulk_create(row for product in new for row in _pictures(product, items[product.slug], stems))
    _link(new, items, tags)
    return new


def _load_tags() -> dict[str, Tag]:
    named = bakery.house()["tags"]
    there = set(Tag.objects.values_list("slug", flat=True))
    Tag.objects.bulk_create(Tag(slug=slug, name=name) for slug, name in named.items() if slug not in there)
    return {tag.slug: tag for tag in Tag.objects.all()}


def _load_categories(stems: dict[str, str]) -> dict[str, Category]:
    there = set(Category.objects.values_list("slug", flat=True))
    Category.objects.bulk_create(
        Category(
            slug=shelf["slug"],
            name=shelf["name"],
            intro=shelf["intro"],
            position=position,
            picture=stems[shelf["picture"]],
            picture_alt=shelf["picture_alt"],
        )
        for position, shelf in enumerate(bakery.shelves(), start=1)
        if shelf["slug"] not in there
    )
    return {category.slug: category for category in Category.objects.all()}


def _load_articles(stems: dict[str, str], now: datetime.datetime) -> None:
    there = set(Article.objects.values_list("slug", flat=True))
    Article.objects.bulk_create(
        Article(
            slug=entry["slug"],
            title=entry["title"],
            summary=entry["summary"],
            body=entry["body"],
            picture=stems[entry["picture"]],
            picture_alt=entry["alt"],
            published_at=_days_ago(now, entry["days"]),
        )
        for entry in bakery.journal()
        if entry["slug"] not in there
    )


def _items(categories: dict[str, Category]) -> list[dict]:
    """Everything on the shelves, each with the category it stands in."""
    return [
        item | {"category": categories[shelf["slug"]]} for shelf in bakery.shelves() for item in shelf["products"]
    ]


def _product(item: dict, now: datetime.datetime) -> Product:
    return Product(
        slug=item["slug"],
        name=item["name"],
        about=item["about"],
        category=item["category"],
        baked_at=datetime.time.fromisoformat(item["baked"]),
        created_at=_days_ago(now, item["age"]),
    )


def _prices(product: Product, item: dict, now: datetime.datetime) -> list[Price]:
    regular = Price(product=product, cents=item["price"], starts_at=product.created_at)
    if "promotion" not in item:
        return [regular]
    promotion = item["promotion"]
    times = {
        "starts_at": _days_ago(now, promotion["began"]),
        "ends_at": _end_of_day(now + datetime.timedelta(days=promotion["ends"])),
    }
    return [regular, Price(product=product, cents=promotion["price"], label=promotion["label"], **times)]


def _texts(product: Product, item: dict) -> list[Text]:
    title, story = item["story"]
    room = bakery.house()["rooms"][item.get("room", "main")]
    bodies = {
        Text.Kind.STORY: story,
        Text.Kind.INGREDIENTS: item["ingredients"],
        Text.Kind.ALLERGENS: f"{item['allergens']} {room}",
        Text.Kind.KEEPING: item["keeping"],
    }
    return [
        Text(product=product, kind=kind, title=title if kind == Text.Kind.STORY else "", body=body)
        for kind, body in bodies.items()
    ]


def _pictures(product: Product, item: dict, stems: dict[str, str]) -> list[Picture]:
    return [
        Picture(product=product, stem=stems[name], alt=alt, position=position)
        for position, (name, alt) in enumerate(item["pictures"])
    ]


def _link(new: list[Product], items: dict[str, dict], tags: dict[str, Tag]) -> None:
    """Tags, and what goes well with it, which may be a product that was there before."""
    ids = dict(Product.objects.values_list("slug", "pk"))
    carries, beside = Product.tags.through, Product.related.through
    carries.objects.bulk_create(
        carries(product=product, tag=tags[slug]) for product in new for slug in items[product.slug]["tags"]
    )
    beside.objects.bulk_create(
        beside(from_product=product, to_product_id=ids[slug])
        for product in new
        for slug in items[product.slug]["goes_with"]
    )


def _days_ago(now: datetime.datetime, days: int) -> datetime.datetime:
    return now - datetime.timedelta(days=days)


def _end_of_day(moment: datetime.datetime) -> datetime.datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=0)
