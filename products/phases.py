"""The steps of a move of the documents: alone, both, switched, alone. Each is one conditional update of the row that
`products.moving` tells everybody of.

A store may stop being written only when nobody reads it any more: readers remember for a second what they were told,
and what they have begun takes them some more. Nothing else has to be waited for; `products.moving` says why.
"""

import time

from scaling.clock import now_us
from scaling.fleet import fleet

from . import moving
from .document_models import DocumentMove
from .moving import Phase, Standing
from .store_names import alias_of

HEARD_SECONDS = 5.0  # REMEMBERED_SECONDS, and four for what a reader has begun: no page takes longer than two


class MoveError(Exception):
    """This step cannot be done now; the message says why, in a line."""


def begin(target: str) -> Standing:
    """Have both stores written."""
    before = moving.ask()
    DocumentMove.objects.get_or_create(pk=1, defaults={"source": before.source})
    return _step(before, Standing(Phase.BOTH, before.source, target))


def switch() -> Standing:
    """Have the target read. It holds all that the source does: `products.copying` has compared them."""
    before = _in(Phase.BOTH)
    return _step(before, Standing(Phase.SWITCHED, before.source, before.target))


def back() -> Standing:
    """One step back: have the source read again, or, when it is, have it written alone."""
    before = _in(Phase.SWITCHED, Phase.BOTH)
    if before.phase == Phase.SWITCHED:
        return _step(before, Standing(Phase.BOTH, before.source, before.target))
    _wait_until_heard()
    return _step(before, Standing(Phase.ALONE, before.source))


def finish() -> Standing:
    """Have the target written alone. There is no way back from here but another move: a process that was never told
    of the target would go on reading the source."""
    before = _in(Phase.SWITCHED)
    if unaware := [member.called for member in fleet() if before.target not in member.knows]:
        raise MoveError(f"Not told of {before.target}: {', '.join(unaware)}. Restart them with its address first.")
    _wait_until_heard()
    return _step(before, Standing(Phase.ALONE, before.target))


def adopt() -> Standing:
    """Take the store of DOCUMENTS_URL for the one in service, whatever was moved before."""
    DocumentMove.objects.all().delete()
    moving.forget()
    return moving.ask()


def _in(*phases: str) -> Standing:
    standing = moving.ask()
    if standing.phase not in phases:
        raise MoveError(_MISSED[Phase(standing.phase)])
    return standing


_MISSED = {
    Phase.ALONE: "Nothing is being moved.",
    Phase.BOTH: "The next store is not read yet: --move goes on.",
    Phase.SWITCHED: "The next store is read already: --finish writes it alone, --back reads the former one.",
}


def _step(before: Standing, after: Standing) -> Standing:
    for store in (before.source, after.source, *filter(None, [before.target, after.target])):
        alias_of(store)  # one that we do not know we cannot move
    rows = DocumentMove.objects.filter(phase=before.phase, source=before.source, target=before.target)
    if not rows.update(phase=after.phase, source=after.source, target=after.target, changed_at=now_us()):
        raise MoveError("Somebody else has taken a step of this move meanwhile.")
    return moving.ask()


def _wait_until_heard() -> None:
    """Of the last step, by every reader."""
    time.sleep(HEARD_SECONDS)
