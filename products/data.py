"""The objects that pages read: products, categories, journal articles, the shelves in the header."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from jobs.outbox import enqueue_many
from jobs.versions import absent, versions_of
from jobs.watched import REFRESH
from scaling.cache import Built, CachedObject, Want, fetch, registry
from scaling.clock import microseconds_of
from scaling.fence import Entry
from scaling.kinds import Places
from scaling.listings import Listing, known
from scaling.replicas import snapshot
from scaling.walking import ids_after

from . import documents, sampling, search_index
from .assembly import BESIDE_CARD, CARD, ProductData, as_of_version, card_of, named_in
from .cards import article_card, category_card, render_body, tags_of_categories
from .models import Article, Category, Product

MOST_SHELVES = 30


class Products(CachedObject):
    """`Product.data`, assembled whole."""

    name = "product"
    form = f"2: {' '.join(CARD)} {' '.join(BESIDE_CARD)}"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            versions = versions_of(self.name, ids, alias)
            whole = ProductData(ids, alias, versions).assemble()
        return absent(versions) | {pk: self._built(versions.get(pk, 0), data) for pk, data in whole.items()}

    def durable(self, ids: Sequence[int]) -> dict[int, Built]:
        try:
            rows = documents.read(ids, self.shape)
        except documents.AwayError:  # then they are assembled
            return {}
        return {
            row.pk: Built(row.version, None) if row.is_gone else self._built(row.version, row.data) for row in rows
        }

    def persist(self, built: Mapping[int, Built]) -> Places:
        """The document, and then the words it is found by, each behind the version: an older build replaces neither.
        They may lie in two databases, so whoever dies in between has to do both again."""
        places = documents.write(built, self.shape)
        search_index.write({pk: built[pk] for pk in places})
        return places

    def settle(self, built: Mapping[int, Built]) -> None:
        documents.settle(built)

    def after(self, pk: int, most: int) -> Sequence[int]:
        return sampling.product_ids_after(pk, most)

    def count(self) -> int:
        return sampling.count_products()

    def unsound(self, built: Mapping[int, Built]) -> dict[int, str]:
        return sampling.unsound_documents(built, self.shape)

    def _built(self, version: int, data: dict) -> Built:
        refs = [(registry[name], pk) for name, pk in named_in(data)]
        ends_at = microseconds_of(datetime.fromisoformat(data["until"])) if data["until"] else 0
        return Built(version, data, card_of(data), refs, documents.entries_of(data), expires_at=ends_at)


class Categories(CachedObject):
    """A category, as the header of every page shows it."""

    name = "category"
    form = "2: id slug name intro url picture alt"
    listing = "l:shelves"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            rows = list(Category.objects.using(alias).filter(pk__in=ids))
            cards = self.cards_of(rows, alias)
            versions = versions_of(self.name, ids, alias)
        built = absent(versions)
        for row in rows:
            entry = (self.listing, row.position, member_of(row.pk))
            built[row.pk] = Built(versions.get(row.pk, 0), cards[row.pk], cards[row.pk], entries=[entry])
        return built

    def cards_of(self, rows: Sequence[Category], alias: str) -> dict[int, dict]:
        return {row.pk: category_card(row) for row in rows}

    def persist(self, built: Mapping[int, Built]) -> Places:
        """Nothing is durable. One that is gone leaves its only place, also if the cache knows of none."""
        return {pk: [(self.listing, member_of(pk))] for pk in built}

    def after(self, pk: int, most: int) -> Sequence[int]:
        return ids_after(Category.objects.all(), pk, most)

    def count(self) -> int:
        return Category.objects.count()


class ShelfTags(Categories):
    """Which tags the products of a category carry. Apart from it: they change with every product, and are shown on
    its own shelf alone."""

    name = "tags"
    form = "1: id tags"
    listing = "l:tags"

    def cards_of(self, rows: Sequence[Category], alias: str) -> dict[int, dict]:
        tags = tags_of_categories([row.pk for row in rows], alias)
        return {row.pk: {"id": row.pk, "tags": tags[row.pk]} for row in rows}


class Articles(CachedObject):
    """A journal article, fully rendered."""

    name = "article"
    form = "1: id slug title summary url picture alt at minutes html"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            versions = versions_of(self.name, ids, alias)
            as_of = {pk: as_of_version(versions.get(pk, 0)) for pk in ids}
            latest = max(as_of.values(), default=None)
            rows = list(Article.objects.using(alias).published(by=latest).filter(pk__in=ids))
        built = absent(versions)
        for row in (row for row in rows if row.published_at <= as_of[row.pk]):
            card = article_card(row)
            data = card | {"html": render_body(row.body)}
            built[row.pk] = Built(
                versions.get(row.pk, 0), data, card, entries=[journal_entry(row.pk, row.published_at)]
            )
        return built

    def persist(self, built: Mapping[int, Built]) -> Places:
        """As of categories."""
        return {pk: [("l:journal", member_of(pk))] for pk in built}

    def after(self, pk: int, most: int) -> Sequence[int]:
        return ids_after(Article.objects.all(), pk, most)

    def count(self) -> int:
        return Article.objects.count()


def member_of(pk: int) -> str:
    return f"{pk:010}|{pk}"


def journal_entry(pk: int, published_at: datetime) -> Entry:
    return ("l:journal", -published_at.timestamp(), member_of(pk))


def shelf_rows() -> list[tuple[float, str]]:
    return [(position, member_of(pk)) for pk, position in Category.objects.values_list("pk", "position")]


def shelf_ids(first: int, last: int) -> tuple[int, list[int]]:
    ids = list(Category.objects.values_list("pk", flat=True))
    return len(ids), ids[first : last + 1]


def journal_rows() -> list[tuple[float, str]]:
    published = Article.objects.published().values_list("pk", "published_at")
    return [journal_entry(pk, published_at)[1:] for pk, published_at in published]


def journal_ids(first: int, last: int) -> tuple[int, list[int]]:
    published = Article.objects.published()
    return published.count(), list(published.values_list("pk", flat=True)[first : last + 1])


PRODUCTS = Products()
CATEGORIES = Categories()
SHELF_TAGS = ShelfTags()
ARTICLES = Articles()
SHELVES = Listing(CATEGORIES.listing, CATEGORIES, shelf_rows, shelf_ids)
TAGS = Listing(SHELF_TAGS.listing, SHELF_TAGS, shelf_rows, shelf_ids)
JOURNAL = Listing("l:journal", ARTICLES, journal_rows, journal_ids)
known |= {each.key: {each.key: each}.get for each in (SHELVES, TAGS, JOURNAL)}


def all_shelves() -> Want:
    """For `fetch`: the categories in their order, which the header of every page shows."""
    return SHELVES.slice(0, MOST_SHELVES - 1)


def tags_of(category: int | None) -> Want:
    """For `fetch`: the tags carried on this shelf, or on each of all, as cards of SHELF_TAGS."""
    if category is None:
        return TAGS.slice(0, MOST_SHELVES - 1).then(lambda found: found.cards)
    return SHELF_TAGS.cards([category]).then(lambda found: list(found.values()))


def shelves() -> list[dict]:
    """The same, for a page that reads nothing else."""
    return fetch(all_shelves())[0].cards


def cards(ids: Iterable[int]) -> dict[int, dict]:
    """The cards of the products that exist, in the order asked for, in one round trip."""
    return PRODUCTS.get_many(ids)


def enqueue_all() -> None:
    """Have every object built again, in the background."""
    for name, model in (("category", Category), ("tags", Category), ("article", Article), ("product", Product)):
        pks = model.objects.order_by("pk").values_list("pk", flat=True).iterator()
        enqueue_many(REFRESH, (f"{name}:{pk}" for pk in pks))
