"""Which pages a change of listings concerns: a slice of one counts by what stands in it, and by how long the whole is
where that is shown. What is noted of each page is compared with what is so now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scaling import settings
from scaling.listings import Listing, named
from scaling.reading import Built
from scaling.sites import site
from scaling.uses import digest

from .outbox import enqueue
from .page_models import Page, PageUse

SHORT = 1_000  # a listing of that many is read whole at once
LOOK = "jobs.pages.look"  # the task that looks at longer ones
STEP = 500  # paths a statement

Pages = set[tuple[str, str]]  # release, path


class Noted(NamedTuple):
    """A slice of a listing, as one page or many were made of it."""

    first: int
    last: int
    digest: str
    total: int | None


def moved(name: str, built: Mapping[int, Built]) -> Pages:
    """The pages whose slices of listings are others since these objects were stored. Long listings are looked at
    later, and once for many changes, unless nothing has moved."""
    keys = {key for one in built.values() for key, _, _ in one.entries} | _where_they_stood(name, built)
    found: Pages = set()
    for listing, slices in _noted(keys):
        if max(one.last for one in slices) < SHORT:
            found |= _others(listing, slices)
        elif not _is_undisturbed(listing, slices, built):
            enqueue(LOOK, listing.name)
    return found


def moved_in(listings: Iterable[str]) -> Pages:
    """The pages whose slices of these listings are others now."""
    return {page for listing, slices in _noted(set(listings)) for page in _others(listing, slices)}


def missing(paths: Iterable[str]) -> Pages:
    """Those that are not there yet, of this release."""
    paths = list(paths)
    there = set()
    for start in range(0, len(paths), STEP):
        some = Page.objects.filter(release=settings.RELEASE, path__in=paths[start : start + STEP], size__gte=0)
        there |= set(some.values_list("path", flat=True))
    return {(settings.RELEASE, path) for path in paths if path not in there}


def _where_they_stood(name: str, built: Mapping[int, Built]) -> set[str]:
    """Listings of their kind on the pages that show them."""
    subjects = [f"{name}:{pk}" for pk in built]
    slices = PageUse.objects.filter(page__uses__subject__in=subjects, first__gte=0)
    keys = set(slices.values_list("subject", flat=True).distinct())
    return {key for key in keys if (listing := named(key)) and listing.of.name == name}


def _noted(keys: set[str]) -> list[tuple[Listing, list[Noted]]]:
    found = defaultdict(list)
    rows = PageUse.objects.filter(subject__in=keys, first__gte=0).order_by("first")
    for key, first, last, its_digest, total in rows.values_list("subject", *Noted._fields).distinct():
        found[key].append(Noted(first, last, its_digest, total))
    return [(listing, slices) for key, slices in found.items() if (listing := named(key))]


def _others(listing: Listing, slices: Sequence[Noted]) -> Pages:
    """The pages made of those of these slices that are others now, and what the listing has got longer by."""
    size, ids = listing.cut(0, max(one.last for one in slices))
    others = {one for one in slices if not _is_so(one, size, ids[one.first : one.last + 1])}
    if not others:
        return set()
    rows = PageUse.objects.filter(subject=listing.name, first__gte=0)
    pages = rows.values_list("page__release", "page__path", *Noted._fields)
    found = {(release, path) for release, path, *noted in pages if Noted(*noted) in others}
    return found | missing(site().further(listing.key, size))


def _is_undisturbed(listing: Listing, slices: Sequence[Noted], built: Mapping[int, Built]) -> bool:
    """Whether each of these objects stands where it stood. Who has moved has left one slice and come into another."""
    places = [(score, member) for one in built.values() for key, score, member in one.entries if key == listing.key]
    size, all_ranks = listing.ranks([member for _, member in places])
    ranks = [rank for rank in all_ranks if rank is not None]
    if len(ranks) < len(built) or any(one.total not in (None, size) for one in slices):
        return False
    around = {one for rank in ranks for one in slices if one.first <= rank <= one.last}
    if any(not any(one.first <= rank <= one.last for one in around) for rank in ranks):
        return False
    return all(_is_so(one, size, listing.cut(one.first, one.last)[1]) for one in around)


def _is_so(one: Noted, size: int, ids: Sequence[int]) -> bool:
    return one.total in (None, size) and one.digest == digest(list(ids))
