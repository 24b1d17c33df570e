"""The steps of a move of the documents: alone, both, switched, alone. Each is one conditional update of the row that
`products.moving` tells everybody of.

A store may stop being written only when nobody reads it any more: readers remember for a second what they were told,
and what they have begun takes them some more. And before the tables are read their replicas have to have followed.
Nothing else has to be waited for; `products.moving` says why. No step leads to a store that a living process was not
told of: that one would go on reading the former, and finish no change.
"""

import time

from scaling import settings
from scaling.clock import now_us
from scaling.fleet import fleet

from . import moving
from .document_models import DocumentMove
from .documents.stores import of
from .moving import Phase, Standing
from .store_names import SQL, alias_of, configured

HEARD_SECONDS = 5.0  # REMEMBERED_SECONDS, and four for what a reader has begun: no page takes longer than two


class MoveError(Exception):
    """This step cannot be done now; the message says why, in a line."""


def begin(target: str) -> Standing:
    """Have both stores written."""
    _refuse_unless_all_know(target)
    before = moving.ask()
    DocumentMove.objects.get_or_create(pk=1, defaults={"source": before.source})
    return _step(before, Standing(Phase.BOTH, before.source, target))


def switch(compared: Standing | None = None) -> Standing:
    """Have the target read. It holds all that the source did when it was `compared`: a move that was begun anew since
    then is another one, and whoever compared the former may have stood still."""
    before = _in(Phase.BOTH)
    _refuse_unless_all_know(before.target)
    if before.target == SQL and settings.REPLICAS:
        time.sleep(settings.REPLICA_LAG_SECONDS)  # one that is further behind is not read
    return _step(compared or before, Standing(Phase.SWITCHED, before.source, before.target))


def back() -> Standing:
    """One step back: have the source read again, or, when it is, have it written alone."""
    before = _in(Phase.SWITCHED, Phase.BOTH)
    if before.phase == Phase.SWITCHED:
        return _step(before, Standing(Phase.BOTH, before.source, before.target))
    _wait_until_heard()
    return _step(before, Standing(Phase.ALONE, before.source))


def finish() -> Standing:
    """Have the target written alone. There is no way back from here but another move."""
    before = _in(Phase.SWITCHED)
    _wait_until_heard()
    _refuse_unless_all_know(before.target)
    return _step(before, Standing(Phase.ALONE, before.target))


def adopt() -> Standing:
    """Take the store of DOCUMENTS_URL for the one in service, whatever was moved before. It has to answer. A process
    that does not know it finishes no change until it does."""
    store = configured()
    of(alias_of(store)).prepare()
    row = {"phase": Phase.ALONE, "source": store, "target": "", "changed_at": now_us()}
    DocumentMove.objects.update_or_create(pk=1, defaults=row)
    return moving.ask()


def _refuse_unless_all_know(store: str) -> None:
    if unaware := [member.called for member in fleet() if store not in member.knows]:
        raise MoveError(f"Not told of {store}: {', '.join(unaware)}. Restart them with its address first.")


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
    rows = DocumentMove.objects.filter(changed_at=before.changed_at)
    rows = rows.filter(phase=before.phase, source=before.source, target=before.target)
    if not rows.update(phase=after.phase, source=after.source, target=after.target, changed_at=now_us()):
        raise MoveError("Somebody else has taken a step of this move meanwhile.")
    return moving.ask()


def _wait_until_heard() -> None:
    """Of the last step, by every reader."""
    time.sleep(HEARD_SECONDS)
