"""Where documents lie: in the SQL database, in MongoDB, and in both while they move from one to the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.module_loading import import_string

from scaling.cache import Built
from scaling.fence import Place

from .. import moving
from ..models import Document
from .sql_store import SqlStore

MONGO = "products.documents.mongo_store.MongoStore"
STORES = {"django_mongodb_backend": MONGO, "scaling.djongo_engine": MONGO}  # by engine; all others are SQL
Version = tuple[int, int, str, bool]  # product_id, version, shape, is_gone


class Store(Protocol):
    """One place where documents lie. What is written is there for whoever reads after it; an error of the server goes
    up as one of `django.db`, and then nobody knows what was written: do it again."""

    alias: str

    def prepare(self) -> None:
        """Make ready what reading and writing need, wherever it is not there yet."""

    def asking(self) -> AbstractContextManager[None]:
        """Around whatever the ORM reads here."""

    def write(self, built: Mapping[int, Built], shape: str) -> dict[int, list[Place]]:
        """See `writing.write`."""

    def settle(self, built: Mapping[int, Built]) -> None:
        """Forget the places to leave of those that still are of the version built."""

    def read(self, ids: Sequence[int], shape: str) -> list[Document]:
        """Those of this form that there are."""

    def versions_after(self, pk: int, most: int) -> list[Version]:
        """The next documents past this key, gone ones too, in the order of their keys."""

    def whole(self, ids: Sequence[int]) -> list[dict]:
        """Every column of those that there are."""

    def put(self, rows: Iterable[dict]) -> None:
        """Write such columns, each unless the same version or a newer one is there."""


def of(alias: str) -> Store:
    """Only who keeps documents in a MongoDB needs its driver."""
    engine = connections[alias].settings_dict["ENGINE"]
    return import_string(STORES[engine])(alias) if engine in STORES else SqlStore(alias)


def in_service() -> Store:
    """The one that is read."""
    return of(moving.reads())


def written() -> Iterator[Store]:
    """Those that a writer writes, the one that is read first. Each is written before the next is asked for."""
    return map(of, moving.writes())


def prepare(using: str, **_: object) -> None:
    """Receiver of `post_migrate`: once the SQL database is ready the stores beside it become so, too."""
    if using == DEFAULT_DB_ALIAS:
        for alias in dict.fromkeys(filter(None, (settings.DOCUMENTS, settings.NEXT_DOCUMENTS))):
            of(alias).prepare()
        moving.note_first()
