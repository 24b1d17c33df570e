"""Documents and listings: one row a product that holds all a page and a listing need, read without a join.

Workers write it, each row behind its version. Listings that are not in the cache are read from here. Where the rows
lie, in SQL or in MongoDB, `stores` says; nothing here relies on joins, on a rollback or on looking into the data.
"""

from .columns import ORDERS, SORTS, columns, entries_of, listing_key, member_of, places_of, scores, sort_name
from .outages import AwayError
from .reading import ids, matching, read, rows
from .writing import settle, write

__all__ = [
    "ORDERS",
    "SORTS",
    "AwayError",
    "columns",
    "entries_of",
    "ids",
    "listing_key",
    "matching",
    "member_of",
    "places_of",
    "read",
    "rows",
    "scores",
    "settle",
    "sort_name",
    "write",
]
