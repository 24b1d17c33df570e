"""Which store of documents is read, and which are written."""

from django.conf import settings


def reads() -> str:
    """The alias of the store in service."""
    return settings.DOCUMENTS


def writes() -> list[str]:
    """The aliases of those that are written, the one in service first."""
    return [settings.DOCUMENTS]
