"""A catalogue as large as one likes, to measure with: names, texts and prices composed from lists of words.

The same number gives the same catalogue. Its reviews are by a crowd of their own, so that nobody's account page
drowns, and do not claim that somebody bought here, because nobody did.
"""

import datetime
import random
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from django.db.models import Max, Model
from django.utils.text import slugify

from scaling.progress import Bar

from . import bakery
from .models import Category, Picture, Price, Product, Review, Stock, Tag, Text

BATCH_PRODUCTS = 2_000
MOST_REVIEWS = 4
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
BAKED = [datetime.time(6, 50), datetime.time(8, 20), datetime.time(9, 40), datetime.time(13)]
STOCKS = [0, 2, 4, *range(6, 60)]
# Nothing made up may promise somebody that it is safe to eat.
TAGS = ["wholemeal", "sourdough", "butter", "filled", "seeded", "to-share"]
RATINGS = [5, 5, 5, 5, 4, 4, 4, 3, 2]


def fill_up(total: int, author_ids: Sequence[int], now: datetime.datetime) -> int:
    """Compose products until there are `total`, in batches. Returns how many were added."""
    there = Product.objects.count()
    first = (Product.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    composer = Composer(author_ids, now)
    numbers = range(first, first + max(0, total - there))
    with Bar("Products", len(numbers)) as bar:
        for start in range(0, len(numbers), BATCH_PRODUCTS):
            batch = numbers[start : start + BATCH_PRODUCTS]
            _insert(row for number in batch for row in composer.rows_of(number))
            bar.step(len(batch))
    return len(numbers)


def _insert(rows: Iterator[Model]) -> None:
    """Table by table, in the order in which the tables first appear."""
    by_model = defaultdict(list)
    for row in rows:
        by_model[type(row)].append(row)
    for model, batch in by_model.items():
        model._default_manager.bulk_create(batch)


class Composer:
    """Makes up products for the shelves, tags and pictures that are there."""

    def __init__(self, author_ids: Sequence[int], now: datetime.datetime):
        self.author_ids, self.now = author_ids, now
        self.words = bakery.measuring()
        self.tag_ids = list(Tag.objects.filter(slug__in=TAGS).values_list("pk", flat=True))
        self.shelves = list(Category.objects.filter(slug__in=self.words["kinds"]))
        self.earlier = deque(Product.objects.order_by("pk").values_list("pk", flat=True), maxlen=1_000)
        self.pictures = defaultdict(list)
        for shelf, stem, alt in Picture.objects.values_list("product__category", "stem", "alt"):
            self.pictures[shelf].append((stem, alt))

    def rows_of(self, number: int) -> Iterator[Model]:
        """The product of that primary key, and then its parts."""
        chance = random.Random(number)  # noqa: S311 - the same number, the same product
        shelf, flavours = chance.choice(self.shelves), chance.sample(self.words["taste"], 2)
        product = self._product(number, shelf, flavours, chance)
        yield product
        yield Price(product=product, cents=chance.randrange(150, 4_000, 10), starts_at=product.created_at)
        yield Stock(product=product, quantity=chance.choice(STOCKS))
        stem, alt = chance.choice(self.pictures[shelf.pk])
        yield Picture(product=product, stem=stem, alt=alt)
        yield from self._texts(product, flavours, chance)
        yield from self._links(product, chance)
        yield from self._reviews(product, flavours[0], chance)

    def _product(self, number: int, shelf: Category, flavours: list[str], chance: random.Random) -> Product:
        both, kind = " and ".join(flavours), chance.choice(self.words["kinds"][shelf.slug])
        name = f"{chance.choice(self.words['before'])} {both} {kind}"
        return Product(
            pk=number,
            name=name,
            slug=slugify(name),
            about=f"With {both}, from the tray of {chance.choice(DAYS)}",
            category=shelf,
            baked_at=chance.choice(BAKED),
            created_at=self.now - datetime.timedelta(minutes=chance.randrange(10_000, 1_000_000)),
        )

    def _texts(self, product: Product, flavours: list[str], chance: random.Random) -> Iterator[Text]:
        story = " ".join(self._say(line, flavours[0], chance) for line in chance.sample(self.words["middle"], 3))
        yield Text(product=product, kind=Text.Kind.STORY, title=f"About the {flavours[0]}", body=story)
        harmful = [flavour for flavour in flavours if flavour in self.words["allergens"]]
        inside = ", ".join(f"**{flavour}**" if flavour in harmful else flavour for flavour in flavours)
        ingredients = f"**Wheat** flour, water, {inside}, sea salt, yeast."
        yield Text(product=product, kind=Text.Kind.INGREDIENTS, body=ingredients)
        allergens = f"Contains {', '.join(['wheat (gluten)', *harmful])}. {bakery.house()['rooms']['main']}"
        yield Text(product=product, kind=Text.Kind.ALLERGENS, body=allergens)

    def _links(self, product: Product, chance: random.Random) -> Iterator[Model]:
        """Tags, and two products that were made before it."""
        for tag_id in chance.sample(self.tag_ids, chance.randint(1, 3)):
            yield Product.tags.through(product=product, tag_id=tag_id)
        for pk in chance.sample(self.earlier, min(2, len(self.earlier))):
            yield Product.related.through(from_product=product, to_product_id=pk)
        self.earlier.append(product.pk)

    def _reviews(self, product: Product, taste: str, chance: random.Random) -> Iterator[Review]:
        for author_id in chance.sample(self.author_ids, chance.randint(0, MOST_REVIEWS)):
            yield Review(
                product=product,
                author_id=author_id,
                rating=chance.choice(RATINGS),
                body=self._say(chance.choice(self.words["reviews"]), taste, chance),
                created_at=self.now - datetime.timedelta(minutes=chance.randrange(10, 500_000)),
            )

    def _say(self, line: str, taste: str, chance: random.Random) -> str:
        return line.format(
            taste=taste, hours=chance.randint(6, 30), count=chance.randint(3, 40), day=chance.choice(DAYS)
        )
