"""Moments at which an object changes by itself, like the start of a promotion: nobody writes, so no trigger tells.

The outbox row that waited for the moment does. It raises the object's version before anything is assembled, or two
builds around the moment would carry the same version, and the older could be stored over the newer.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from scaling.retries import retried

from .models import Outbox, Version


def tell(rows: Sequence[int]) -> None:
    """Raise the versions of those of these outbox rows whose moment has come: once, and at least to the moment.

    The relay has sent them, so it has come, whatever our clock says. The trigger of the versions adds a row, which
    the build that follows absorbs.
    """
    waited = Outbox.objects.filter(pk__in=rows, moment__isnull=False).order_by("subject", "moment")
    for row in waited:
        _raise_once(row)


@retried
@transaction.atomic
def _raise_once(row: Outbox) -> None:
    moment = row.moment
    if moment is None or not Outbox.objects.filter(pk=row.pk, moment=moment).update(moment=None):
        return  # another worker had the same message
    raised = Greatest(F("version") + 1, Value(moment))
    if not Version.objects.filter(subject=row.subject).update(version=raised):
        Version.objects.create(subject=row.subject, version=moment)
