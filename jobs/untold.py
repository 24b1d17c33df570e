"""What was changed while triggers were missing or others than declared, as in a migration: it was told to nobody.

So once they are made, every object's version is raised, in batches, and each is built again. A mark in `jobs_version`
stands meanwhile: if the process dies in the middle, the next `migrate` begins again.
"""

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from scaling.clock import SECOND, now_us

from .trigger_sql import Dialect
from .watched import Watched

MARK = "untold"
BATCH = 500  # objects a statement
SOME = "SELECT {pk} FROM {table} WHERE {pk} BETWEEN {first:d} AND {last:d}"


def mark(using: str) -> None:
    """Before triggers are changed."""
    _rows("Version", using).get_or_create(subject=MARK, defaults={"version": now_us()})


def is_marked(using: str) -> bool:
    return _rows("Version", using).filter(subject=MARK).exists()


def tell(connection: BaseDatabaseWrapper, dialect: Dialect, watched: list[Watched]) -> None:
    """Afterwards. Rows that triggers of an older release left to wait are marked as those of a moment, too."""
    begun, using = now_us(), connection.alias
    left = _rows("Outbox", using).filter(moment=None, attempt=0, due_at__gt=F("created_at") + SECOND)
    left.update(moment=F("due_at"))
    for each in watched:
        _tell_those_there(connection, dialect, each)
        _tell_those_gone(using, each, begun)
    _rows("Version", using).filter(subject=MARK).delete()


def _tell_those_there(connection: BaseDatabaseWrapper, dialect: Dialect, watched: Watched) -> None:
    meta = watched.model._meta
    ids = watched.model._base_manager.using(connection.alias).order_by("pk").values_list("pk", flat=True)
    some = list(ids[:BATCH])
    while some:
        select = SOME.format(pk=meta.pk.attname, table=meta.db_table, first=some[0], last=some[-1])
        with connection.cursor() as cursor:
            cursor.execute(dialect.raise_versions(watched, select))
        some = list(ids.filter(pk__gt=some[-1])[:BATCH])


def _tell_those_gone(using: str, watched: Watched, begun: int) -> None:
    """Objects that had a version and were not raised just now: whoever was deleted meanwhile is among them."""
    after, before = f"{watched.name}:", f"{watched.name};"  # the letter after the colon
    rows = _rows("Version", using).filter(subject__lt=before, version__lt=begun).order_by("subject")
    subjects = rows.values_list("subject", flat=True)
    some = list(subjects.filter(subject__gt=after)[:BATCH])
    while some:
        raised = Greatest(F("version") + 1, now_us())
        rows.order_by().filter(subject__in=some).update(version=raised)
        some = list(subjects.filter(subject__gt=some[-1])[:BATCH])


def _rows(model: str, using: str) -> QuerySet:
    """By name: this module is imported before there are models."""
    return apps.get_model("jobs", model)._base_manager.using(using)
