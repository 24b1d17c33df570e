"""What a kind of object is: how its objects are assembled, what is durable of them, and what is stored of each.

`scaling.cache` reads and refreshes them, `scaling.misses` builds what a reader misses.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from .fence import Lease, Place, Record, give_back, store, take
from .reading import ABSENT, CACHE_DOWN, Built
from .replicas import may_store

Places = Mapping[int, Sequence[Place]]

registry: dict[str, Any] = {}  # every `CachedObject`, by name


class Kind:
    """Subclasses name it, describe its form, and assemble its objects. See `scaling.cache.CachedObject`.

    `form` is any text that changes when the data's form does: it is hashed into the fields of each key, so that two
    releases side by side never read each other's.
    """

    name: str
    form: str

    def __init__(self) -> None:
        self.shape = hashlib.blake2s(f"{self.name} {self.form}".encode(), digest_size=4).hexdigest()
        registry[self.name] = self

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        """Build the objects from the tables, all in a few statements. An id that is not answered has never been."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is assembled")

    def durable(self, ids: Sequence[int]) -> dict[int, Built]:
        """The copies that `persist` wrote, for when there is no cache; they may be a moment behind."""
        return {}

    def persist(self, built: Mapping[int, Built]) -> Places:
        """Write durable copies; only a refresh does, before it stores. Answers those that were written, each with
        its places in listings where it may stand and should not: the cache may have forgotten. What is not answered,
        because a newer copy is there, is not stored either, and built once more."""
        return dict.fromkeys(built, ())

    def settle(self, built: Mapping[int, Built]) -> None:
        """These are stored, and have left the places that `persist` told of."""

    def after(self, pk: int, most: int) -> Sequence[int]:
        """The next ids past this one, rising, of all that is in the tables or durable; none when they end. The
        sampler walks them."""
        return ()

    def count(self) -> int:
        """About how many that are in all."""
        return 0

    def unsound(self, built: Mapping[int, Built]) -> dict[int, str]:
        """What else is durable of these and is not as it follows from them, in words: id to what differs."""
        return {}

    def key(self, pk: int) -> str:
        return f"o:{self.name}:{pk}"

    def assemble_all(self, ids: Sequence[int]) -> dict[int, Built]:
        """The same, with an answer for each id."""
        return dict.fromkeys(ids, ABSENT) | self.assemble(ids)

    def take(self, ids: Sequence[int], why: str) -> dict[int, Lease]:
        """Ask for leases, see `fence.take`."""
        taken = take([self.key(pk) for pk in ids], self.shape, why)
        return {pk: taken[self.key(pk)] for pk in ids}

    @contextmanager
    def building(self, leases: Mapping[int, Lease]) -> Iterator[None]:
        """Around a build: one that fails gives its leases back at once, and the error goes up."""
        try:
            yield
        except BaseException:
            with suppress(*CACHE_DOWN):
                give_back({self.key(pk): lease for pk, lease in leases.items()})
            raise

    def store(
        self, leases: Mapping[int, Lease], built: Mapping[int, Built], places: Places | None = None
    ) -> list[int]:
        """Store under these leases; answers which were. Without `places` the listings are left alone."""
        if not may_store():
            return []
        records = {self.key(pk): (lease.token, self.record(pk, built[pk], places)) for pk, lease in leases.items()}
        return [pk for pk, is_stored in zip(leases, store(self.shape, records), strict=True) if is_stored]

    def record(self, pk: int, one: Built, places: Places | None) -> Record:
        return Record(
            version=one.version,
            data=one.data,
            card=one.card,
            refs=[(ref.name, ref_pk) for ref, ref_pk in one.refs],
            named=[(ref.key(ref_pk), ref.shape) for ref, ref_pk in one.refs],
            expires_at=one.expires_at,
            entries=None if places is None else one.entries,
            places=() if places is None else places.get(pk, ()),
        )
