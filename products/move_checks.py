"""What system checks say when the settings and the row of the last move disagree about where the documents are.

In service is what the row says. A process that does not know that store would serve no document and write none.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError

from .store_names import configured, known

ALONE = "alone"


def check_documents(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """System checks products.E001 and products.W001."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        row = apps.get_model("products", "DocumentMove").objects.using(DEFAULT_DB_ALIAS).first()
    except (DatabaseError, InterfaceError):
        return []  # there is no table yet; or no server, and that is told elsewhere
    if row is None:
        return []
    if missing := [store for store in (row.source, row.target) if store and store not in known()]:
        hint = "Name it in DOCUMENTS_URL or NEXT_DOCUMENTS_URL, or see manage.py documents --adopt."
        told = f"The documents are in {' and '.join(missing)}, and no setting says so."
        return [Error(told, hint=hint, id="products.E001")]
    if row.phase == ALONE and row.source != configured():
        told = f"The documents are in {row.source}, and DOCUMENTS_URL names {configured()}."
        hint = "Set it to where they are, and take NEXT_DOCUMENTS_URL out; or move them: manage.py documents --move."
        return [Warning(told, hint=hint, id="products.W001")]
    return []
