"""Documents in a collection of MongoDB, written by its driver: versions are compared and set, with no transaction.

Both engines, the official backend and ours for djongo, read what is written here: one collection serves either. The
key stands in it twice: as `_id`, of which MongoDB itself has only one, and as `product_id`, by which the ORM asks.
`turn` is another one after every write: who has read a document replaces it only if nobody else has meanwhile.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pymongo
from django.db import Error, InterfaceError, OperationalError, connections
from pymongo import InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from scaling.cache import Built
from scaling.fence import Place
from scaling.mongodb import DUPLICATE_KEY, meaning_of

from ..models import Document
from .columns import ORDERS, document_of, gone, left_behind
from .outages import outage_of

TRIES = 5  # against others who write the same documents
INDEXED_WITHIN_SECONDS = 3600
COLUMNS = [field.attname for field in Document._meta.fields]

Change = Callable[[int, Document | None], dict | None]


class MongoStore:
    """See `stores.Store`."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def prepare(self) -> None:
        """The key that the ORM asks by, and an index for each order, of all products and of one category."""
        orders = [order for sort, order in ORDERS.items() if not sort.startswith("-")]
        wanted = [["product_id"], *orders, *(["category_id", *order] for order in orders)]
        indexes = [pymongo.IndexModel([_directed(name) for name in names]) for names in wanted]
        with self._telling():
            self._collection.database.command("ping")  # in what follows one that is away is waited for, too
        with self._telling(), pymongo.timeout(INDEXED_WITHIN_SECONDS):
            self._collection.create_indexes(indexes)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around what the ORM reads here: while the store is away this says so, at once."""
        outage_of(self.alias).check()
        with self._telling():
            yield

    def write(self, built: Mapping[int, Built], shape: str) -> dict[int, list[Place]]:
        places: dict[int, list[Place]] = {}

        def change(pk: int, row: Document | None) -> dict | None:
            places.pop(pk, None)
            if row and row.version > built[pk].version:
                return None
            places[pk] = left_behind(built[pk], row)
            return _written(pk, built[pk], shape, places[pk], is_new=row is None)

        with self._telling():
            refused = self._set(sorted(built), change)
        return {pk: left for pk, left in places.items() if pk not in refused}

    def settle(self, built: Mapping[int, Built]) -> None:
        forget = {"$set": {"left": []}}
        settled = [UpdateOne({"_id": pk, "version": one.version}, forget) for pk, one in built.items()]
        if settled:
            with self._telling():
                self._collection.bulk_write(settled, ordered=False)

    def read(self, ids: Sequence[int], shape: str) -> list[Document]:
        with self._telling():
            found = self._collection.find({"_id": {"$in": list(ids)}, "shape": shape}, _only(*COLUMNS))
            return [Document(**row) for row in found]

    def versions_after(self, pk: int, most: int) -> list[tuple[int, int, str, bool]]:
        """A range with two ends is found by its index on every server: of one that is open some read all that
        follows."""
        end = pk + 2 * most
        with self._telling():
            found = self._versions({"$gt": pk, "$lte": end}, most)
            return found if len(found) == most else found + self._versions({"$gt": end}, most - len(found))

    def _versions(self, keys: dict[str, int], most: int) -> list[tuple[int, int, str, bool]]:
        names = ("product_id", "version", "shape", "is_gone")
        found = self._collection.find({"product_id": keys}, _only(*names)).sort("product_id").limit(most)
        return [tuple(row[name] for name in names) for row in found]

    def whole(self, ids: Sequence[int]) -> list[dict]:
        with self._telling():
            return list(self._collection.find({"_id": {"$in": list(ids)}}, _only(*COLUMNS)))

    def put(self, rows: Iterable[dict]) -> None:
        given = {row["product_id"]: row for row in rows}

        def change(pk: int, row: Document | None) -> dict | None:
            return None if row and row.version >= given[pk]["version"] else given[pk]

        with self._telling():
            self._set(sorted(given), change)

    def _set(self, ids: Sequence[int], change: Change) -> Sequence[int]:
        """Set what `change` makes of each document as it is there, and again of those that somebody else has changed
        in between. Answers those that others were quicker with each time."""
        for _ in range(TRIES):
            turn = uuid.uuid4().hex
            known = self._known(ids)
            changes = {pk: change(pk, _document(known.get(pk))) for pk in ids}
            wanted = {pk: fields | {"turn": turn} for pk, fields in changes.items() if fields is not None}
            ids = self._not_set({pk: _operation(pk, fields, known.get(pk)) for pk, fields in wanted.items()}, turn)
            if not ids:
                break
        return ids

    def _known(self, ids: Sequence[int]) -> dict[int, dict]:
        """What is there, but for the data."""
        names = [name for name in COLUMNS if name != "data"]
        return {row["product_id"]: row for row in self._collection.find({"_id": {"$in": ids}}, _only("turn", *names))}

    def _not_set(self, operations: Mapping[int, InsertOne | UpdateOne], turn: str) -> list[int]:
        """Write, and answer the keys of those that somebody else was quicker with."""
        if not operations:
            return []
        try:
            done = self._collection.bulk_write(list(operations.values()), ordered=False)
            if done.matched_count + done.inserted_count == len(operations):
                return []
        except BulkWriteError as error:
            codes = {each["code"] for each in error.details["writeErrors"]}
            if codes != {DUPLICATE_KEY} or error.details.get("writeConcernErrors"):
                raise
        ours = self._collection.find({"_id": {"$in": list(operations)}, "turn": turn}, {"_id": 1})
        return sorted(operations.keys() - {row["_id"] for row in ours})

    @property
    def _collection(self) -> Collection:
        return connections[self.alias].get_collection(Document._meta.db_table)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Errors of the driver go up as one that everybody knows. Who is refused was answered: nobody else is spared
        a question because of that."""
        outage = outage_of(self.alias)
        try:
            yield
        except (PyMongoError, Error) as error:
            why = error if isinstance(error, PyMongoError) else error.__cause__ or error
            if _is_outage(why):
                raise outage.begin(why) from error
            if isinstance(why, OperationFailure):
                outage.end()
            elif not isinstance(why, PyMongoError):
                raise
            raise outage.refusal(why) from error
        outage.end()


def _is_outage(why: BaseException) -> bool:
    away = (OperationalError, InterfaceError)
    return isinstance(why, away) or (isinstance(why, PyMongoError) and issubclass(meaning_of(why), away))


def _written(pk: int, one: Built, shape: str, left: list[Place], *, is_new: bool) -> dict:
    """What is set of a document: of one that is gone only that it is, unless there never was one."""
    if one.data is None and not is_new:
        return {"version": one.version, "is_gone": True, "left": left}
    document = gone(pk, one.version, shape) if one.data is None else document_of(pk, one, shape, left)
    return {name: getattr(document, name) for name in COLUMNS}


def _operation(pk: int, fields: dict, known: dict | None) -> InsertOne | UpdateOne:
    if known is None:
        return InsertOne({"_id": pk, **fields})
    return UpdateOne({"_id": pk, "turn": known.get("turn")}, {"$set": fields})


def _document(known: dict | None) -> Document | None:
    return Document(**{name: value for name, value in known.items() if name != "turn"}) if known else None


def _only(*names: str) -> dict[str, int]:
    return {"_id": 0} | dict.fromkeys(names, 1)


def _directed(name: str) -> tuple[str, int]:
    plain = name.removeprefix("-")
    return plain, pymongo.ASCENDING if plain == name else pymongo.DESCENDING
