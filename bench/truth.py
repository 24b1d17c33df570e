"""Whether the cache tells the truth: everything in it, and what is durable, beside a fresh assembly from the tables.

It runs inside a process of the shop, once nobody builds any more: `tell` is for `manage.py shell`.
"""

from collections.abc import Callable, Iterator, Sequence

from django.db.models import Model

from accounts.data import FRIENDS, PEOPLE
from accounts.models import User
from products import documents
from products.data import ARTICLES, CATEGORIES, PRODUCTS, SHELF_TAGS
from products.models import Article, Category, Document, Product, Review, Term
from products.search_index import index_entries
from scaling import codec
from scaling.cache import CachedObject
from scaling.reading import Built
from scaling.replicas import primary, unit_of_work
from scaling.stores import cache
from shop.stream import ACTIVITIES

KINDS: dict[CachedObject, type[Model]] = {
    PRODUCTS: Product,
    CATEGORIES: Category,
    SHELF_TAGS: Category,
    ARTICLES: Article,
    PEOPLE: User,
    FRIENDS: User,
    ACTIVITIES: Review,
}
NOT_LISTINGS = (":next", ":lease")
SIEVED = "l:stream:"  # who reads a stream leaves out what is not there any more
COLUMNS = ("sort_name", "tags", "band", "price", "rating", "baked", "created", "category_id")
SENTINEL = b""

Fresh = dict[CachedObject, dict[int, Built]]


def tell() -> None:
    """A line for each thing that is wrong, and at the end what was looked at."""
    for line in differences():
        print(line)
    print(f"{sum(1 for _ in cache().scan_iter('[ol]:*'))} keys, {Document.objects.count()} documents")


def differences() -> list[str]:
    """What is wrong, in words."""
    return _differences(_objects, _documents, _index, _listings)


def differing_objects() -> list[str]:
    """The same of the objects in the cache alone."""
    return _differences(_objects)


def _differences(*parts: Callable[[Fresh], Iterator[str]]) -> list[str]:
    with unit_of_work(), primary():
        fresh = {kind: kind.assemble_all(sorted(_ids(kind, model))) for kind, model in KINDS.items()}
        return [line for part in parts for line in part(fresh)]


def _ids(kind: CachedObject, model: type[Model]) -> set[int]:
    """Of all objects that are in the tables, in the cache or among the documents."""
    ids = set(model.objects.values_list("pk", flat=True)) | {int(key.split(b":")[2]) for key in _keys(kind)}
    return ids | set(Document.objects.values_list("pk", flat=True)) if model is Product else ids


def _keys(kind: CachedObject) -> list[bytes]:
    return list(cache().scan_iter(f"o:{kind.name}:*", count=1000))


def _objects(fresh: Fresh) -> Iterator[str]:
    for kind, built in fresh.items():
        for key in _keys(kind):
            fields = [f"{part}:{kind.shape}" for part in "scvr"]
            whole, card, version, named = cache().hmget(key, fields)
            if whole is not None:
                one = built[int(key.split(b":")[2])]
                yield from _object(key.decode(), one, _opened(codec.unpack(whole)), _opened(codec.unpack_card(card)))
                if one.data and int(version) != one.version:
                    yield f"{key.decode()} is stored as {int(version)} and is {one.version}"
                expected = " ".join(f"{ref.key(pk)} {ref.shape}" for ref, pk in one.refs)
                if named.decode() != expected:
                    yield f"{key.decode()} names {named.decode()}, not {expected}"


def _object(key: str, one: Built, whole: codec.Packed, card: codec.Packed) -> Iterator[str]:
    if (whole.data, card.data) != (_as_stored(one.data), _as_stored(one.card)):
        yield f"{key} is {_differing(whole.data, _as_stored(one.data))}"
    if (one.version or one.data) and (whole.version, card.version) != (one.version, one.version):
        yield f"{key} says it is {whole.version} and {card.version}, and is {one.version}"
    if one.expires_at and whole.expires_at != one.expires_at:
        yield f"{key} expires at {whole.expires_at}, not {one.expires_at}"


def _opened(parts: Sequence) -> codec.Packed:
    return codec.Packed(*parts)


def _documents(fresh: Fresh) -> Iterator[str]:
    built = fresh[PRODUCTS]
    rows = {row.pk: row for row in Document.objects.filter(is_gone=False)}
    for pk in sorted({pk for pk, one in built.items() if one.data} ^ rows.keys()):
        yield f"document {pk} is {'there' if pk in rows else 'missing'}"
    for pk, row in rows.items():
        one = built[pk]
        if one.data is None:
            continue
        if row.version != one.version:
            yield f"document {pk} is of {row.version}, not {one.version}"
        if row.data != (should := _as_stored(one.data)):
            yield f"document {pk} is {_differing(row.data, should)}"
        columns = {name: getattr(row, name) for name in COLUMNS}
        if columns != documents.columns(one.data):
            yield f"document {pk} has {_differing(columns, documents.columns(one.data))}"
        if row.left:
            yield f"document {pk} has still to leave {row.left}"


def _index(fresh: Fresh) -> Iterator[str]:
    categories = dict(Category.objects.values_list("pk", "name"))
    wanted = {
        (pk, term, weight)
        for pk, one in fresh[PRODUCTS].items()
        if one.data
        for term, weight in index_entries(one.data, categories.get(one.data["category_id"], "")).items()
    }
    for row in sorted(wanted ^ set(Term.objects.values_list("product_id", "term", "weight"))):
        yield f"search {'misses' if row in wanted else 'finds'} {row}"


def _listings(fresh: Fresh) -> Iterator[str]:
    wanted: dict[str, dict[str, float]] = {}
    for built in fresh.values():
        for one in built.values():
            for key, score, member in one.entries:
                wanted.setdefault(key, {})[member] = score
    for key in cache().scan_iter("l:*", count=1000):
        name = key.decode()
        if name.endswith(NOT_LISTINGS) or name.startswith(SIEVED):
            continue
        rows = dict(cache().zrange(key, 0, -1, withscores=True))
        if rows.pop(SENTINEL, None) is None:
            yield f"{name} has no sentinel"
        there, should = {member.decode(): score for member, score in rows.items()}, wanted.get(name, {})
        if there != should:
            yield f"{name} is {_differing(there, should)}"


def _as_stored(data: dict | None) -> dict | None:
    return data and codec.orjson.loads(codec.dumps(data))


def _differing(there: dict | None, should: dict | None) -> str:
    """What differs, of two dicts: {key: (there, should)}."""
    if there is None or should is None:
        return f"{'absent' if there is None else 'there'} and should be {'absent' if should is None else 'there'}"
    names = [name for name in sorted({*there, *should}) if there.get(name) != should.get(name)]
    return str({name: (there.get(name), should.get(name)) for name in names})[:600]
