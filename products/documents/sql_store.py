"""Documents in a table of the SQL database: versions are compared under locks, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from django.db import connections, transaction
from django.db.models import QuerySet

from scaling.cache import Built
from scaling.fence import Place
from scaling.retries import retried

from ..models import Document
from .columns import document_of, gone, left_behind

BATCH = 100  # rows a statement: each holds a whole product


class SqlStore:
    """See `stores.Store`."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def prepare(self) -> None:
        """Migrations have."""

    def asking(self) -> AbstractContextManager[None]:
        """Its errors are those of the primary and the replicas."""
        return nullcontext()

    @retried
    def write(self, built: Mapping[int, Built], shape: str) -> dict[int, list[Place]]:
        with transaction.atomic(using=self.alias):
            known = self._locked(built)
            places = {
                pk: left_behind(one, known.get(pk))
                for pk, one in sorted(built.items())
                if pk not in known or known[pk].version <= one.version
            }
            absent = {pk for pk in places if built[pk].data is None}
            there = [document_of(pk, built[pk], shape, left) for pk, left in places.items() if pk not in absent]
            new = [gone(pk, built[pk].version, shape) for pk in absent if pk not in known]
            refused = self._insert([*new, *(row for row in there if row.pk not in known)])
            self._replace([row for row in there if row.pk in known])
            for pk in known.keys() & absent:
                self._documents.filter(pk=pk).update(version=built[pk].version, is_gone=True, left=places[pk])
        return {pk: left for pk, left in places.items() if pk not in refused}

    def settle(self, built: Mapping[int, Built]) -> None:
        for pk, one in built.items():
            self._documents.filter(pk=pk, version=one.version).update(left=[])

    def read(self, ids: Sequence[int], shape: str) -> list[Document]:
        return list(self._documents.filter(pk__in=ids, shape=shape))

    def versions_after(self, pk: int, most: int) -> list[tuple[int, int, str, bool]]:
        after = self._documents.filter(pk__gt=pk).order_by("pk")
        return list(after.values_list("product_id", "version", "shape", "is_gone")[:most])

    def whole(self, ids: Sequence[int]) -> list[dict]:
        return list(self._documents.filter(pk__in=ids).values())

    @retried
    def put(self, rows: Iterable[dict]) -> None:
        given = {row["product_id"]: Document(**row) for row in rows}
        with transaction.atomic(using=self.alias):
            known = self._locked(given)
            self._insert([row for pk, row in sorted(given.items()) if pk not in known])
            self._replace([given[pk] for pk, row in known.items() if row.version < given[pk].version])

    @property
    def _documents(self) -> "QuerySet[Document]":
        return Document.objects.using(self.alias)

    def _locked(self, ids: Iterable[int]) -> dict[int, Document]:
        rows = self._documents.select_for_update().defer("data").filter(pk__in=list(ids)).order_by("pk")
        return {row.pk: row for row in rows}

    def _insert(self, rows: Sequence[Document]) -> set[int]:
        """Answers those that somebody else has inserted meanwhile: they are not ours."""
        if not rows:
            return set()
        self._documents.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
        there = dict(self._documents.filter(pk__in=[row.pk for row in rows]).values_list("pk", "version"))
        return {row.pk for row in rows if there.get(row.pk) != row.version}

    def _replace(self, rows: Sequence[Document]) -> None:
        """Rows that are locked."""
        names = [field.attname for field in Document._meta.fields if not field.primary_key]
        needs_target = connections[self.alias].features.supports_update_conflicts_with_target
        self._documents.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=names,
            unique_fields=["product_id"] if needs_target else None,
            batch_size=BATCH,
        )
