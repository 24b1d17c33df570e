"""What goes wrong in MongoDB, said in Django's words, whichever engine and whoever asks.

The rule: who catches `django.db.OperationalError` catches a MongoDB that is away, and who catches `IntegrityError` a
key that is there already. Without it every caller has to know pymongo's errors as well, and one that does not lets a
server that is down become a page that is broken.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    PyMongoError,
)

DUPLICATE_KEY = 11000
MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[DatabaseError | InterfaceError]], ...] = (
    (DuplicateKeyError, IntegrityError),
    ((ConnectionFailure, ExecutionTimeout), OperationalError),
    ((DocumentTooLarge, BSONError, OverflowError), DataError),
    (InvalidOperation, InterfaceError),
)


@contextmanager
def as_database_errors() -> Iterator[None]:
    """Inside the block errors of pymongo are Django's: a server that is away, or too slow, is an OperationalError."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise meaning_of(error)(str(error)) from error


def meaning_of(error: Exception) -> type[DatabaseError | InterfaceError]:
    """Django's class for an error of pymongo."""
    if isinstance(error, BulkWriteError):
        codes = {each.get("code") for each in error.details.get("writeErrors", ())}
        return IntegrityError if DUPLICATE_KEY in codes else DatabaseError
    return next((ours for theirs, ours in MEANINGS if isinstance(error, theirs)), DatabaseError)
