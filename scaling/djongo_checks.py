"""What `manage.py check` refuses of databases that djongo speaks to, because it would be wrong without a word.

djongo takes nothing back, joins in memory, and heeds no constraint but a unique one. So it may hold plain models that
are written behind a version, such as documents, and nothing that relies on more. ATOMIC_REQUESTS is refused of every
database.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import DEFAULT_DB_ALIAS
from django.db.models import AutoField, Model, UniqueConstraint

from . import settings

ENGINE, STOCK = "scaling.djongo_engine", "djongo"
PLAIN = "Keep it in the SQL database, or ask the official engine, django_mongodb_backend."


@register
def an_engine_that_works(**_: Any) -> list[CheckMessage]:
    """djongo's own engine fails on this Django, here and there without a word."""
    return [
        Error(
            f"The database '{alias}' is asked by djongo's own engine, which was written for Django 3.1.",
            hint=f"Set its ENGINE to '{ENGINE}'.",
            id="scaling.E028",
        )
        for alias in _asked_by(STOCK)
    ]


@register
def transactions_that_are_taken_back(**_: Any) -> list[CheckMessage]:
    """Users, orders and the outbox lie on the primary, and rely on what djongo has not."""
    return [
        Error(f"The database '{alias}' is asked by djongo, which takes nothing back.", hint=PLAIN, id="scaling.E029")
        for alias in _asked_by(ENGINE)
        if alias in (DEFAULT_DB_ALIAS, *settings.REPLICAS)
    ]


@register
def plain_models(**_: Any) -> list[CheckMessage]:
    """Whatever may be routed to djongo needs nothing of it that it leaves out."""
    if not _asked_by(ENGINE):
        return []
    return [
        Error(f"{label} may lie in a database that djongo asks, and {why}.", hint=PLAIN, id="scaling.E030")
        for label in settings.MODELS_ELSEWHERE
        for why in _needs_of(apps.get_model(label))
    ]


def _asked_by(engine: str) -> list[str]:
    return [alias for alias, database in settings.DATABASES.items() if database["ENGINE"] == engine]


def _needs_of(model: type[Model]) -> Iterator[str]:
    meta = model._meta
    relations = [field.name for field in [*meta.fields, *meta.many_to_many] if field.is_relation]
    if relations:
        yield f"is joined to others ({', '.join(relations)})"
    if isinstance(meta.pk, AutoField):
        yield "has a key that the database counts"
    unheeded = [each.name for each in meta.constraints if not _is_plain(each)]
    if unheeded:
        yield f"has constraints that it does not heed ({', '.join(unheeded)})"


def _is_plain(constraint: Any) -> bool:
    return isinstance(constraint, UniqueConstraint) and not (constraint.condition or constraint.expressions)
