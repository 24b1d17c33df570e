"""Pages published at once by whoever asks for it, and not by workers: for a first time, for a deploy, and to see
what publishing would change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scaling import settings
from scaling.addresses import name_of
from scaling.pages import publish, render, store
from scaling.unavailable import OUTAGES
from scaling.xray import measured

from .pages import waiting

BATCH = 20
ROUNDS = 100  # of changes that come in while those before are published
Difference = Literal["new", "changed", "gone", "same"]


@dataclass(slots=True)
class Outcome:
    """`published` and `gone` are how many, `failed` which, and why. What somebody else has published meanwhile, and
    later, is in neither."""

    published: int = 0
    gone: int = 0
    failed: dict[str, Exception] = field(default_factory=dict)

    def add(self, there: dict[str, bool]) -> None:
        self.published += sum(there.values())
        self.gone += len(there) - sum(there.values())


def publish_now(paths: Sequence[str], step: Callable[[int], None]) -> Outcome:
    """Publish these, some at a time; `step` is told how many. One that fails stays as it was; the others go on."""
    outcome = Outcome()
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        with measured():  # what one batch has cost is not remembered in the next
            _publish(batch, outcome)
        step(len(batch))
    return outcome


def catch_up() -> Mapping[str, Exception]:
    """Publish what has begun to wait meanwhile, so that these pages can be served. Returns those that failed; raises
    OSError when that has no end. A visitor's own write is on the pages that were served when their token ended, and
    must be on these as well."""
    seen: set[int] = set()
    failed: dict[str, Exception] = {}
    for _ in range(ROUNDS):
        new = {pk: path for pk, path in waiting(settings.RELEASE).items() if pk not in seen}
        if not new:
            return failed
        failed |= publish_now(sorted(set(new.values())), lambda count: None).failed
        seen |= new.keys()
    raise OSError(f"Pages change faster than they are published: {len(new)} wait.")


def differences(paths: Sequence[str], step: Callable[[int], None]) -> dict[str, Difference | Exception]:
    """What publishing these would do to each, or why it could not be done. Nothing is written."""
    found = {}
    for path in paths:
        with measured():
            found[path] = _difference(path)
        step(1)
    return found


def _publish(batch: Sequence[str], outcome: Outcome) -> None:
    """Together; and one by one when that fails, to know which it was."""
    try:
        outcome.add(publish(batch))
    except OUTAGES:
        raise
    except Exception as error:
        if len(batch) == 1:
            outcome.failed[batch[0]] = error
            return
        for path in batch:
            _publish([path], outcome)


def _difference(path: str) -> Difference | Exception:
    try:
        page = render(path).page
    except OUTAGES:
        raise
    except Exception as error:
        return error
    there = store().read(name_of(path))
    if there is None:
        return "same" if page is None else "new"
    if page is None:
        return "gone"
    return "same" if page == there[1] else "changed"
