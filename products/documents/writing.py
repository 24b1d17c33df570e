"""Documents as workers write them: in the store in service, and during a move in the next one as well."""

from collections.abc import Mapping

from scaling.cache import Built
from scaling.fence import Place

from . import stores


def write(built: Mapping[int, Built], shape: str) -> dict[int, list[Place]]:
    """Store documents, each unless a newer one is there. What exists no longer is marked as gone, and stays so: an
    older build that comes late finds it and is not written. In a few round trips for any number.
    Answers those that were written in every store, each with its places in listings where it may stand and should
    not: they are kept with the document until `settle`."""
    places: dict[int, list[Place]] = {pk: [] for pk in built}
    for store in stores.written():
        more = store.write({pk: built[pk] for pk in places}, shape)
        places = {pk: sorted({*places[pk], *left}) for pk, left in more.items()}
    return places


def settle(built: Mapping[int, Built]) -> None:
    """The places of these have been left: nothing has to be kept of them."""
    for store in stores.written():
        store.settle(built)
