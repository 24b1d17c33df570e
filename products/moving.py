"""Which store of documents is read, and which are written."""

from django.db import DEFAULT_DB_ALIAS


def reads() -> str:
    """The alias of the store in service."""
    return DEFAULT_DB_ALIAS


def writes() -> list[str]:
    """The aliases of those that are written, the one in service first."""
    return [DEFAULT_DB_ALIAS]
