"""A kind of object whose tables are a dict, for tests of the cache."""

import threading

from scaling import fence
from scaling.cache import Built, CachedObject
from scaling.fence import MISSING

from ..servers import PATIENCE_SECONDS


class Things(CachedObject):
    name = "thing"
    form = "1: text"

    def __init__(self, form: str = form) -> None:
        self.form = form
        super().__init__()
        self.rows: dict[int, Built] = {}
        self.copies: dict[int, Built] = {}
        self.assembled: list[list[int]] = []
        self.door = threading.Event()  # closed, it holds up whoever assembles
        self.door.set()

    def put(self, pk, version, text, **more):
        refs = [(self, ref) for ref in more.pop("refs", ())]
        self.rows[pk] = Built(version, {"text": text}, {"id": pk, "text": text}, refs, **more)

    def drop(self, pk, version):
        self.rows[pk] = Built(version, None)

    def assemble(self, ids):
        self.assembled.append(list(ids))
        found = {pk: self.rows[pk] for pk in ids if pk in self.rows}
        assert self.door.wait(PATIENCE_SECONDS)
        return found

    def durable(self, ids):
        return {pk: self.copies[pk] for pk in ids if pk in self.copies}


def take(things, pk, why=MISSING):
    """The token of a lease, however it was answered."""
    return things.take([pk], why)[pk].token


def store(things, pk, token, version, text):
    record = things.record(pk, Built(version, {"text": text}, {"text": text}), {pk: ()})
    return fence.store(things.shape, {things.key(pk): (token, record)})[0]
