"""Which store of documents is read, and which are written, while documents move from one to another.

One row of SQL says it (`DocumentMove`), and everybody asks it. A reader may remember the answer for a second: what
was read until then stays written for longer than that. A writer asks *after* it has written, and what is missing then
it writes as well. So it does not matter when it began, or how long it stood still: if it has written the former store
alone, it has not asked yet; and if it dies before it asks, its row of the outbox is not done, and is sent again. No
change can be lost between two phases, and no clock has to be trusted for that.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

from scaling.replicas import primary

from .document_models import DocumentMove
from .store_names import alias_of, configured, known

REMEMBERED_SECONDS = 1.0

Phase = DocumentMove.Phase


@dataclass(frozen=True, slots=True)
class Standing:
    """Stores are named by where they are: `mongodb://host/name`, or SQL. `changed_at` is the moment of the last step,
    in microseconds since 1970: no two moves have the same."""

    phase: str
    source: str
    target: str = ""
    changed_at: int = field(default=0, compare=False)

    @property
    def read(self) -> str:
        return self.target if self.phase == Phase.SWITCHED else self.source

    @property
    def written(self) -> list[str]:
        """The one that is read first."""
        both = {Phase.ALONE: [self.source], Phase.BOTH: [self.source, self.target]}
        return both.get(Phase(self.phase), [self.target, self.source])


_seen: tuple[float, Standing] | None = None  # until when it is remembered, and what


def reads() -> str:
    """The alias of the store in service."""
    return alias_of(standing().read)


def writes() -> Iterator[str]:
    """The aliases of the stores that a writer has to write, the one in service first. Whoever asks for the next has
    written the one before, and committed. After the last it is asked, freshly, whether those were all."""
    written: set[str] = set()
    wanted = standing().written
    while missing := [store for store in wanted if store not in written]:
        for store in missing:
            yield alias_of(store)
        written.update(missing)
        wanted = ask().written


def standing() -> Standing:
    """As it was at most a second ago. A process that knows of one store need not ask which of them it reads."""
    if len(known()) == 1:
        return unmoved()
    if _seen is None or time.monotonic() >= _seen[0]:
        return _ask_whoever_answers()
    return _seen[1]


def ask() -> Standing:
    """As it is on the primary now."""
    return _told_by(_on_the_primary)


def forget() -> None:
    """What is remembered: whoever has changed it wants to see that."""
    global _seen
    _seen = None


def unmoved() -> Standing:
    """As the settings say, before anything was ever moved."""
    return Standing(Phase.ALONE, configured())


def note_first() -> None:
    """Where the documents are that were never moved: from then on other settings alone move nothing."""
    connection = connections[DEFAULT_DB_ALIAS]
    if DocumentMove._meta.db_table in connection.introspection.table_names():  # or a migration was taken back
        DocumentMove.objects.get_or_create(pk=1, defaults={"source": configured()})


def _ask_whoever_answers() -> Standing:
    """With the primary away a replica has heard of it; and with both away, what was so is so. Before the first
    migration nothing was moved."""
    for rows in (_on_the_primary, DocumentMove.objects.first):
        with suppress(DatabaseError, InterfaceError):
            return _told_by(rows)
    return _remember(_seen[1], time.monotonic()) if _seen else unmoved()


def _on_the_primary() -> DocumentMove | None:
    with primary():
        return DocumentMove.objects.first()


def _told_by(rows: Callable[[], DocumentMove | None]) -> Standing:
    """It was so when it was asked for: an answer that comes late is remembered for less."""
    asked_at = time.monotonic()
    row = rows()
    said = Standing(row.phase, row.source, row.target, row.changed_at) if row else unmoved()
    return _remember(said, asked_at)


def _remember(said: Standing, asked_at: float) -> Standing:
    global _seen
    _seen = asked_at + REMEMBERED_SECONDS, said
    return said
