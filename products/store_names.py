"""The stores of documents that this process was told of, each named by where it is.

A name is the address without the account, the options and the engine, so that whoever else is told of the same store,
under whatever alias, calls it the same: one collection serves both engines.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError

SQL = "default"  # what the tables are called, and how NEXT_DOCUMENTS_URL says them


class AwayError(OperationalError):
    """A store beside the SQL database does not answer, or not as it should. Reads have other sources."""


class UnknownStoreError(AwayError):
    """The documents are in a store that this process has not been told of: to it that is as good as away."""


def known() -> dict[str, str]:
    """Each store's name and alias. The tables are always there."""
    return {next_one(): "next_documents", configured(): "documents"} | {SQL: DEFAULT_DB_ALIAS}


def names() -> list[str]:
    """What a process says to the fleet that it knows."""
    return sorted(known())


def configured() -> str:
    """The store that is in service before anything was ever moved."""
    return name_of(settings.DOCUMENTS_URL)


def next_one() -> str:
    """The one to move to. The tables, too, when there is none: `settings.NEXT_DOCUMENTS_URL` tells."""
    return name_of(settings.NEXT_DOCUMENTS_URL)


def alias_of(store: str) -> str:
    if alias := known().get(store):
        return alias
    raise UnknownStoreError(f"The documents are in {store}: neither DOCUMENTS_URL nor NEXT_DOCUMENTS_URL says so.")


def name_of(url: str) -> str:
    if url in ("", SQL):
        return SQL
    parts = urlsplit(url.removeprefix("djongo+"))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
